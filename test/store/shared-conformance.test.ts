import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/open-sqlite.ts';
import { PartitionStore } from '../../src/store/redis/partition-store.ts';
import { RedisDeliveries } from '../../src/store/redis/redis-deliveries.ts';
import { RedisHeld } from '../../src/store/redis/redis-held.ts';
import { RedisIncidents } from '../../src/store/redis/redis-incidents.ts';
import type { RedisLink } from '../../src/store/redis/redis-link.ts';
import { RedisOutbox, type RedisOutboxOptions } from '../../src/store/redis/redis-outbox.ts';
import { loadSqlite } from '../../src/store/sqlite-driver.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreOutbox } from '../../src/store/store-outbox.ts';
import { type IncidentBook, incidentBookConformance } from '../support/incident-book.conformance.ts';
import { alert } from '../support/notify.ts';
import { outboxConformance } from '../support/outbox-conformance.ts';
import { empty, linkTo, redisServer, startCluster, startRedis } from '../support/redis.ts';
import { incident } from './incident-samples.ts';

/** One suite for everything that keeps incidents and alerts: memory, SQLite, Redis, a Redis Cluster. */

function bookOf(store: Store): IncidentBook {
  return {
    save: async (incidents) => {
      store.accept(incidents, [], 0);
    },
    get: async (id) => store.incident(id),
    list: async (filter) => store.incidents(filter),
  };
}

incidentBookConformance('MemoryStore', async () => bookOf(new MemoryStore()));
outboxConformance('MemoryStore', (outbox) => new StoreOutbox(new MemoryStore({ outbox })));

describe('SQLite', async () => {
  const open = await loadSqlite();
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-shared-'));
  const stores: Store[] = [];
  afterAll(() => {
    for (const store of stores) store.close();
    rmSync(dir, { recursive: true });
  });
  const fresh = (outbox?: { perChannel: number; deadLetters: number }) => {
    const path = join(dir, `${stores.length}.db`);
    const store = openSqliteStore({
      path,
      open,
      onEvent: () => undefined,
      ...(outbox === undefined ? {} : { outbox }),
    });
    stores.push(store);
    return store;
  };
  incidentBookConformance('SqliteStore', async () => bookOf(fresh()));
  outboxConformance('SqliteStore', (outbox) => new StoreOutbox(fresh(outbox)));
});

describe.runIf(redisServer !== undefined).each([
  ['Redis', startRedis],
  ['a Redis Cluster', startCluster],
] as const)('%s', (name, start) => {
  let server: { readonly url: string; stop(): Promise<void> };
  let link: RedisLink;
  beforeAll(async () => {
    server = await start();
    link = await linkTo(server.url);
  }, 60_000);
  afterAll(async () => {
    link?.close();
    await server?.stop();
  });
  const outboxOf = (node: string, options: Partial<RedisOutboxOptions> = {}) =>
    new RedisOutbox(link, { node, ...options });

  incidentBookConformance(name, async () => {
    await empty(link);
    return new RedisIncidents(link);
  });
  outboxConformance(name, async (bounds) => {
    await empty(link);
    return outboxOf('n1', { bounds });
  });

  it('writes an incident together with its alert', async () => {
    await empty(link);
    const outbox = outboxOf('n1', { incidentOf: (id) => incident(id, { count: 7 }) });
    await outbox.put(alert({ id: 'a', incidentIds: ['i9'] }), 'ops', 0);
    expect(await new RedisIncidents(link).get('i9')).toMatchObject({ count: 7 });
  });

  it('gives an entry to one of many nodes that ask at the same time', async () => {
    await empty(link);
    await outboxOf('n0').put(alert({ id: 'a' }), 'ops', 0);
    const nodes = Array.from({ length: 8 }, (_, i) => outboxOf(`n${i}`));
    const given = await Promise.all(nodes.map((node) => node.due('ops', 1)));
    expect(given.filter((entry) => entry !== undefined)).toHaveLength(1);
  });

  it('gives nothing to a node the others do not know of: they would take it over', async () => {
    await empty(link);
    let isKnown = false;
    const outbox = outboxOf('n1', { isKnown: () => isKnown });
    await outbox.put(alert({ id: 'a' }), 'ops', 0);
    await expect(outbox.due('ops', 1)).rejects.toThrow('do not know');
    isKnown = true;
    expect((await outbox.due('ops', 1))?.alert.id).toBe('a');
  });

  it('takes over the claims of a dead node, and of no other', async () => {
    await empty(link);
    const [one, two] = [outboxOf('n1'), outboxOf('n2')];
    for (const id of ['a', 'b']) await one.put(alert({ id }), 'ops', 0);
    expect((await one.due('ops', 1))?.alert.id).toBe('a');
    expect((await two.due('ops', 1))?.alert.id).toBe('b');
    expect(await two.takeOver(['n1', 'n2'])).toBe(0);
    expect(await two.due('ops', 1)).toBeUndefined();
    expect(await two.takeOver(['n2'])).toBe(1);
    expect((await two.due('ops', 1))?.alert.id).toBe('a');
  });

  it('ends a claim of its own whose answer never arrived', async () => {
    await empty(link);
    const before = outboxOf('n1');
    await before.put(alert({ id: 'a' }), 'ops', 0);
    await before.due('ops', 1);
    const after = outboxOf('n1');
    expect(await after.takeOver(['n1'])).toBe(1);
    expect((await after.due('ops', 1))?.alert.id).toBe('a');
  });

  it('does not take back what was delivered, displaced, or dropped from the dead letters', async () => {
    await empty(link);
    const outbox = outboxOf('n1', { bounds: { perChannel: 1, deadLetters: 1 } });
    await outbox.put(alert({ id: 'a' }), 'ops', 0);
    await outbox.delivered('a', 'ops');
    expect(await outbox.put(alert({ id: 'a' }), 'ops', 1)).toEqual({ kind: 'known' });
    for (const id of ['b', 'c']) {
      await outbox.put(alert({ id }), 'ops', 2);
      await outbox.dead(id, 'ops', 'no');
    }
    expect(await outbox.put(alert({ id: 'b' }), 'ops', 3)).toEqual({ kind: 'known' });
    await outbox.put(alert({ id: 'low', severity: 'low' }), 'ops', 4);
    await outbox.put(alert({ id: 'high', severity: 'high' }), 'ops', 5);
    expect(await outbox.put(alert({ id: 'low', severity: 'low' }), 'ops', 6)).toEqual({ kind: 'known' });
  });

  it('lets what was given up wait again: one alert, or all of them', async () => {
    await empty(link);
    const outbox = outboxOf('n1');
    for (const id of ['a.first', 'b.first', 'c.first']) {
      await outbox.put(alert({ id }), 'ops', 0);
      await outbox.due('ops', 1);
      await outbox.dead(id, 'ops', 'no such user');
    }
    expect(await outbox.retryDead(50, 'first')).toBe(0);
    expect(await outbox.retryDead(50, 'b.first')).toBe(1);
    expect(await outbox.due('ops', 60)).toMatchObject({
      alert: { id: 'b.first' },
      createdAtMs: 50,
      attempts: 1,
    });
    expect(await outbox.retryDead(70)).toBe(2);
    expect(await outbox.deadLetters()).toEqual([]);
    expect(await outbox.list()).toHaveLength(3);
  });

  it('gives what a dead node kept for a digest to one of the others, and no more than once', async () => {
    await empty(link);
    const [one, two, three] = ['n1', 'n2', 'n3'].map((node) => new RedisHeld(link, node));
    await one!.note('ops', 'i1', 'first');
    await one!.note('ops', 'i2', 'second');
    await one!.note('ops', 'i2', undefined);
    await two!.note('noc', 'i1', 'third');
    expect(await two!.takeOver(['n1', 'n2', 'n3'])).toEqual([]);
    const taken = await Promise.all([two, three].map((held) => held!.takeOver(['n2', 'n3'])));
    expect(taken.flat()).toEqual([{ channel: 'ops', text: 'first' }]);
    expect(await three!.takeOver([])).toHaveLength(2);
    expect(await three!.takeOver(['n3'])).toEqual([]);
  });

  it('remembers deliveries of any node, oldest first', async () => {
    await empty(link);
    const deliveries = new RedisDeliveries(link);
    const delivery = { alertId: 'a', channel: 'ops', attempt: 1, outcome: 'retry', because: 'busy' } as const;
    await deliveries.record(delivery, 10);
    await deliveries.record({ ...delivery, attempt: 2, outcome: 'delivered' }, 20);
    expect(await deliveries.list()).toMatchObject([
      { outcome: 'retry', atMs: 10 },
      { outcome: 'delivered', atMs: 20 },
    ]);
  });

  it('does not open again what has closed', async () => {
    await empty(link);
    const book = new RedisIncidents(link);
    await book.save([incident('i1', { state: 'closed', count: 9 })]);
    await book.save([incident('i1', { state: 'growing', count: 8 })]);
    expect(await book.get('i1')).toMatchObject({ state: 'closed', count: 9 });
  });

  it('gives a partition to one node at a time, and what it wrote to the next', async () => {
    await empty(link);
    const store = new PartitionStore(link, 5);
    const lease = (await store.acquire('n1', 400))!;
    expect(await store.acquire('n2', 400)).toBeUndefined();
    const changes = { state: 'x', open: new Map(), closed: [], ledger: new Map(), trimBefore: '0-0' };
    expect(await store.save(lease, changes)).toBe(true);
    await new Promise((done) => setTimeout(done, 500));
    // Late, but nobody has had it meanwhile.
    expect(await store.renew(lease, 300)).toBe(true);
    await new Promise((done) => setTimeout(done, 400));
    const next = (await store.acquire('n2', 400))!;
    expect(next.epoch).toBeGreaterThan(lease.epoch);
    expect(await store.renew(lease, 400)).toBe(false);
    expect(await store.save(lease, { ...changes, state: 'stale' })).toBe(false);
    expect((await store.load()).state).toBe('x');
    await store.release(lease);
    expect(await store.acquire('n3', 400)).toBeUndefined();
    await store.release(next);
    expect(await store.acquire('n3', 400)).toBeDefined();
  });

  it('keeps 2,000 closed incidents and forgets the oldest', async () => {
    await empty(link);
    const book = new RedisIncidents(link);
    const all = Array.from({ length: 2_010 }, (_, i) =>
      incident(`i${i}`, { state: 'closed', lastSeenMs: i + 1 }),
    );
    await book.save([incident('open', { lastSeenMs: 0 })]);
    await book.save(all);
    expect(await book.get('i9')).toBeUndefined();
    expect(await book.get('i10')).toBeDefined();
    expect(await book.get('open')).toBeDefined();
  });
});
