import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Notifier } from '../../src/notify/notifier.ts';
import type { WebhookOptions } from '../../src/notify/options.ts';
import { WebhookChannel } from '../../src/notify/webhook.ts';
import { alertAbout } from '../support/alert-with-incident.ts';
import { FakeChannel } from '../support/fake-channel.ts';
import { alert, context, incident, T0 } from '../support/notify.ts';

const NEVER = new AbortController().signal;
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A service on loopback; gives the address of a hook there. */
async function service(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/T0SECRET`;
}

function channel(url: string, more: Partial<WebhookOptions> = {}): WebhookChannel {
  return new WebhookChannel({ kind: 'webhook', name: 'chat', url, timeoutMs: 500, ...more }, () => T0);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('WebhookChannel refuses an address that makes no sense, and does not repeat it', () => {
  it.each([
    ['no address', 'hooks.example.net/T0SECRET'],
    ['a file', 'file:///etc/T0SECRET'],
    ['a password in it', 'https://joe:T0SECRET@chat.example.net/'],
  ])('%s', (_, url) => {
    expect(() => channel(url)).toThrow(/channel chat: url/);
    expect(() => channel(url)).not.toThrow(/T0SECRET/);
  });

  it('ntfy without a topic', () => {
    expect(() => channel('https://ntfy.example.net/', { form: 'ntfy' })).toThrow('topic');
  });
});

describe('WebhookChannel', () => {
  it('posts the alert in ECS names and takes 2xx as delivered', async () => {
    let seen: { method?: string | undefined; headers: IncomingMessage['headers']; body: string } | undefined;
    const url = await service(async (request, response) => {
      seen = { method: request.method, headers: request.headers, body: await bodyOf(request) };
      response.writeHead(202).end('queued\nthere');
    });
    expect(await channel(url, { token: 'tk1' }).send(alertAbout(), NEVER)).toEqual({
      ok: true,
      because: 'HTTP 202: queued there',
    });
    expect(seen).toMatchObject({
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'knockwatch',
        authorization: 'Bearer tk1',
      },
    });
    expect(seen!.headers['webhook-signature']).toBeUndefined();
    expect(JSON.parse(seen!.body)).toMatchObject({
      '@timestamp': '2026-01-24T17:47:46.000Z',
      message: '[knockwatch] Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s',
      event: { kind: 'alert', id: 'k7f2.first', reason: 'first-sight', severity: 2, action: 'address-scan' },
      rule: { id: 'classic-probe' },
      source: { ip: ['198.51.100.7'] },
      destination: { ip: ['192.0.2.10', '192.0.2.53', '203.0.113.3'], port: [143] },
      knockwatch: { incident: { id: ['k7f2'], hosts: 3, overflow: 0, count: 3 }, severity: 'high' },
    });
  });

  it('signs id, time and body, so that the other side knows who sent it', async () => {
    const seen: { headers: IncomingMessage['headers']; body: string }[] = [];
    const url = await service(async (request, response) => {
      seen.push({ headers: request.headers, body: await bodyOf(request) });
      response.end();
    });
    const raw = Buffer.from('a shared secret');
    await channel(url, { secret: 'a shared secret' }).send(alert(), NEVER);
    await channel(url, { secret: `whsec_${raw.toString('base64')}` }).send(alert(), NEVER);
    for (const { headers, body } of seen) {
      expect(headers).toMatchObject({ 'webhook-id': 'k7f2.first', 'webhook-timestamp': String(T0 / 1000) });
      const expected = createHmac('sha256', raw)
        .update(`k7f2.first.${T0 / 1000}.${body}`)
        .digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    }
    expect(seen).toHaveLength(2);
  });

  it.each([
    [500, true],
    [503, true],
    [429, true],
    [408, true],
    [400, false],
    [401, false],
    [404, false],
    [410, false],
  ])('takes HTTP %i as retry %s', async (status, retry) => {
    const url = await service((_, response) => response.writeHead(status).end('because'));
    expect(await channel(url).send(alert(), NEVER)).toEqual({
      ok: false,
      retry,
      because: `HTTP ${status}: because`,
    });
  });

  it('tells no secret that the other side repeats', async () => {
    const url = await service((request, response) =>
      response.writeHead(403).end(`${request.url} ${request.headers.authorization} s3cret \x1b[2J`),
    );
    const { because } = await channel(url, { token: 'tk1', secret: 's3cret' }).send(alert(), NEVER);
    expect(because).toBe('HTTP 403: [secret] Bearer [secret] [secret] \\x1b[2J');
  });

  it('stops when it is told to', async () => {
    const url = await service(() => {});
    const patience = new AbortController();
    const sent = channel(url, { timeoutMs: 60_000 }).send(alert(), patience.signal);
    setTimeout(() => patience.abort(), 50);
    expect(await sent).toMatchObject({ ok: false, retry: true });
  });
});

describe('X3: a webhook that', () => {
  it('hangs is given up and tried again', async () => {
    const url = await service(() => {});
    expect(await channel(url, { timeoutMs: 200 }).send(alert(), NEVER)).toEqual({
      ok: false,
      retry: true,
      because: `${new URL(url).origin}: no answer within 0.2 s`,
    });
  });

  it('answers one octet a second is given up', async () => {
    const url = await service((request) => {
      const timer = setInterval(() => request.socket.write('H'), 100);
      request.socket.on('close', () => clearInterval(timer));
    });
    const before = performance.now();
    expect(await channel(url, { timeoutMs: 400 }).send(alert(), NEVER)).toMatchObject({
      ok: false,
      retry: true,
    });
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  it('takes the alert and then trickles has taken it', async () => {
    const url = await service((_, response) => {
      const timer = setInterval(() => response.write('x'), 100);
      response.on('close', () => clearInterval(timer));
    });
    expect(await channel(url, { timeoutMs: 400 }).send(alert(), NEVER)).toMatchObject({ ok: true });
  });

  it('sends a body without end is read for 64 KiB', async () => {
    let sent = 0;
    const url = await service((_, response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const pump = () => {
        while (!response.destroyed && sent < 1_000 * chunk.length) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', pump);
        }
      };
      pump();
    });
    const result = await channel(url, { timeoutMs: 5_000 }).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: true });
    expect(result.because.length).toBeLessThanOrEqual(310);
    expect(sent).toBeLessThan(100 * 65_536);
  });

  it.each(['file:///etc/passwd', 'http://169.254.169.254/latest/', '/elsewhere'])(
    'redirects to %s is not followed',
    async (location) => {
      let requests = 0;
      const url = await service((_, response) => {
        requests++;
        response.writeHead(301, { location }).end();
      });
      expect(await channel(url).send(alert(), NEVER)).toEqual({
        ok: false,
        retry: false,
        because: 'HTTP 301, a redirect, is not followed',
      });
      expect(requests).toBe(1);
    },
  );

  it('has a certificate nobody signed is not told anything', async () => {
    const tls = (name: string) => readFileSync(join(import.meta.dirname, '../support/tls', name));
    let requests = 0;
    const server = createTlsServer(
      { cert: tls('localhost.cert.pem'), key: tls('localhost.key.pem') },
      () => requests++,
    ).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const result = await channel(`https://localhost:${port}/`).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toMatch(/certificate/);
    expect(requests).toBe(0);
  });

  it('is not there is tried again', async () => {
    const url = await service(() => {});
    servers[0]!.close();
    servers[0]!.closeAllConnections();
    const result = await channel(url).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('ECONNREFUSED');
    expect(result.because).not.toContain('T0SECRET');
  });

  it('hangs keeps no mail waiting', async () => {
    const url = await service(() => {});
    const mail = new FakeChannel('mail');
    const hook = channel(url, { timeoutMs: 60_000 });
    const { decision: _, zone, hostName, serviceName, ...about } = context();
    const notifier = new Notifier({ channels: [hook, mail], site: { zone, hostName, serviceName } });
    await notifier.handle(incident(), 'settled', { context: () => about }, T0 + 10_000);
    await expect.poll(() => mail.ids).toEqual(['k7f2.first']);
    expect(mail.given[0]!.incident).toMatchObject({ id: 'k7f2', hostCount: 3 });
    await notifier.close(50);
  });
});
