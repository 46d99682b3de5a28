import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../support/http.ts';
import { PageFixture } from '../support/page.ts';
import { officeRules } from '../support/page-story.ts';

let page: PageFixture | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await page?.close();
});

/** A client of the feed on a bare socket, which reads or does not. */
function join({ reads }: { reads: boolean }): Promise<{ socket: Socket; text: () => string }> {
  const { port } = new URL(page!.url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write('GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
      if (!reads) socket.pause();
      resolve({ socket, text: () => text });
    });
    socket.on('error', reject);
    if (reads) socket.on('data', (chunk) => (text += chunk));
    sockets.push(socket);
  });
}

async function until(condition: () => boolean, ms = 8_000): Promise<void> {
  for (const end = Date.now() + ms; !condition(); ) {
    if (Date.now() > end) throw new Error('it did not come to pass in time');
    await sleep(20);
  }
}

describe('W4: the live feed', () => {
  it('sends the state at once, then what is new', async () => {
    page = new PageFixture(officeRules());
    await page.server.start();
    const { text } = await join({ reads: true });
    await until(() => text().includes('event: now'));
    expect(text()).toContain('text/event-stream');
    page.line(
      '<190>1: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet',
    );
    await until(() => text().includes('198.51.100.7(31337)'));
    // Each line is sent once.
    await until(() => text().split('event: now').length > 4);
    expect(text().split('198.51.100.7(31337)')).toHaveLength(2);
  });

  it('refuses one client too many with 429, and lets another in once one has gone', async () => {
    page = new PageFixture(officeRules(), { live: { maxClients: 20, maxPerAddress: 5 } });
    await page.server.start();
    const clients = await Promise.all(Array.from({ length: 5 }, () => join({ reads: true })));
    await until(() => page!.server.clients === 5);
    expect(await ask(page.url, '/api/live')).toMatchObject({ status: 429 });
    expect(page.dropped).toEqual(['full']);
    clients[0]!.socket.destroy();
    await until(() => page!.server.clients === 4);
    await join({ reads: true });
    await until(() => page!.server.clients === 5);
  });

  it('a connection that asks many times takes one seat, and gives it back', async () => {
    page = new PageFixture(officeRules());
    await page.server.start();
    const socket = connect(Number(new URL(page.url).port), '127.0.0.1', () =>
      socket.write('GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(40)),
    );
    sockets.push(socket);
    await until(() => page!.server.clients > 0);
    await sleep(100);
    expect(page.server.clients).toBe(1);
    socket.destroy();
    await until(() => page!.server.clients === 0);
  });

  it('a thousand clients leave the daemon as it was', async () => {
    page = new PageFixture(officeRules(), { live: { maxClients: 8, maxPerAddress: 8 } });
    await page.server.start();
    for (let i = 0; i < 1_000; i++) await join({ reads: true }).catch(() => {});
    await until(() => page!.server.clients === 8);
    expect(page.server.clients).toBe(8);
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(() => page!.server.clients === 0);
    expect((await ask(page.url, '/healthz')).status).toBe(200);
  });

  it('drops a client that never reads, and the others do not notice', async () => {
    page = new PageFixture(officeRules(), { live: { maxBehindBytes: 20_000, everyMs: 5 } });
    await page.server.start();
    const deaf = await join({ reads: false });
    const good = await join({ reads: true });
    await until(() => page!.server.clients === 2);
    // Each event carries new lines, so that the sockets' buffers fill up soon.
    let atMs = Date.now();
    const flood = setInterval(() => {
      for (let i = 0; i < 100; i++) {
        atMs += 100;
        page!.line(`<13>${'x'.repeat(1_000)}`, '192.0.2.1', atMs);
      }
    }, 5);
    await until(() => page!.dropped.includes('slow'), 30_000).finally(() => clearInterval(flood));
    expect(page.server.clients).toBe(1);
    expect(good.socket.destroyed).toBe(false);
    deaf.socket.resume();
    await until(() => deaf.socket.destroyed);
    expect((await ask(page.url, '/healthz')).status).toBe(200);
  }, 40_000);

  it('ends with the server', async () => {
    page = new PageFixture(officeRules());
    await page.server.start();
    const { socket } = await join({ reads: true });
    await until(() => page!.server.clients === 1);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await page.server.stop();
    await closed;
  });
});
