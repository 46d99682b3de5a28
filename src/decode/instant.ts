import { wallTimeToEpochMs } from '../lib/time-zone.ts';
import type { Stamp } from '../types.ts';
import type { DecodeOptions } from './header.ts';
import type { ScannedZone } from './zone-names.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Stands in `Fields.year` when the line names none. */
export const NO_YEAR = -1;
/** Feb 29 across a century that is no leap year: nine years back, and one for the year ahead. */
const YEARS_TRIED = 10;

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export type Quality = 'device' | 'unsynchronised';

/** Numbers as written, not yet checked; `year` may be NO_YEAR, `month` counts from 0. */
export interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly time: Clock;
}

/** Time of day as written, and where it ended. */
export interface Clock {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
  readonly end: number;
}

/**
 * The stamp that fields as written mean, `invalid` when there is no such date. The zone is the one found in the line,
 * if any; a year that was not written is inferred from the receipt time (see `latestBy`).
 */
export function toStamp(
  fields: Fields,
  zone: ScannedZone | undefined,
  quality: Quality,
  options: DecodeOptions,
): Stamp {
  const minutes = zone?.minutes;
  const zoneWord = minutes === undefined ? 'assumed' : 'stated';
  const epochMs = isPossible(fields) ? toEpochMs(fields, minutes, options) : Number.NaN;
  if (Number.isNaN(epochMs)) return { quality: 'invalid', zone: zoneWord, yearInferred: false };
  return { epochMs, quality, zone: zoneWord, yearInferred: fields.year === NO_YEAR };
}

/** RFC 5424 6.2.3 has no leap second; years below 100 are refused because Date.UTC means the twentieth century by them. */
function isPossible({ year, month, day, time }: Fields): boolean {
  if (month < 0 || month > 11 || day < 1 || time.hour > 23 || time.minute > 59 || time.second > 59)
    return false;
  if (year === NO_YEAR) return day <= MONTH_DAYS[month]!;
  return year >= 100 && day <= daysInMonth(year, month);
}

function daysInMonth(year: number, month: number): number {
  if (month !== 1) return MONTH_DAYS[month]!;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
}

function toEpochMs(fields: Fields, zoneMinutes: number | undefined, options: DecodeOptions): number {
  if (fields.year !== NO_YEAR) return instantIn(fields.year, fields, zoneMinutes, options);
  return latestBy(options.referenceMs + DAY_MS, fields, zoneMinutes, options);
}

/** A stamp without a year is of the latest year that puts it no later than `limitMs`; NaN when there is none. */
function latestBy(
  limitMs: number,
  fields: Fields,
  zoneMinutes: number | undefined,
  options: DecodeOptions,
): number {
  // East of Greenwich the new year has already begun in its last hours.
  let year = new Date(limitMs + DAY_MS).getUTCFullYear();
  for (let tried = 0; tried < YEARS_TRIED; tried++, year--) {
    if (fields.day > daysInMonth(year, fields.month)) continue;
    const epochMs = instantIn(year, fields, zoneMinutes, options);
    if (epochMs <= limitMs) return epochMs;
  }
  return Number.NaN;
}

function instantIn(
  year: number,
  { month, day, time }: Fields,
  zoneMinutes: number | undefined,
  options: DecodeOptions,
): number {
  const wallMs = Date.UTC(year, month, day, time.hour, time.minute, time.second, time.ms);
  if (zoneMinutes !== undefined) return wallMs - zoneMinutes * MINUTE_MS;
  return wallTimeToEpochMs(wallMs, options.zone, options.nearMs ?? options.referenceMs);
}
