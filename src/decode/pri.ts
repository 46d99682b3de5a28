import type { Header } from './header.ts';
import { GREATER, isDigit, LESS, skipDigits } from './scan.ts';

/** RFC 5424 table 1, as syslog.conf(5) spells the names. */
const FACILITIES = new Map(
  (
    'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console cron2 ' +
    'local0 local1 local2 local3 local4 local5 local6 local7'
  )
    .split(' ')
    .map((name, code): [string, number] => [name, code]),
);

/** RFC 5424 table 2, with the older names some syslogds still write. */
const SEVERITIES = new Map<string, number>([
  ['emerg', 0],
  ['panic', 0],
  ['alert', 1],
  ['crit', 2],
  ['err', 3],
  ['error', 3],
  ['warning', 4],
  ['warn', 4],
  ['notice', 5],
  ['info', 6],
  ['debug', 7],
]);

/** A facility and severity as people write them: `local7.info`. */
export function priName(facility: number, severity: number): string {
  const nameIn = (names: ReadonlyMap<string, number>, code: number) =>
    [...names].find(([, value]) => value === code)?.[0] ?? String(code);
  return `${nameIn(FACILITIES, facility)}.${nameIn(SEVERITIES, severity)}`;
}

/** A malformed `<...>` longer than this is message text that happens to begin with `<`. */
const MAX_INVALID = 16;

/**
 * Reads the PRI at the start of a line into the header and gives the position after it.
 * RFC 5424 6.2.1: one to three digits without leading zeros, at most 191. A malformed one is stepped over, so that
 * the body can still be read, and the header keeps user.notice (RFC 3164 4.3.3) with `pri: 'invalid'`.
 */
export function scanPri(text: string, at: number, header: Header): number {
  if (text.charCodeAt(at) !== LESS) return at;
  const digits = skipDigits(text, at + 1);
  if (text.charCodeAt(digits) === GREATER) {
    const value = priValue(text, at + 1, digits);
    if (value < 0) header.pri = 'invalid';
    else state(header, value >> 3, value & 7);
    return digits + 1;
  }
  header.pri = 'invalid';
  return afterMalformed(text, at, digits);
}

/**
 * Reads `<4.3>` or `<auth.info>`, which FreeBSD's syslogd -v and -vv write after the time, and gives the position
 * after it, or -1. A PRI on the wire, valid or not, is not overruled.
 */
export function scanBracketedPriority(text: string, at: number, header: Header): number {
  if (text.charCodeAt(at) !== LESS) return -1;
  const end = text.indexOf('>', at);
  if (end < 0 || end - at > 24) return -1;
  return setPriority(text.slice(at + 1, end), header) ? end + 1 : -1;
}

/** Takes `facility.severity`, names or numbers, into a header without a PRI of its own. False when it is none. */
export function setPriority(word: string, header: Header): boolean {
  const dot = word.indexOf('.');
  if (dot <= 0) return false;
  const facility = code(word.slice(0, dot), FACILITIES, 23);
  const severity = code(word.slice(dot + 1), SEVERITIES, 7);
  if (facility < 0 || severity < 0) return false;
  if (header.pri === 'missing') state(header, facility, severity);
  return true;
}

function state(header: Header, facility: number, severity: number): void {
  header.facility = facility;
  header.severity = severity;
  header.pri = 'stated';
}

function priValue(text: string, from: number, to: number): number {
  const length = to - from;
  if (length < 1 || length > 3 || (length > 1 && text.charCodeAt(from) === 48)) return -1;
  const value = Number(text.slice(from, to));
  return value <= 191 ? value : -1;
}

function afterMalformed(text: string, at: number, digits: number): number {
  for (let i = at + 1; i <= at + MAX_INVALID && i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === GREATER) return i + 1;
    if (c <= 32 || c === LESS) break;
  }
  // `<13Nov 23`: the bracket never closes.
  return digits > at + 1 ? digits : at;
}

function code(word: string, names: ReadonlyMap<string, number>, highest: number): number {
  if (!isDigit(word.charCodeAt(0))) return names.get(word) ?? -1;
  const value = /^\d{1,2}$/.test(word) ? Number(word) : -1;
  return value <= highest ? value : -1;
}
