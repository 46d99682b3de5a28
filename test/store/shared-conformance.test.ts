import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/open-sqlite.ts';
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
