const MINUTE_MS = 60_000;
/** Every zone in use changes its offset on a quarter hour, in wall time and in UTC. */
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 86_400_000;
/** Quarter hours remembered per zone: about forty days, then it starts afresh. */
const MAX_CACHED = 4096;
/** Outside these years the offset of their nearest end is used: rules of other centuries are guesses. */
const EARLIEST_MS = Date.UTC(1900, 0, 2);
const LATEST_MS = Date.UTC(2200, 0, 1);

/** Offsets before and after the nearest change; they differ only around one. */
interface OffsetPair {
  readonly before: number;
  readonly after: number;
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly byInstant: Map<number, number>;
  readonly byWallTime: Map<number, OffsetPair>;
}

const zones = new Map<string, Zone>();

/** Whether a word can be what administrators called the zone of a device's clock: `mng`, `Warsaw`, `summer`. */
export function isClockZoneName(word: string): boolean {
  return /^[A-Za-z]{1,7}$/.test(word);
}

/** Whether the runtime knows this IANA zone name (`UTC` included). */
export function isTimeZone(name: string): boolean {
  // The first question to the runtime about zones costs 10 ms; most collectors are kept at UTC.
  if (isUtc(name)) return true;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Minutes a zone is ahead of UTC at an instant (milliseconds since the epoch). Throws RangeError for an unknown zone. */
export function offsetMinutes(epochMs: number, zone: string): number {
  return isUtc(zone) ? 0 : offsetAt(epochMs, zoneNamed(zone));
}

/**
 * The instant at which clocks in `zone` show a wall time, given as if it were UTC (`Date.UTC(2026, 9, 25, 2, 30)`).
 * A wall time that occurs twice is the one nearer to `nearMs`, the first of the two without it or at equal distance;
 * one that is skipped is moved forward by the length of the gap. Throws RangeError for an unknown zone.
 */
export function wallTimeToEpochMs(wallMs: number, zone: string, nearMs?: number): number {
  if (isUtc(zone)) return wallMs;
  const { before, after } = offsetsAround(wallMs, zoneNamed(zone));
  const early = wallMs - before * MINUTE_MS;
  if (before === after) return early;
  // `before` also solves a gap: the clock that was not put forward shows the skipped time.
  if (before < after || nearMs === undefined) return early;
  const late = wallMs - after * MINUTE_MS;
  return Math.abs(late - nearMs) < Math.abs(early - nearMs) ? late : early;
}

function isUtc(zone: string): boolean {
  return zone === 'UTC' || zone === 'Etc/UTC' || zone === 'GMT';
}

function zoneNamed(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    zone = { format, byInstant: new Map(), byWallTime: new Map() };
    zones.set(name, zone);
  }
  return zone;
}

function offsetAt(epochMs: number, zone: Zone): number {
  const quarter = Math.floor(epochMs / QUARTER_MS);
  const known = zone.byInstant.get(quarter);
  if (known !== undefined) return known;
  const offset = askOffset(quarter * QUARTER_MS, zone.format);
  return remember(zone.byInstant, quarter, offset);
}

/** The offsets that could apply to a wall time: equal ones unless the clocks change during its quarter hour. */
function offsetsAround(wallMs: number, zone: Zone): OffsetPair {
  const quarter = Math.floor(wallMs / QUARTER_MS);
  const known = zone.byWallTime.get(quarter);
  if (known !== undefined) return known;
  const wall = quarter * QUARTER_MS;
  const before = offsetAt(wall - DAY_MS, zone);
  const after = offsetAt(wall + DAY_MS, zone);
  const holdsBefore = offsetAt(wall - before * MINUTE_MS, zone) === before;
  const holdsAfter = offsetAt(wall - after * MINUTE_MS, zone) === after;
  let pair = { before, after };
  if (holdsBefore !== holdsAfter) pair = holdsBefore ? { before, after: before } : { before: after, after };
  return remember(zone.byWallTime, quarter, pair);
}

function remember<T>(cache: Map<number, T>, key: number, value: T): T {
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(key, value);
  return value;
}

/** Reads the `GMT+05:30` that the runtime prints for an instant. */
function askOffset(epochMs: number, format: Intl.DateTimeFormat): number {
  const text = format.format(Math.min(Math.max(epochMs, EARLIEST_MS), LATEST_MS));
  const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(text);
  if (match?.[1] === undefined) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}
