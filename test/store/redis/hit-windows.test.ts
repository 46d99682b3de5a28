import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HitWindows, type HitWindowsOptions, type OfferedHit } from '../../../src/store/redis/hit-windows.ts';
import { partitionKeys } from '../../../src/store/redis/keys.ts';
import { PartitionStore } from '../../../src/store/redis/partition-store.ts';
import type { RedisLink } from '../../../src/store/redis/redis-link.ts';
import { empty, linkTo, redisServer, startCluster, startRedis } from '../../support/redis.ts';
import { windowsConformance } from '../../support/windows.conformance.ts';

const START = 1_700_000_000_000;

function offered(
  value: string,
  second: number,
  changes: Partial<OfferedHit['conditions'][number]> = {},
): OfferedHit {
  const condition = {
    key: 'r/k',
    story: 'r/s',
    count: 'distinct',
    value,
    weight: 1,
    threshold: 3,
    withinMs: 60_000,
    followMs: 3_600_000,
    ...changes,
  } as const;
  return { payload: `${value}@${second}`, atMs: START + second * 1_000, conditions: [condition] };
}

describe.runIf(redisServer !== undefined)('a flood of sources', () => {
  it('costs windows and nothing else where memory is bounded by volatile-ttl', async () => {
    const server = await startRedis({ more: ['--maxmemory', '8mb', '--maxmemory-policy', 'volatile-ttl'] });
    const link = await linkTo(server.url);
    try {
      const under = new HitWindows(link);
      const store = new PartitionStore(link, 3);
      const lease = await store.acquire('n1', 60_000);
      await under.offer(3, 'n1', 1, [offered('a', 0), offered('b', 1), offered('c', 2)]);
      for (let batch = 2; batch < 120; batch++) {
        const sources = Array.from({ length: 256 }, (_, i) => `${batch}-${i}`);
        const flood = sources.map((name) => offered(name, 3, { key: `r/${name}`, story: `r/${name}` }));
        await under.offer(3, 'n1', batch, flood);
      }
      expect(await link.evictionPolicy()).toBe('volatile-ttl');
      expect(/evicted_keys:(\d+)/.exec(await link.client.info('stats'))![1]).not.toBe('0');
      expect((await store.read('0-0')).hits.map(({ payload }) => payload)).toEqual(['a@0', 'b@1', 'c@2']);
      expect(await store.renew(lease!, 60_000)).toBe(true);
    } finally {
      link.close();
      await server.stop();
    }
  });
});

describe.runIf(redisServer !== undefined).each([
  ['one Redis', startRedis],
  ['a Cluster of three', startCluster],
] as const)('windows on %s', (_, start) => {
  let server: { readonly url: string; stop(): Promise<void> };
  let link: RedisLink;
  let batch = 0;
  beforeAll(async () => {
    server = await start();
    link = await linkTo(server.url);
  }, 60_000);
  afterAll(async () => {
    link?.close();
    await server?.stop();
  });
  beforeEach(() => empty(link));

  const handed = async (partition: number, from = '-') => {
    const rows = await link.client.xrange(partitionKeys(partition).hits, from, '+');
    return rows.map(([id, fields]) => ({ id, payload: fields[1]! }));
  };
  const payloads = async (partition = 3) => (await handed(partition)).map(({ payload }) => payload);
  const windows = (options?: HitWindowsOptions) => new HitWindows(link, options);

  windowsConformance(
    'HitWindows',
    async (spec) => {
      await empty(link);
      const under = windows();
      let last = '-';
      return {
        async add({ name, key, value, atMs, weight = 1 }) {
          const condition = {
            ...spec,
            key,
            story: `s/${key}`,
            value: `${value}${spec.count === 'sum' ? name : ''}`,
            weight,
            followMs: 3_600_000,
          };
          await under.offer(5, 'n1', ++batch, [{ payload: name, atMs, conditions: [condition] }]);
          const rows = await handed(5, last === '-' ? '-' : `(${last}`);
          last = rows.at(-1)?.id ?? last;
          return rows.map(({ payload }) => payload);
        },
      };
    },
    20,
  );

  it('takes a batch once, however often it is sent', async () => {
    const under = windows();
    const hits = [offered('a', 0), offered('b', 1), offered('c', 2)];
    expect(await under.offer(3, 'n1', 1, hits)).toEqual({ fresh: true, handed: 3, cut: 0, refused: 0 });
    expect(await under.offer(3, 'n1', 1, hits)).toEqual({ fresh: false, handed: 0, cut: 0, refused: 0 });
    expect(await under.offer(3, 'n2', 1, [offered('d', 3)])).toMatchObject({ fresh: true, handed: 1 });
    expect(await payloads()).toEqual(['a@0', 'b@1', 'c@2', 'd@3']);
  });

  it('crosses however the hits of several nodes are mixed up', async () => {
    const under = windows();
    await under.offer(3, 'n1', 1, [offered('c', 90), offered('a', 1)]);
    expect(await payloads()).toEqual([]);
    // Only 1, 2 and 3 lie within a minute; the node that saw 2 and 3 comes last.
    await under.offer(3, 'n2', 1, [offered('b', 2), offered('d', 3)]);
    expect((await payloads()).sort()).toEqual(expect.arrayContaining(['a@1', 'b@2', 'd@3']));
  });

  it('follows a story: what does not count for its condition, and other windows of it, are handed over too', async () => {
    const under = windows();
    await under.offer(3, 'n1', 1, [offered('a', 0), offered('b', 1), offered('c', 2)]);
    await under.offer(3, 'n1', 2, [offered('x', 3, { key: 'r/other' }), offered('y', 4, { count: 'none' })]);
    await under.offer(3, 'n1', 3, [offered('z', 5, { story: 'r/another', key: 'r/another' })]);
    expect((await payloads()).slice(3)).toEqual(['x@3', 'y@4']);
  });

  it('a hit that counts for nothing and belongs to no story goes nowhere', async () => {
    await windows().offer(3, 'n1', 1, [offered('a', 0, { count: 'none' })]);
    expect(await link.client.exists(partitionKeys(3).hits)).toBe(0);
  });

  it('hands over a hit that waits for two conditions with whichever is met first', async () => {
    const under = windows();
    const both = (value: string, second: number): OfferedHit => ({
      ...offered(value, second),
      conditions: [
        ...offered(value, second, { key: 'r/1', story: 'r/1', threshold: 2 }).conditions,
        ...offered(value, second, { key: 'r/2', story: 'r/2' }).conditions,
      ],
    });
    await under.offer(3, 'n1', 1, [both('a', 0), both('b', 1)]);
    expect(await payloads()).toEqual(['a@0', 'b@1']);
  });

  it('keeps what waits in bounds and says so', async () => {
    const under = windows({ maxWaiting: 3 });
    const many = Array.from({ length: 5 }, (_, i) => offered('a', i));
    expect(await under.offer(3, 'n1', 1, many)).toEqual({ fresh: true, handed: 0, cut: 2, refused: 0 });
    await under.offer(3, 'n1', 2, [offered('b', 6), offered('c', 7)]);
    expect(await payloads()).toEqual(['a@3', 'a@4', 'b@6', 'c@7']);
  });

  it('keeps as many as its threshold asks for', async () => {
    const under = windows({ maxWaiting: 3 });
    const many = Array.from({ length: 10 }, (_, i) => offered(`${i}`, i, { threshold: 10 }));
    expect(await under.offer(3, 'n1', 1, many)).toMatchObject({ handed: 10, cut: 0 });
  });

  it('hands over no more than somebody can judge, and says so', async () => {
    const under = windows({ maxHanded: 4 });
    const hits = Array.from({ length: 6 }, (_, i) => offered(`${i}`, i));
    expect(await under.offer(3, 'n1', 1, hits)).toMatchObject({ handed: 4, refused: 2 });
    expect(await under.offer(3, 'n1', 2, [offered('x', 7)])).toMatchObject({ handed: 0, refused: 1 });
    expect(await payloads()).toEqual(['0@0', '1@1', '2@2', '3@3']);
  });

  it('forgets windows when they and the disorder that was allowed for are over', async () => {
    const under = windows({ slackMs: 50 });
    await under.offer(3, 'n1', 1, [offered('a', 0, { withinMs: 100 })]);
    await new Promise((done) => setTimeout(done, 300));
    const keys = 'nodes' in link.client ? link.client.nodes('master') : [link.client];
    const left = (await Promise.all(keys.map((node) => node.keys('*')))).flat();
    expect(left).toEqual([partitionKeys(3).batches]);
  });

  it('refuses a partition that does not exist', async () => {
    await expect(windows().offer(16, 'n1', 1, [])).rejects.toThrow(RangeError);
  });
});
