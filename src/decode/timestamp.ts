import type { Stamp } from '../types.ts';
import type { DecodeOptions } from './header.ts';
import { type Clock, type Fields, NO_YEAR, type Quality, toStamp } from './instant.ts';
import {
  ASTERISK,
  COLON,
  DASH,
  DOT,
  digitsAt,
  isDigit,
  isLower,
  isUpper,
  SPACE,
  skipDigits,
  skipSpaces,
} from './scan.ts';
import { isDelimiter, type ScannedZone, scanOffset, scanZone } from './zone-names.ts';

/** Some devices write names of months in full (Cisco APIC: `July 22 22:45:28`). */
const MONTHS: ReadonlyMap<string, number> = new Map(
  'January February March April May June July August September October November December'
    .split(' ')
    .flatMap((name, month) => [
      [name.slice(0, 3), month],
      [name, month],
    ]),
);
const LONGEST_MONTH = 9;
const WEEKDAYS: ReadonlySet<string> = new Set('Mon Tue Wed Thu Fri Sat Sun'.split(' '));
/** Which way a stamp was written; `spaced` is an ISO date and time with a space between, which tables of data use too. */
export type StampForm = 'bsd' | 'ctime' | 'iso' | 'spaced' | 'uptime';

/** A stamp and the position after it (after its zone, when one was recognised). */
export interface ScannedStamp {
  readonly stamp: Stamp;
  readonly end: number;
  readonly form: StampForm;
}

/**
 * The time stamp that begins exactly at `at`, or undefined when no stamp has this shape. Reads RFC 3164 4.1.2 with
 * fractions and years, `2026 Nov 23 03:00:00` (NX-OS), `Mon Nov 23 03:00:00 2026` (ctime) and RFC 3339, each with a
 * zone where one is written, and the `*` or `.` of a Cisco clock that is not synchronised. An impossible date has
 * the shape and therefore is a stamp, of quality `invalid`.
 */
export function scanStamp(text: string, at: number, options: DecodeOptions): ScannedStamp | undefined {
  const code = text.charCodeAt(at);
  const marked = code === ASTERISK || code === DOT;
  const start = marked ? at + 1 : at;
  const quality = marked ? 'unsynchronised' : 'device';
  if (!isDigit(marked ? text.charCodeAt(start) : code)) {
    return scanBsd(text, start, NO_YEAR, quality, options) ?? scanCtime(text, start, quality, options);
  }
  const year = digitsAt(text, start, 4);
  if (year < 0) return undefined;
  const separator = text.charCodeAt(start + 4);
  if (separator === SPACE) return scanBsd(text, start + 5, year, quality, options);
  return separator === DASH ? scanIso(text, start, year, quality, options) : undefined;
}

/**
 * A Cisco uptime stamp at `at`, ended by a colon: `00:00:46`, `1d02h`, `1w2d`, `2y10w`. It dates nothing, and only
 * a header that is known to be Cisco's can tell it from other text.
 */
export function scanUptime(text: string, at: number): ScannedStamp | undefined {
  const marked = text.charCodeAt(at) === ASTERISK || text.charCodeAt(at) === DOT;
  const match = UPTIME.exec(text.slice(at + (marked ? 1 : 0), at + 24));
  if (match === null) return undefined;
  const stamp: Stamp = { quality: 'uptime', zone: 'assumed', yearInferred: false };
  return { stamp, end: at + (marked ? 1 : 0) + match[0].length - 1, form: 'uptime' };
}

const UPTIME = /^(?:\d{1,4}:\d\d:\d\d(?:\.\d{1,9})?|\d{1,4}d\d{1,2}h|\d{1,4}w\d{1,2}d|\d{1,4}y\d{1,2}w):/;

/** `Nov 23 03:00:00`, `Nov 23 2026 03:00:00`; a year that stood in front is passed in. */
function scanBsd(
  text: string,
  at: number,
  yearBefore: number,
  quality: Quality,
  options: DecodeOptions,
): ScannedStamp | undefined {
  const fields = scanBsdFields(text, at, yearBefore);
  if (fields === undefined) return undefined;
  const { end } = fields.time;
  if (!isDelimiter(text.charCodeAt(end))) return undefined;
  const zone = zoneAfter(text, end);
  return { stamp: toStamp(fields, zone, quality, options), end: zone?.end ?? end, form: 'bsd' };
}

function scanBsdFields(text: string, at: number, yearBefore: number): Fields | undefined {
  const monthEnd = monthNameEnd(text, at);
  const month = monthEnd < 0 ? undefined : MONTHS.get(text.slice(at, monthEnd));
  if (month === undefined) return undefined;
  const dayAt = skipSpaces(text, monthEnd);
  const dayEnd = skipDigits(text, dayAt);
  if (dayEnd - dayAt < 1 || dayEnd - dayAt > 2 || text.charCodeAt(dayEnd) !== SPACE) return undefined;
  const day = digitsAt(text, dayAt, dayEnd - dayAt);
  let next = skipSpaces(text, dayEnd);
  let year = yearBefore;
  if (year === NO_YEAR && text.charCodeAt(next + 4) === SPACE) {
    year = digitsAt(text, next, 4);
    if (year === -1) return undefined;
    next = skipSpaces(text, next + 4);
  }
  const time = scanClock(text, next);
  return time && { year, month, day, time };
}

/** Where a word that may be a month's name ends, or -1. */
function monthNameEnd(text: string, at: number): number {
  if (!isUpper(text.charCodeAt(at))) return -1;
  let end = at + 1;
  while (end - at < LONGEST_MONTH && isLower(text.charCodeAt(end))) end++;
  return text.charCodeAt(end) === SPACE ? end : -1;
}

/** asctime(3) and date(1): `Mon Nov 23 03:00:00 2026`, `Mon Nov 23 03:00:00 UTC 2026`. */
function scanCtime(
  text: string,
  at: number,
  quality: Quality,
  options: DecodeOptions,
): ScannedStamp | undefined {
  if (text.charCodeAt(at + 3) !== SPACE || !WEEKDAYS.has(text.slice(at, at + 3))) return undefined;
  const fields = scanBsdFields(text, at + 4, NO_YEAR);
  if (fields === undefined) return undefined;
  const zone = zoneAfter(text, fields.time.end);
  const yearAt = skipSpaces(text, zone?.end ?? fields.time.end);
  const year = digitsAt(text, yearAt, 4);
  const end = yearAt + 4;
  if (year < 0 || !isDelimiter(text.charCodeAt(end))) return undefined;
  return { stamp: toStamp({ ...fields, year }, zone, quality, options), end, form: 'ctime' };
}

/** RFC 3339 5.6 with any number of fraction digits, `T` or a space between, the zone optional. */
function scanIso(
  text: string,
  at: number,
  year: number,
  quality: Quality,
  options: DecodeOptions,
): ScannedStamp | undefined {
  const month = digitsAt(text, at + 5, 2);
  const day = digitsAt(text, at + 8, 2);
  if (month < 0 || day < 0 || text.charCodeAt(at + 7) !== DASH) return undefined;
  const separator = text.charCodeAt(at + 10);
  const spaced = separator === SPACE;
  if (!spaced && separator !== 84 && separator !== 116) return undefined;
  const time = scanClock(text, at + 11);
  if (time === undefined) return undefined;
  const zone = isoZone(text, time.end);
  if (zone === undefined) return undefined;
  const fields = { year, month: month - 1, day, time };
  const stated = zone.minutes === undefined ? undefined : zone;
  return { stamp: toStamp(fields, stated, quality, options), end: zone.end, form: spaced ? 'spaced' : 'iso' };
}

/** The zone glued to an ISO time, or else one after a space; without either its end is the time's. */
function isoZone(text: string, at: number): ScannedZone | undefined {
  const code = text.charCodeAt(at);
  if (code === 90 || code === 122) {
    return isDelimiter(text.charCodeAt(at + 1)) ? { minutes: 0, end: at + 1 } : undefined;
  }
  if (code === 43 || code === DASH) return scanOffset(text, at);
  if (!isDelimiter(code)) return undefined;
  return zoneAfter(text, at) ?? { end: at };
}

function zoneAfter(text: string, at: number): ScannedZone | undefined {
  return text.charCodeAt(at) === SPACE ? scanZone(text, at + 1) : undefined;
}

/** `HH:MM:SS` with `.` or `,` and any number of fraction digits; milliseconds are kept, the rest is cut off. */
function scanClock(text: string, at: number): Clock | undefined {
  if (text.charCodeAt(at + 2) !== COLON || text.charCodeAt(at + 5) !== COLON) return undefined;
  const hour = digitsAt(text, at, 2);
  const minute = digitsAt(text, at + 3, 2);
  const second = digitsAt(text, at + 6, 2);
  if (hour < 0 || minute < 0 || second < 0) return undefined;
  const point = at + 8;
  const code = text.charCodeAt(point);
  if ((code !== DOT && code !== 44) || !isDigit(text.charCodeAt(point + 1))) {
    return { hour, minute, second, ms: 0, end: point };
  }
  const end = skipDigits(text, point + 1);
  const ms = Number(text.slice(point + 1, Math.min(end, point + 4)).padEnd(3, '0'));
  return { hour, minute, second, ms, end };
}
