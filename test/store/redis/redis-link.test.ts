import { afterEach, describe, expect, it } from 'vitest';
import { parseState, RedisLink, type RedisLinkOptions } from '../../../src/store/redis/redis-link.ts';
import { eventually, freePort } from '../../support/daemon.ts';
import { redisServer, startRedis, type TestRedisOptions } from '../../support/redis.ts';
import { elsewhereCert, localhostCert } from '../../support/smtp.ts';

const SECRET = 'correct-horse-battery-staple';

describe('parseState', () => {
  it.each([
    ['redis://redis.example.net', { nodes: [{ host: 'redis.example.net', port: 6379 }], tls: false, db: 0 }],
    ['rediss://[2001:db8::1]:7000/3', { nodes: [{ host: '2001:db8::1', port: 7000 }], tls: true, db: 3 }],
    [
      'redis://kw:p%40ss@192.0.2.1,redis://192.0.2.2:6380',
      {
        nodes: [
          { host: '192.0.2.1', port: 6379 },
          { host: '192.0.2.2', port: 6380 },
        ],
        tls: false,
        db: 0,
        username: 'kw',
        password: 'p@ss',
      },
    ],
  ])('reads %s', (state, address) => {
    expect(parseState(state)).toEqual(address);
  });

  it.each([
    `http://kw:${SECRET}@192.0.2.1`,
    `redis://kw:${SECRET}@`,
    `redis://kw:${SECRET}@192.0.2.1/x`,
    `redis://kw:${SECRET}@192.0.2.1/1,redis://192.0.2.2/1`,
    `redis://kw:${SECRET}@192.0.2.1,rediss://192.0.2.2`,
    `redis://kw:%${SECRET}@192.0.2.1`,
  ])('refuses %s, and does not repeat the password', (state) => {
    let message = 'nothing was thrown';
    try {
      parseState(state);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^state: /);
    expect(message).not.toContain(SECRET);
  });
});

describe.runIf(redisServer !== undefined)('a connection to Redis', () => {
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of cleanUp.splice(0).reverse()) await undo();
  });

  async function linked(server: TestRedisOptions, options: (port: number) => RedisLinkOptions) {
    const redis = await startRedis(server);
    cleanUp.push(() => redis.stop());
    const heard: (string | undefined)[] = [];
    const link = new RedisLink({ ...options(redis.port), onChange: (away) => heard.push(away) });
    cleanUp.push(() => link.close());
    return { link, heard, redis };
  }
  /** Why it can not be used, once that is known. */
  const reason = (link: RedisLink) =>
    eventually('a reason', () => link.away !== undefined && link.away !== 'not connected yet' && link.away);
  const ready = (link: RedisLink) => eventually('the connection', () => link.away === undefined);

  it('takes the password from the address or from beside it', async () => {
    const { link, redis } = await linked({ password: SECRET }, (port) => ({
      state: `redis://:${SECRET}@127.0.0.1:${port}`,
    }));
    await ready(link);
    const other = new RedisLink({ state: `redis://127.0.0.1:${redis.port}`, password: SECRET });
    cleanUp.push(() => other.close());
    await ready(other);
    expect(await other.client.ping()).toBe('PONG');
  });

  it.each([
    ['a wrong password', 'wrong-password-of-this-test', /WRONGPASS/],
    ['no password', undefined, /NOAUTH/],
  ])('says that Redis refuses %s, without repeating it', async (_, password, wanted) => {
    const { link, heard } = await linked({ password: SECRET }, (port) => ({
      state: `redis://127.0.0.1:${port}`,
      ...(password === undefined ? {} : { password }),
    }));
    expect(await reason(link)).toMatch(wanted);
    expect(heard).not.toContain(undefined);
    expect(link.away).not.toContain('wrong-password');
  });

  it('says that nobody is there, and notices when somebody is', async () => {
    const port = await freePort();
    const heard: (string | undefined)[] = [];
    const link = new RedisLink({
      state: `redis://127.0.0.1:${port}`,
      onChange: (away) => heard.push(away),
    });
    cleanUp.push(() => link.close());
    expect(await reason(link)).toContain('ECONNREFUSED');
    await expect(link.client.ping()).rejects.toThrow();
    const redis = await startRedis({ port });
    cleanUp.push(() => redis.stop());
    await ready(link);
    expect(heard).toEqual([expect.stringContaining('ECONNREFUSED'), undefined]);
  });

  describe('with TLS', () => {
    const tls = (port: number) => [
      ...['--tls-port', `${port}`, '--tls-auth-clients', 'no'],
      ...['cert', 'key'].flatMap((what) => [
        `--tls-${what}-file`,
        new URL(`../../support/tls/localhost.${what}.pem`, import.meta.url).pathname,
      ]),
    ];

    it('trusts the authority it is given, and no other', async () => {
      const port = await freePort();
      const { link } = await linked({ more: tls(port) }, () => ({
        state: `rediss://127.0.0.1:${port}`,
        ca: localhostCert,
      }));
      await ready(link);
      expect(await link.client.ping()).toBe('PONG');
      for (const ca of [{}, { ca: elsewhereCert }]) {
        const other = new RedisLink({ state: `rediss://127.0.0.1:${port}`, ...ca });
        cleanUp.push(() => other.close());
        expect(await reason(other)).toMatch(/self-signed|unable to verify/);
      }
    });
  });
});
