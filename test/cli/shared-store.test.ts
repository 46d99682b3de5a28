import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisDeliveries } from '../../src/store/redis/redis-deliveries.ts';
import { RedisHeld } from '../../src/store/redis/redis-held.ts';
import { RedisIncidents } from '../../src/store/redis/redis-incidents.ts';
import type { RedisLink } from '../../src/store/redis/redis-link.ts';
import { RedisOutbox } from '../../src/store/redis/redis-outbox.ts';
import { incident } from '../store/incident-samples.ts';
import { runForTest } from '../support/cli.ts';
import { freePort } from '../support/daemon.ts';
import { alert } from '../support/notify.ts';
import { empty, linkTo, redisServer, startRedis, type TestRedis } from '../support/redis.ts';

const SECRET = 'correct-horse-battery-staple';

describe.runIf(redisServer !== undefined)('verbs on a shared state', () => {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-verbs-'));
  let redis: TestRedis;
  let link: RedisLink;
  beforeAll(async () => {
    redis = await startRedis({ password: SECRET });
    link = await linkTo(`redis://:${SECRET}@127.0.0.1:${redis.port}`);
  });
  beforeEach(() => empty(link));
  afterAll(async () => {
    link?.close();
    await redis?.stop();
    rmSync(dir, { recursive: true });
  });

  const run = (args: readonly string[], port = redis.port, password = SECRET) => {
    const file = join(dir, 'knockwatch.yaml');
    writeFileSync(file, `state: "redis://127.0.0.1:${port}"\nredis: { passwordFile: secret }\n`);
    writeFileSync(join(dir, 'secret'), `${password}\n`);
    return runForTest(['--config', file, ...args], {});
  };

  it('incidents lists those of all nodes, and shows one with who was told', async () => {
    await new RedisIncidents(link).save([
      incident('aaaaaaaaaaaa', { severity: 'low' }),
      incident('bbbbbbbbbbbb', { state: 'closed' }),
    ]);
    const outbox = new RedisOutbox(link, { node: 'n1' });
    await outbox.put(alert({ id: 'aaaaaaaaaaaa.first' }), 'ops', 1);
    await new RedisDeliveries(link).record(
      {
        alertId: 'bbbbbbbbbbbb.first',
        channel: 'ops',
        attempt: 1,
        outcome: 'delivered',
        because: '250 queued',
      },
      2,
    );
    await new RedisHeld(link, 'n1').note('ops', 'aaaaaaaaaaaa', '{}');
    const all = await run(['incidents']);
    expect(all).toMatchObject({ exitCode: 0, stderr: '2 of 2 incidents\n' });
    expect(all.stdout).toMatch(/aaaaaaaaaaaa[\s\S]*bbbbbbbbbbbb/);
    expect((await run(['incidents', '--open'])).stderr).toBe('1 of 1 incident\n');
    const told = JSON.parse((await run(['incidents', 'bbbbbbbbbbbb', '--json'])).stdout);
    expect(told).toMatchObject({ deliveries: [{ outcome: 'delivered' }], waiting: [] });
    expect(JSON.parse((await run(['incidents', 'aaaaaaaaaaaa', '--json'])).stdout)).toMatchObject({
      deliveries: [],
      waiting: [{ alert: 'aaaaaaaaaaaa.first', channel: 'ops' }],
      inDigest: ['ops'],
    });
  });

  it('outbox lists what waits and what was given up, and lets that wait again', async () => {
    const outbox = new RedisOutbox(link, { node: 'n1' });
    for (const id of ['a.first', 'b.first']) await outbox.put(alert({ id }), 'ops', 1);
    await outbox.due('ops', 2);
    await outbox.dead('a.first', 'ops', 'no such user');
    expect((await run(['outbox'])).stdout).toMatch(/b\.first +ops +waiting[\s\S]*a\.first +ops +given up/);
    expect(await run(['outbox', '--retry', 'b.first'])).toMatchObject({ exitCode: 1 });
    expect((await run(['outbox', '--retry'])).stdout).toBe(
      '1 alert waits again; any node that runs tries them within seconds\n',
    );
    expect(await outbox.deadLetters()).toEqual([]);
  });

  it('report writes about an incident of any node', async () => {
    await new RedisIncidents(link).save([incident('aaaaaaaaaaaa')]);
    const { exitCode, stdout } = await run(['report', '198.51.100.7', '--form', 'complaint']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('198.51.100.7');
  });

  it('says that Redis is away or refuses, with exit code 1 and no password', async () => {
    const port = await freePort();
    const away = await run(['incidents'], port);
    expect(away).toMatchObject({ exitCode: 1, stdout: '' });
    expect(away.stderr).toContain(`redis://127.0.0.1:${port}: `);
    const refused = await run(['outbox'], redis.port, 'another-password-of-this-test');
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toContain('WRONGPASS');
    expect(away.stderr + refused.stderr).not.toMatch(/correct-horse|another-password/);
  }, 30_000);

  it('names a password file that is not there', async () => {
    const file = join(dir, 'other.yaml');
    writeFileSync(file, `state: "redis://127.0.0.1:${redis.port}"\nredis: { passwordFile: nowhere }\n`);
    const { exitCode, stderr } = await runForTest(['--config', file, 'incidents'], {});
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('redis.passwordFile: ENOENT'),
    });
  });

  it.each([`redis:/kw:${SECRET}@`, `http://kw:${SECRET}@192.0.2.1`, `redis://kw:${SECRET}@192.0.2.1:99999`])(
    'refuses KNOCKWATCH_REDIS_URL=%s without repeating the password',
    async (url) => {
      for (const verb of ['incidents', 'run']) {
        const env = { KNOCKWATCH_REDIS_URL: url, KNOCKWATCH_STATE_DIR: mkdtempSync(join(dir, 'var-')) };
        const { exitCode, stdout, stderr } = await runForTest([verb], env);
        expect(exitCode).toBeGreaterThan(0);
        expect(stderr).toMatch(/state: /);
        expect(stdout + stderr).not.toContain(SECRET);
      }
    },
  );
});
