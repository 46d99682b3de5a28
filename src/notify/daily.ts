import { offsetMinutes, wallTimeToEpochMs } from '../lib/time-zone.ts';

const DAY_MS = 86_400_000;

/**
 * The next instant after `nowMs` at which the clocks of `zone` show a time of day (`07:00`). A time that the change of the
 * clocks skips is moved forward; one that occurs twice counts once. Throws RangeError for an unknown zone.
 */
export function nextDaily(nowMs: number, timeOfDay: string, zone: string): number {
  const [hours = 0, minutes = 0] = timeOfDay.split(':').map(Number);
  const wallMs = nowMs + offsetMinutes(nowMs, zone) * 60_000;
  const midnight = Math.floor(wallMs / DAY_MS) * DAY_MS;
  for (let day = 0; ; day++) {
    const atMs = wallTimeToEpochMs(midnight + day * DAY_MS + (hours * 60 + minutes) * 60_000, zone);
    if (atMs > nowMs) return atMs;
  }
}
