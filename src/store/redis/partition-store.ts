import { type PartitionKeys, partitionKeys } from './keys.ts';
import { type RedisLink, script } from './redis-link.ts';

/** The right to judge a partition's hits, until it expires or is given back. */
export interface Lease {
  readonly node: string;
  readonly epoch: number;
}

/** A hit in a partition's stream. */
export interface LoggedHit {
  /** `<milliseconds>-<number>`, ascending. */
  readonly id: string;
  readonly payload: string;
  /** It waited for others until the condition was met. */
  readonly waited: boolean;
}

/** What has changed since the last checkpoint. */
export interface CheckpointChanges {
  readonly state: string;
  /** Open incidents that changed, by id. */
  readonly open: ReadonlyMap<string, string>;
  readonly closed: readonly string[];
  /** What people were told, by incident; undefined when it need not be remembered any more. */
  readonly ledger: ReadonlyMap<string, string | undefined>;
  /** Hits older than this id are needed by nobody. */
  readonly trimBefore: string;
}

export interface Checkpoint {
  readonly state: string | undefined;
  readonly open: ReadonlyMap<string, string>;
  readonly ledger: ReadonlyMap<string, string>;
}

const PAGE = 1_000;

/*
 * A lease is `node epoch until` by the clock of Redis. It is no key with an expiry: where memory is short, Redis gives up keys
 * that have one (docs/scaling.md), and those must be windows only.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function isMine(owner) return string.sub(owner, 1, #ARGV[1] + #ARGV[2] + 2) == ARGV[1] .. ' ' .. ARGV[2] .. ' ' end
`;

/* KEYS owner epoch; ARGV node '' milliseconds */
const ACQUIRE = script(`${NOW}
local owner = redis.call('GET', KEYS[1])
if owner and tonumber(string.match(owner, '%d+$')) > now then return 0 end
local epoch = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. epoch .. ' ' .. string.format('%d', now + ARGV[3]))
return epoch
`);

/* An expired lease that nobody has had since is still good. KEYS owner epoch; ARGV node epoch milliseconds */
const RENEW = script(`${NOW}
local owner = redis.call('GET', KEYS[1])
if not owner then
  local epoch = redis.call('GET', KEYS[2])
  if epoch and epoch ~= ARGV[2] then return 0 end
  redis.call('SET', KEYS[2], ARGV[2])
elseif not isMine(owner) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. string.format('%d', now + ARGV[3]))
return 1
`);

/* KEYS owner; ARGV node epoch */
const RELEASE = script(`${NOW}
local owner = redis.call('GET', KEYS[1])
if owner and isMine(owner) then return redis.call('DEL', KEYS[1]) end
return 0
`);

/* KEYS owner state open ledger hits; ARGV node epoch state trim open {id text}... closed {id}... told {id text}... forgotten {id}... */
const CHECKPOINT = script(`${NOW}
local owner = redis.call('GET', KEYS[1])
if not owner or not isMine(owner) then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
redis.call('XTRIM', KEYS[5], 'MINID', ARGV[4])
local a = 5
local function each(step, act)
  local last = a + tonumber(ARGV[a]) * step
  a = a + 1
  while a <= last do act(ARGV[a], ARGV[a + 1]) a = a + step end
end
each(2, function(id, text) redis.call('HSET', KEYS[3], id, text) end)
each(1, function(id) redis.call('HDEL', KEYS[3], id) end)
each(2, function(id, text) redis.call('HSET', KEYS[4], id, text) end)
each(1, function(id) redis.call('HDEL', KEYS[4], id) end)
return 1
`);

/** One partition as its owner sees it: the lease, the hits handed over, and the checkpoint to go on from. */
export class PartitionStore {
  readonly #link: RedisLink;
  readonly #keys: PartitionKeys;

  constructor(link: RedisLink, partition: number) {
    this.#link = link;
    this.#keys = partitionKeys(partition);
  }

  /** The lease, or undefined when somebody has it. */
  async acquire(node: string, ttlMs: number): Promise<Lease | undefined> {
    const { owner, epoch } = this.#keys;
    const number = Number(await this.#link.run(ACQUIRE, [owner, epoch], [node, '', ttlMs]));
    return number === 0 ? undefined : { node, epoch: number };
  }

  /** Whether the lease is still good; then it is for another `ttlMs`. */
  async renew({ node, epoch }: Lease, ttlMs: number): Promise<boolean> {
    const keys = [this.#keys.owner, this.#keys.epoch];
    return (await this.#link.run(RENEW, keys, [node, epoch, ttlMs])) === 1;
  }

  async release({ node, epoch }: Lease): Promise<void> {
    await this.#link.run(RELEASE, [this.#keys.owner], [node, epoch]);
  }

  /** Hits after an id, oldest first; at most a page of them, and whether there may be more. */
  async read(afterId: string): Promise<{ readonly hits: readonly LoggedHit[]; readonly more: boolean }> {
    const rows = await this.#link.client.xrange(this.#keys.hits, `(${afterId}`, '+', 'COUNT', PAGE);
    const hits = rows.map(([id, fields]) => ({
      id,
      payload: fields[1] ?? '',
      waited: fields[0] === 'waited',
    }));
    return { hits, more: hits.length === PAGE };
  }

  async load(): Promise<Checkpoint> {
    const { state, open, ledger } = this.#keys;
    const { client } = this.#link;
    const [text, incidents, told] = await Promise.all([
      client.get(state),
      client.hgetall(open),
      client.hgetall(ledger),
    ]);
    return {
      state: text ?? undefined,
      open: new Map(Object.entries(incidents)),
      ledger: new Map(Object.entries(told)),
    };
  }

  /** Writes all of it or nothing; false when the lease is somebody else's. */
  async save({ node, epoch }: Lease, changes: CheckpointChanges): Promise<boolean> {
    const { owner, state, open, ledger, hits } = this.#keys;
    const told = [...changes.ledger].filter((entry): entry is [string, string] => entry[1] !== undefined);
    const forgotten = [...changes.ledger].filter(([, text]) => text === undefined).map(([id]) => id);
    const args = [
      node,
      epoch,
      changes.state,
      changes.trimBefore,
      changes.open.size,
      ...[...changes.open].flat(),
      changes.closed.length,
      ...changes.closed,
      told.length,
      ...told.flat(),
      forgotten.length,
      ...forgotten,
    ];
    return (await this.#link.run(CHECKPOINT, [owner, state, open, ledger, hits], args)) === 1;
  }

  /** Forgets the batch number of a node that is gone: the name will not come again. */
  async forgetNode(node: string): Promise<void> {
    await this.#link.client.hdel(this.#keys.batches, node);
  }
}
