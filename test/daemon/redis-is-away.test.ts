import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Daemon, eventually, freePort, listening, startDaemon } from '../support/daemon.ts';
import { redisServer, startRedis } from '../support/redis.ts';

let daemon: Daemon | undefined;
afterEach(async () => {
  daemon?.child.kill('SIGKILL');
  await daemon?.stop();
});

/** A daemon whose Redis has never been there, or is this one. */
async function start(state?: string): Promise<Daemon> {
  const [port, redisPort] = [await freePort(), await freePort()];
  daemon = startDaemon(`
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
state: ${state ?? `redis://127.0.0.1:${redisPort}`}
web: { enabled: false }
`);
  await listening(daemon);
  return daemon;
}

describe('while Redis is away from the start', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends the daemon in good order', async (signal) => {
    const { child, exit, log } = await start();
    child.kill(signal);
    expect(await Promise.race([exit, sleep(10_000, 'it goes on')]), log()).toBe(0);
    expect(log()).toContain('"stopped"');
  });

  it('the log says so, once', async () => {
    const { log } = await start();
    await eventually('a word about it', () => log().includes('Redis is away: hits are kept here'));
    // Several further tries to connect.
    await sleep(2_000);
    expect(log().split('Redis is away').length - 1).toBe(1);
    expect(log()).toContain('ECONNREFUSED');
  });
});

describe.runIf(redisServer !== undefined)('while Redis does not answer', () => {
  it.each([
    ['SIGTERM', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('%s ends the daemon in time, and %s after it at once', async (first, second) => {
    const redis = await startRedis();
    try {
      const { child, exit, log } = await start(redis.url);
      await eventually('its place among the nodes', () => log().includes('"nodes"'));
      redis.freeze();
      child.kill(first);
      await eventually('a word that it stops', () => log().includes('"stopping"'));
      child.kill(second);
      expect(await Promise.race([exit, sleep(2_000, 'it goes on')]), log()).toBe(null);
      expect(child.signalCode).toBe(second);
    } finally {
      await redis.stop();
    }
  });
});
