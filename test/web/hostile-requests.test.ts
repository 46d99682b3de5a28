import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/http.ts';
import { PageFixture } from '../support/page.ts';
import { officeRules } from '../support/page-story.ts';

let page: PageFixture;
beforeAll(async () => {
  page = new PageFixture(officeRules());
  await page.server.start();
});
afterAll(() => page.close());

/** The first line of the answer to these octets, and how long it took. */
function raw(octets: string, timeoutMs = 15_000): Promise<{ first: string; ms: number }> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(new URL(page.url).port), '127.0.0.1', () => socket.write(octets));
    const end = () => resolve({ first: text.split('\r\n', 1)[0]!, ms: performance.now() - startedMs });
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\r\n\r\n')) {
        socket.destroy();
        end();
      }
    });
    socket.on('close', end);
    socket.on('error', () => {});
    socket.setTimeout(timeoutMs, () => reject(new Error('no answer')));
  });
}

describe('W5: odd requests are answered with 4xx, quickly', () => {
  it.each([
    '/../../etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/vendor/..%2f..%2f..%2fpackage.json',
    '/vendor/../../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..\\..\\package.json',
    '//evil.test/',
    '//',
    '/%00',
    '/main.js%00.html',
    '/MAIN.JS',
    '/vendor/',
    '/.git/config',
    '/index.html',
    '/incidents/a/b',
    '/%ff%fe',
  ])('%s', async (path) => {
    const { status, body } = await ask(page.url, path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).not.toContain('root:');
    expect(body).not.toContain('knockwatch"');
  });

  it.each([
    '/api/incidents?severity=<script>alert(1)</script>',
    '/api/incidents?limit=100000',
    '/api/incidents?offset=-1',
    '/api/incidents?port=99999',
    '/api/incidents?sort=__proto__',
    '/api/incidents?__proto__[x]=1',
    `/api/incidents?text=${'a'.repeat(201)}`,
    '/api/traffic?hours=1e9',
    '/api/lines?after=NaN',
  ])('%s is refused with a reason', async (path) => {
    const { status, headers, body } = await ask(page.url, path);
    expect(status).toBe(400);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(body)).toHaveProperty('error');
  });

  it('an incident that is none, a source that is none', async () => {
    expect((await ask(page.url, '/api/incidents/%3Cscript%3E')).status).toBe(404);
    const { status, body } = await ask(page.url, `/api/sources/${encodeURIComponent('<img src=x>')}`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ kind: 'not an address', incidents: [], hits: [] });
  });

  it('a megabyte of address', async () => {
    const { first, ms } = await raw(`GET /${'a'.repeat(1 << 20)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect(first).toMatch(/^HTTP\/1\.1 (431|414)|^$/);
    expect(ms).toBeLessThan(3_000);
  });

  it('ten thousand headers', async () => {
    const headers = Array.from({ length: 10_000 }, (_, i) => `X-${i}: 1\r\n`).join('');
    const { first } = await raw(`GET / HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
    expect(first).toMatch(/^HTTP\/1\.1 431|^$/);
  });

  it('headers that come so slowly that they never end', async () => {
    const { first, ms } = await raw('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 19_000);
    expect(first).toMatch(/^HTTP\/1\.1 408|^$/);
    expect(ms).toBeLessThan(16_000);
  });

  it('what is no HTTP', async () => {
    for (const octets of [
      '\0\0\0\0',
      'GET / HTTP/9.9\r\n\r\n',
      '<190>1: %SEC-6-IPACCESSLOGP: list 101 denied\n\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    ]) {
      expect((await raw(octets)).first).toMatch(/^HTTP\/1\.1 4\d\d|^$/);
    }
    expect((await ask(page.url, '/healthz')).status).toBe(200);
  });
});

describe('W5: every answer carries the headers that keep it inert', () => {
  it.each([
    '/',
    '/main.js',
    '/page.css',
    '/icon.svg',
    '/api/overview',
    '/api/incidents?limit=0',
    '/nowhere',
    '/metrics',
    '/healthz',
  ])('%s', async (path) => {
    const { headers } = await ask(page.url, path);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|data:|\*|http/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['server']).toBeUndefined();
  });

  it('the page has nothing inline and loads nothing from elsewhere', async () => {
    const { body } = await ask(page.url, '/');
    expect(body).not.toMatch(/<script(?![^>]* src="\/)|<style|style=|\son\w+=|https?:|\/\/[a-z]/);
  });

  it('pages are asked for again, and answered with 304 when they are the same', async () => {
    const { headers } = await ask(page.url, '/main.js');
    expect(headers['cache-control']).toBe('no-cache');
    expect(
      (await ask(page.url, '/main.js', { headers: { 'if-none-match': String(headers.etag) } })).status,
    ).toBe(304);
  });
});

describe('W6: metrics', () => {
  it('host names from lines are no labels, however many there are and whatever is in them', async () => {
    for (let i = 0; i < 2_000; i++)
      page.line(`<13>1 - evil"${i}\\host app - - - hello`, `198.51.100.${i % 250}`);
    const { headers, body } = await ask(page.url, '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=/);
    expect(body).not.toContain('evil');
    expect(body.length).toBeLessThan(20_000);
  });
});
