import { wallTimeToEpochMs } from '../lib/time-zone.ts';

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const CLF = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;
const DATE_TIME = /^(\d{4})[-/](\d\d)[-/](\d\d) (\d\d):(\d\d):(\d\d)$/;
const CTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** `23/Nov/2026:03:00:00 +0100` (Apache mod_log_config, %t) in milliseconds since the epoch; undefined for no such time. */
export function clfTime(text: string): number | undefined {
  const match = CLF.exec(text);
  if (match === null) return undefined;
  const [, day, month, year, hour, minute, second, sign, offsetHours, offsetMinutes] = match;
  const wallMs = wallTime(year!, month!, day!, hour!, minute!, second!);
  const offset = Number(offsetHours) * 60 + Number(offsetMinutes);
  if (wallMs === undefined || offset > 14 * 60 || Number(offsetMinutes) > 59) return undefined;
  return wallMs - (sign === '-' ? -offset : offset) * 60_000;
}

/** ctime(3), `Mon Nov 23 03:00:00 2026`, on the clocks of `zone`, in milliseconds since the epoch; undefined for no such time. */
export function ctime(text: string, zone: string): number | undefined {
  const match = CTIME.exec(text);
  if (match === null) return undefined;
  const [, month, day, hour, minute, second, year] = match;
  const wallMs = wallTime(year!, month!, day!, hour!, minute!, second!);
  return wallMs === undefined ? undefined : wallTimeToEpochMs(wallMs, zone);
}

/** `2026-11-23 03:00:00`, also with slashes, on the clocks of `zone`, in milliseconds since the epoch; undefined for no such time. */
export function dateTime(text: string, zone: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const name = MONTHS.slice(Number(month) * 3 - 3, Number(month) * 3);
  const wallMs = name === '' ? undefined : wallTime(year!, name, day!, hour!, minute!, second!);
  return wallMs === undefined ? undefined : wallTimeToEpochMs(wallMs, zone);
}

function wallTime(
  ...[year, month, day, hour, minute, second]: [string, string, string, string, string, string]
): number | undefined {
  const index = MONTHS.indexOf(month);
  if (index < 0 || index % 3 !== 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60)
    return undefined;
  const ms = Date.UTC(Number(year), index / 3, Number(day), Number(hour), Number(minute), Number(second));
  // The 31st of November becomes the 1st of December.
  return new Date(ms - Number(second) * 1_000).getUTCDate() === Number(day) ? ms : undefined;
}
