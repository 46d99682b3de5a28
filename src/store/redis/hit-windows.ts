import { isPartition, partitionKeys, windowKeys } from './keys.ts';
import { type RedisLink, script } from './redis-link.ts';

/** One condition a hit may help to meet. */
export interface WindowCondition {
  /** The window: rule, condition, and the values hits are grouped by. */
  readonly key: string;
  /** The incident it would be part of. */
  readonly story: string;
  /** What is counted: values that differ, or the sum of weights; `none` when the hit is only part of the story. */
  readonly count: 'distinct' | 'sum' | 'none';
  readonly value: string;
  readonly weight: number;
  readonly threshold: number;
  readonly withinMs: number;
  /** How long after its last hit a story is followed: longer than its incident can stay open. */
  readonly followMs: number;
}

/** A hit on its way to the windows. */
export interface OfferedHit {
  /** The hit as text; what is handed over. */
  readonly payload: string;
  /** Event time. */
  readonly atMs: number;
  readonly conditions: readonly WindowCondition[];
}

/** What became of a batch. */
export interface OfferResult {
  /** False when the batch had been taken before. */
  readonly fresh: boolean;
  /** Hits handed over, earlier ones that had waited included. */
  readonly handed: number;
  /** Waiting hits given up because one window had too many. */
  readonly cut: number;
  /** Hits given up because nobody judges what is handed over already. */
  readonly refused: number;
}

export interface HitWindowsOptions {
  /** Longer than any disorder between nodes: an outage during which they had to keep their hits. */
  readonly slackMs?: number;
  /** Hits that may wait in one window; its threshold where that is more. */
  readonly maxWaiting?: number;
  /** Hits that may be in one partition's stream. */
  readonly maxHanded?: number;
}

/** Windows outlive their length by this much. */
export const WINDOW_SLACK_MS = 300_000;
const MAX_WAITING = 1_024;
/** About 1 KiB each. Those that are judged are thinned out long before (cluster/partition.ts). */
const MAX_HANDED = 131_072;

/*
 * Adds each hit to its windows, expires what is too old, counts, and says whether the condition is met. Hits of a condition
 * that is not met wait beside the window; once it is, they (field `waited`) and all later hits of the story (`hit`) go to the
 * stream, where the owner of the partition judges them exactly. So this errs on one side only: hits that come out of order
 * may cross early.
 *
 * KEYS batches stream {seen waiting followed}...
 * ARGV node batch slack maxWaiting maxHanded hits {payload at conditions {count value weight threshold within follow}...}...
 */
const OFFER = script(`
local number = tonumber(ARGV[2])
if number <= tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') then return {0, 0, 0, 0} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local slack, max, room = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]) - redis.call('XLEN', KEYS[2])
local handed, cut, refused, k, a = 0, 0, 0, 3, 7

local function hand(field, payload)
  if handed >= room then
    refused = refused + 1
    return
  end
  redis.call('XADD', KEYS[2], '*', field, payload)
  handed = handed + 1
end

local function text(number) return string.format('%.17g', number) end

local function measure(seen, at, count, value, weight, threshold, within)
  local member = count == 'sum' and (weight .. ' ' .. value) or value
  redis.call('ZADD', seen, 'GT', text(at), member)
  redis.call('PEXPIRE', seen, within + slack)
  local size = redis.call('ZCARD', seen)
  -- Most sources come once.
  if size == 1 then return count == 'sum' and tonumber(weight) or 1 end
  redis.call('ZREMRANGEBYSCORE', seen, '-inf', text(at - within - slack))
  if size > 2 * threshold then redis.call('ZREMRANGEBYRANK', seen, 0, -2 * threshold - 1) end
  local from = '(' .. text(at - within)
  if count ~= 'sum' then return redis.call('ZCOUNT', seen, from, '+inf') end
  local sum = 0
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', seen, from, '+inf')) do
    sum = sum + tonumber(string.match(each, '^%d+'))
  end
  return sum
end

local function wait(waiting, payload, at, within, max)
  local size = redis.call('RPUSH', waiting, text(at) .. ' ' .. payload)
  redis.call('PEXPIRE', waiting, within + slack)
  if size > max then
    redis.call('LPOP', waiting)
    cut = cut + 1
    size = max
  end
  while size > 1 and tonumber(string.match(redis.call('LINDEX', waiting, 0), '^%S+')) <= at - within - slack do
    redis.call('LPOP', waiting)
    size = size - 1
  end
end

for _ = 1, tonumber(ARGV[6]) do
  local payload, at, conditions = ARGV[a], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  a = a + 3
  local pass, waits = false, {}
  for _ = 1, conditions do
    local seen, waiting, followed = KEYS[k], KEYS[k + 1], KEYS[k + 2]
    local count, value, weight = ARGV[a], ARGV[a + 1], ARGV[a + 2]
    local threshold, within, follow = tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4]), ARGV[a + 5]
    k, a = k + 3, a + 6
    local counts = count ~= 'none'
    local crossed = counts and (threshold <= 1 or measure(seen, at, count, value, weight, threshold, within) >= threshold)
    if crossed or redis.call('EXISTS', followed) == 1 then
      redis.call('SET', followed, '1', 'PX', follow)
      pass = true
      for _, each in ipairs(redis.call('LRANGE', waiting, 0, -1)) do
        hand('waited', string.match(each, '^%S+ (.*)$'))
      end
      redis.call('DEL', waiting)
    else
      waits[#waits + 1] = {waiting, within, math.max(max, threshold)}
    end
  end
  if pass then hand('hit', payload) else
    for _, each in ipairs(waits) do wait(each[1], payload, at, each[2], each[3]) end
  end
end
return {1, handed, cut, refused}
`);

/**
 * Sliding windows that any number of nodes share. A hit that helps no condition over its threshold waits beside its window
 * and is forgotten with it; the others are handed over in the partition's stream.
 */
export class HitWindows {
  readonly #link: RedisLink;
  readonly #bounds: readonly number[];

  constructor(
    link: RedisLink,
    { slackMs = WINDOW_SLACK_MS, maxWaiting = MAX_WAITING, maxHanded = MAX_HANDED }: HitWindowsOptions = {},
  ) {
    this.#link = link;
    this.#bounds = [slackMs, maxWaiting, maxHanded];
  }

  /**
   * Offers hits of one partition, oldest first; all of them count or none. `batch` is a number that grows by each new batch
   * of this node to this partition; the same number again changes nothing.
   */
  async offer(
    partition: number,
    node: string,
    batch: number,
    hits: readonly OfferedHit[],
  ): Promise<OfferResult> {
    if (!isPartition(partition)) throw new RangeError(`no partition ${partition}`);
    const { batches, hits: stream } = partitionKeys(partition);
    const keys = [batches, stream];
    const args: (string | number)[] = [node, batch, ...this.#bounds, hits.length];
    for (const { payload, atMs, conditions } of hits) {
      args.push(payload, atMs, conditions.length);
      for (const { key, story, count, value, weight, threshold, withinMs, followMs } of conditions) {
        keys.push(...windowKeys(partition, key, story));
        args.push(count, value, weight, threshold, withinMs, followMs);
      }
    }
    const answer = (await this.#link.run(OFFER, keys, args)) as [number, number, number, number];
    const [fresh, handed, cut, refused] = answer;
    return { fresh: fresh === 1, handed, cut, refused };
  }
}
