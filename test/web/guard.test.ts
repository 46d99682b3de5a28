import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLoopback, refuseOpenBind } from '../../src/web/guard.ts';
import { ask } from '../support/http.ts';
import { PageFixture } from '../support/page.ts';
import { officeRules } from '../support/page-story.ts';

const TOKEN = 'correct-horse-battery-staple';

describe('W1: an address others can reach needs a token', () => {
  it.each(['0.0.0.0', '::', '192.0.2.5', '2001:db8::5', 'collector.example.net', ''])(
    'refuses %j without one',
    (host) => {
      expect(() => refuseOpenBind({ host })).toThrow(/token is needed: set KNOCKWATCH_WEB_TOKEN/);
      expect(() => refuseOpenBind({ host, token: TOKEN })).not.toThrow();
    },
  );

  it.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost', '::ffff:127.0.0.1'])(
    '%s is this machine alone',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );

  it('refuses before anything is opened', () => {
    expect(() => new PageFixture(officeRules(), { host: '0.0.0.0' })).toThrow(/0\.0\.0\.0/);
  });
});

describe('W1: with a token', () => {
  let page: PageFixture;
  beforeAll(async () => {
    page = new PageFixture(officeRules(), { token: TOKEN });
    await page.server.start();
  });
  afterAll(() => page.close());
  const basic = (password: string) => `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;

  it.each([
    ['no header', {}],
    ['another token', { authorization: 'Bearer incorrect-horse-battery-staple' }],
    ['a token that is a part of it', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['another password', { authorization: basic('secret') }],
    ['another scheme', { authorization: `Digest ${TOKEN}` }],
    ['no scheme', { authorization: TOKEN }],
  ])('%s is answered with 401 everywhere', async (_, headers) => {
    for (const path of ['/', '/main.js', '/api/overview', '/api/live', '/metrics', '/nowhere']) {
      const { status, body } = await ask(page.url, path, { headers: headers as Record<string, string> });
      expect(`${path} ${status}`).toBe(`${path} 401`);
      expect(body).toBe('A token is needed: any user name, and the token as the password.\n');
    }
  });

  it('asks browsers for it, and takes it as a password or as a bearer token', async () => {
    const { headers } = await ask(page.url, '/');
    expect(headers['www-authenticate']).toMatch(/^Basic realm="knockwatch"/);
    for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, basic(TOKEN)]) {
      expect((await ask(page.url, '/api/overview', { headers: { authorization } })).status).toBe(200);
    }
  });

  it('health needs none and tells nothing', async () => {
    expect(await ask(page.url, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask(page.url, '/readyz')).toMatchObject({ status: 200, body: 'ready\n' });
  });

  it('sets no cookie and says the token nowhere', async () => {
    const { headers, body } = await ask(page.url, '/api/status', {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(headers['set-cookie']).toBeUndefined();
    expect(body).not.toContain(TOKEN);
  });
});

describe('without a token', () => {
  let page: PageFixture;
  beforeAll(async () => {
    page = new PageFixture(officeRules(), { allowedHosts: ['kw.example.net'] });
    await page.server.start();
  });
  afterAll(() => page.close());

  it.each([
    'evil.test',
    '192.0.2.66',
    '127.0.0.1.evil.test',
    'localhost.evil.test',
    '[::1]',
    '127.0.0.2',
    '0x7f000001',
    'evil.test:8514',
  ])('W2: Host %j is refused (DNS rebinding)', async (host) => {
    const { status } = await ask(page.url, '/api/overview', { headers: { host } });
    expect(status).toBe(421);
  });

  it('W2: no Host at all is refused, and what is no name', async () => {
    expect((await ask(page.url, '/api/overview', { setHost: false })).status).toBe(400);
    for (const host of [' ', 'localhost, evil.test', 'localhost@evil.test', 'localhost/evil.test']) {
      expect((await ask(page.url, '/api/overview', { headers: { host } })).status).toBeGreaterThanOrEqual(
        400,
      );
    }
  });

  it.each([
    'localhost',
    'LOCALHOST:8514',
    '127.0.0.1',
    '127.0.0.1:1',
    'kw.example.net',
    'KW.example.net:443',
  ])('Host %s is ours', async (host) => {
    expect((await ask(page.url, '/api/overview', { headers: { host } })).status).toBe(200);
  });

  it.each([
    ['POST', { origin: 'http://evil.test' }],
    ['PUT', { origin: 'null' }],
    ['POST', { origin: 'http://evil.test', cookie: 'a=b', 'content-type': 'text/plain' }],
    ['GET', { origin: 'http://evil.test' }],
    ['GET', { origin: 'null' }],
    ['GET', { 'sec-fetch-site': 'cross-site' }],
  ])('W3: %s from another site (%j) is refused', async (method, headers) => {
    for (const path of ['/', '/api/overview', '/api/live']) {
      const { status, headers: answer } = await ask(page.url, path, {
        method,
        headers: headers as Record<string, string>,
      });
      expect(`${path} ${status}`).toBe(`${path} 403`);
      expect(answer['access-control-allow-origin']).toBeUndefined();
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'W3: %s changes nothing, since nothing can be changed',
    async (method) => {
      expect((await ask(page.url, '/api/overview', { method })).status).toBe(405);
    },
  );

  it('its own origin is let in, with another scheme too (a TLS proxy in front)', async () => {
    for (const scheme of ['http', 'https']) {
      const headers = {
        host: 'kw.example.net',
        origin: `${scheme}://kw.example.net`,
        'sec-fetch-site': 'same-origin',
      };
      expect((await ask(page.url, '/api/overview', { headers })).status).toBe(200);
    }
  });

  it('counts what it refused', () => {
    expect(new Set(page.refused)).toEqual(new Set(['host', 'origin', 'method']));
  });
});
