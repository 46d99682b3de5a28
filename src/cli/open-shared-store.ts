import type { Config } from '../config/config.ts';
import { redisPlace, redisSettings } from '../config/redis-settings.ts';
import { visible } from '../lib/escape.ts';
import { MemoryStore } from '../store/memory.ts';
import { heldKey } from '../store/notes.ts';
import { RedisDeliveries } from '../store/redis/redis-deliveries.ts';
import { RedisHeld } from '../store/redis/redis-held.ts';
import { RedisIncidents } from '../store/redis/redis-incidents.ts';
import { RedisLink } from '../store/redis/redis-link.ts';
import { RedisOutbox } from '../store/redis/redis-outbox.ts';
import type { Store } from '../store/store.ts';
import { CliError, EXIT_FAILURE, type Io } from './io.ts';
import { withStore } from './open-store.ts';

/** What verbs ask of a store, whatever it is kept in. */
export type StoreOfVerbs = Pick<
  Store,
  'incident' | 'incidents' | 'countIncidents' | 'deliveries' | 'outbox' | 'deadLetters' | 'metaEntries'
> & {
  retryDead(nowMs: number, alertId?: string): number | Promise<number>;
};

const CONNECT_MS = 5_000;
/** Who refuses at once may have been starting. */
const REFUSED_MS = 1_000;
const LOOK_MS = 20;

/**
 * Lends `work` what all nodes share, as it is at this moment. Ends the verb with exit code 1 when Redis can not be reached or
 * refuses.
 */
async function withSharedStore<T>(config: Config, work: (store: StoreOfVerbs) => Promise<T> | T): Promise<T> {
  const place = redisPlace(config.state);
  const fail = (because: string) => new CliError(EXIT_FAILURE, `${place}: ${visible(because, 300)}`);
  const link = open(config);
  try {
    await connected(link);
    if (link.away !== undefined) throw fail(link.away);
    const store = await read(link).catch((error: Error) => {
      throw fail(error.message);
    });
    return await work(store);
  } finally {
    link.close();
  }
}

/** Resolves when there is a connection, or no hope for one. */
async function connected(link: RedisLink): Promise<void> {
  const begunMs = performance.now();
  const waitedMs = () => performance.now() - begunMs;
  while (link.away !== undefined && waitedMs() < (link.tried ? REFUSED_MS : CONNECT_MS))
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

function open(config: Config): RedisLink {
  try {
    return new RedisLink(redisSettings(config));
  } catch (error) {
    throw new CliError(EXIT_FAILURE, (error as Error).message);
  }
}

/** Lends `work` the store of this configuration: what all nodes share, or what the state directory has. */
export function withConfiguredStore<T>(
  io: Io,
  config: Config,
  work: (store: StoreOfVerbs) => Promise<T> | T,
): Promise<T> {
  return config.state === 'embedded' ? withStore(io, config.stateDir, work) : withSharedStore(config, work);
}

/** Everything at once: the verbs ask in any order, and a store answers at once. */
async function read(link: RedisLink): Promise<StoreOfVerbs> {
  const outbox = new RedisOutbox(link, { node: 'verb' });
  const [incidents, waiting, dead, deliveries, held] = await Promise.all([
    new RedisIncidents(link).list({ limit: Number.POSITIVE_INFINITY }),
    outbox.list(),
    outbox.deadLetters(),
    new RedisDeliveries(link).list(),
    new RedisHeld(link, 'verb').list(),
  ]);
  const store = new MemoryStore();
  const slots = [
    ...waiting.map((entry, seq) => ({ seq, entry, dead: false })),
    ...dead.map((entry, seq) => ({ seq: waiting.length + seq, entry, dead: true })),
  ];
  const meta = new Map(held.map(({ channel, incidentId }) => [heldKey(channel, incidentId), '']));
  store.adopt({ incidents, slots, settled: [], deliveries, hits: [], meta });
  return {
    incident: (id) => store.incident(id),
    incidents: (filter) => store.incidents(filter),
    countIncidents: (filter) => store.countIncidents(filter),
    deliveries: (alertId, limit) => store.deliveries(alertId, limit),
    outbox: (channel) => store.outbox(channel),
    deadLetters: () => store.deadLetters(),
    metaEntries: (prefix) => store.metaEntries(prefix),
    retryDead: (nowMs, alertId) => outbox.retryDead(nowMs, alertId),
  };
}
