import { ALERT_KEYS } from './keys.ts';
import { type Script, script } from './redis-link.ts';

/*
 * The outbox's calls, each one atomic. A slot is the place of an alert in its channel's queue, without the alert:
 * { seq, channel, attempts, createdAtMs, notBeforeMs, because?, rank, digest, dead?, claim? }; `claim` is the node that is
 * sending it. There are few slots (the queue is short by design), so each call may look at all of them.
 */

/** In the order the scripts know them by. */
export const OUTBOX_KEYS = [
  ALERT_KEYS.slots,
  ALERT_KEYS.alerts,
  ALERT_KEYS.settled,
  ALERT_KEYS.incidents,
  ALERT_KEYS.closed,
] as const;

/** Entries that are done with are remembered, so that none comes back. */
const MAX_SETTLED = 20_000;
const MAX_CLOSED = 2_000;

const PRELUDE = `
local SLOTS, ALERTS, SETTLED, INCIDENTS, CLOSED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function slots(keep)
  local found, raw = {}, redis.call('HGETALL', SLOTS)
  for i = 1, #raw, 2 do
    local slot = cjson.decode(raw[i + 1])
    slot.key = raw[i]
    if keep(slot) then found[#found + 1] = slot end
  end
  table.sort(found, function(a, b) return a.seq < b.seq end)
  return found
end

local function get(key)
  local text = redis.call('HGET', SLOTS, key)
  return text and cjson.decode(text) or nil
end

local function set(key, slot)
  slot.key = nil
  redis.call('HSET', SLOTS, key, cjson.encode(slot))
end

local function settle(key, now)
  redis.call('HDEL', SLOTS, key)
  redis.call('HDEL', ALERTS, key)
  redis.call('ZADD', SETTLED, now, key)
  redis.call('ZREMRANGEBYRANK', SETTLED, 0, -${MAX_SETTLED + 1})
end

local function nextSeq()
  local newest = 0
  for _, slot in ipairs(slots(function() return true end)) do newest = math.max(newest, slot.seq) end
  return newest + 1
end

local function saveIncidents(a, count)
  for _ = 1, count do
    local isClosed = ARGV[a + 2] ~= ''
    -- What was seen of it before it closed may come late.
    if isClosed or not redis.call('ZSCORE', CLOSED, ARGV[a]) then
      redis.call('HSET', INCIDENTS, ARGV[a], ARGV[a + 1])
    end
    if isClosed then redis.call('ZADD', CLOSED, ARGV[a + 2], ARGV[a]) end
    a = a + 3
  end
  for _, id in ipairs(redis.call('ZRANGE', CLOSED, 0, -${MAX_CLOSED + 1})) do
    redis.call('HDEL', INCIDENTS, id)
    redis.call('ZREM', CLOSED, id)
  end
end
`;

/** ARGV key channel alert now rank digest bound incidents {id text closedAt}... */
export const PUT = outboxScript(`
local key, channel, alert, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local rank, digest, bound = tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
saveIncidents(9, tonumber(ARGV[8]))
if redis.call('HEXISTS', SLOTS, key) == 1 or redis.call('ZSCORE', SETTLED, key) then return {'known'} end
local displaced = false
if not digest then
  local full = slots(function(slot) return slot.channel == channel and not slot.digest and not slot.dead end)
  if #full >= bound then
    local victim
    for _, slot in ipairs(full) do
      if not slot.claim and (not victim or slot.rank <= victim.rank) then victim = slot end
    end
    if not victim or victim.rank >= rank then return {'displaced', alert} end
    displaced = redis.call('HGET', ALERTS, victim.key)
    settle(victim.key, now)
  end
end
set(key, {seq = nextSeq(), channel = channel, attempts = 0, createdAtMs = now, notBeforeMs = now, rank = rank, digest = digest})
redis.call('HSET', ALERTS, key, alert)
if displaced then return {'displaced', displaced} end
return {'stored'}
`);

/** ARGV channel now node */
export const DUE = outboxScript(`
local now = tonumber(ARGV[2])
local free = slots(function(slot)
  return slot.channel == ARGV[1] and not slot.dead and not slot.claim and slot.notBeforeMs <= now
end)
local slot = free[1]
if not slot then return nil end
local key = slot.key
slot.claim = ARGV[3]
set(key, slot)
return {cjson.encode(slot), redis.call('HGET', ALERTS, key)}
`);

/** ARGV channel */
export const NEXT_DUE = outboxScript(`
local soonest
for _, slot in ipairs(slots(function(slot) return slot.channel == ARGV[1] and not slot.dead and not slot.claim end)) do
  if not soonest or slot.notBeforeMs < soonest then soonest = slot.notBeforeMs end
end
return soonest and tostring(cjson.encode(soonest)) or nil
`);

/** ARGV key now */
export const DELIVERED = outboxScript(`
if get(ARGV[1]) then settle(ARGV[1], ARGV[2]) end
return 1
`);

/** ARGV key at because */
export const RETRY = outboxScript(`
local slot = get(ARGV[1])
if not slot or slot.dead then return 0 end
slot.attempts, slot.notBeforeMs, slot.because, slot.claim = slot.attempts + 1, tonumber(ARGV[2]), ARGV[3], nil
set(ARGV[1], slot)
return 1
`);

/** ARGV key */
export const RELEASE = outboxScript(`
local slot = get(ARGV[1])
if slot then
  slot.claim = nil
  set(ARGV[1], slot)
end
return 1
`);

/** ARGV key because now bound */
export const DEAD = outboxScript(`
local slot = get(ARGV[1])
if not slot or slot.dead then return 0 end
slot.attempts, slot.because, slot.dead, slot.claim, slot.seq = slot.attempts + 1, ARGV[2], true, nil, nextSeq()
set(ARGV[1], slot)
local letters = slots(function(each) return each.dead end)
for i = 1, #letters - tonumber(ARGV[4]) do settle(letters[i].key, ARGV[3]) end
return 1
`);

/** ARGV dead(1|0) channel('' for all) */
export const LIST = outboxScript(`
local found = {}
for _, slot in ipairs(slots(function(slot)
  return (slot.dead or false) == (ARGV[1] == '1') and (ARGV[2] == '' or slot.channel == ARGV[2])
end)) do
  found[#found + 1] = cjson.encode(slot)
  found[#found + 1] = redis.call('HGET', ALERTS, slot.key)
end
return found
`);

/** ARGV node living {node}... inHand {key}... : ends claims of nodes that are gone, and this node's that it knows nothing of. */
export const SWEEP = outboxScript(`
local living, mine, a = {}, {}, 3
for _ = 1, tonumber(ARGV[2]) do living[ARGV[a]] = true a = a + 1 end
for i = a + 1, a + tonumber(ARGV[a]) do mine[ARGV[i]] = true end
local ended = 0
for _, slot in ipairs(slots(function(slot) return slot.claim end)) do
  local key = slot.key
  local good = living[slot.claim]
  if slot.claim == ARGV[1] then good = mine[key] end
  if not good then
    slot.claim = nil
    set(key, slot)
    ended = ended + 1
  end
end
return ended
`);

/** ARGV now alert('' for all): dead letters wait again, as young as new ones. */
export const RETRY_DEAD = outboxScript(`
local letters = slots(function(slot)
  return slot.dead and (ARGV[2] == '' or string.sub(slot.key, -#ARGV[2] - 1) == ' ' .. ARGV[2])
end)
for _, slot in ipairs(letters) do
  local key = slot.key
  slot.dead, slot.createdAtMs, slot.notBeforeMs = nil, tonumber(ARGV[1]), tonumber(ARGV[1])
  set(key, slot)
end
return #letters
`);

/** ARGV incidents {id text closedAt}... */
export const SAVE_INCIDENTS = outboxScript(`
saveIncidents(2, tonumber(ARGV[1]))
return 1
`);

function outboxScript(lua: string): Script {
  return script(PRELUDE + lua);
}
