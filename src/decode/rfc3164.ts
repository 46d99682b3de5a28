import { type DecodeOptions, type Header, moveToRelay, relayOf, setHostname } from './header.ts';
import { scanMnemonicHeader } from './mnemonic-header.ts';
import { scanBracketedPriority, scanPri, setPriority } from './pri.ts';
import { isRfc5424, scanRfc5424 } from './rfc5424.ts';
import {
  CLOSE,
  COLON,
  GREATER,
  isDigit,
  isLower,
  isUpper,
  LESS,
  OPEN,
  SPACE,
  skipDigits,
  skipSpaces,
  wordEnd,
} from './scan.ts';
import { hasTagWithPid, scanTag } from './tag.ts';
import { type ScannedStamp, scanStamp } from './timestamp.ts';

/** Device, relay, and a relay of relays; what is stacked higher is message text. */
const MAX_HEADERS = 3;

/**
 * Reads `[TIMESTAMP [HOST]] [TAG]` (RFC 3164 4.1 and what devices make of it) from `start` into the header and gives
 * the position where the message begins. A header that a relay put in front of another one goes to `header.relay`.
 * Nothing is taken from the message unless it has the shape of a host name or tag in its place.
 */
export function scanRfc3164(text: string, start: number, options: DecodeOptions, header: Header): number {
  let at = skipSpaces(text, start);
  let scanned = scanStamp(text, at, options);
  if (scanned === undefined || !isHeaderStamp(text, scanned)) return scanWithoutStamp(text, at, header);
  for (let depth = 1; ; depth++) {
    header.timestamp = scanned.stamp;
    at = scanAfterStamp(text, scanned, header);
    if (depth === MAX_HEADERS || header.appName !== undefined) return at;
    const inner = afterInnerPri(text, at);
    if (isRfc5424(text, inner)) return scanInner5424(text, at, inner, options, header);
    if (inner > at) {
      const percent = scanMnemonicHeader(text, inner, options, header);
      if (percent >= 0) return takeInnerPri(text, at, percent, header);
    }
    scanned = scanStamp(text, inner, options);
    if (scanned === undefined || !isHeaderStamp(text, scanned)) return at;
    if (inner > at) scanPri(text, at, header);
    moveToRelay(header);
  }
}

/** Where the device's header begins in a line that a relay forwarded with its PRI: `relay <4>Nov 23 ...`. */
function afterInnerPri(text: string, at: number): number {
  if (text.charCodeAt(at) !== LESS) return at;
  const digits = skipDigits(text, at + 1);
  if (digits === at + 1 || digits > at + 4 || text.charCodeAt(digits) !== GREATER) return at;
  return skipSpaces(text, digits + 1);
}

/** The device's own facility and severity count, not those the relay gave the line. */
function takeInnerPri(text: string, at: number, messageAt: number, header: Header): number {
  scanPri(text, at, header);
  return messageAt;
}

/** A relay that does not know RFC 5424 takes such a line for the text of a message. */
function scanInner5424(
  text: string,
  at: number,
  inner: number,
  options: DecodeOptions,
  header: Header,
): number {
  const { timestamp, hostname } = header;
  const messageAt = scanRfc5424(text, inner, options, header);
  if (messageAt < 0) return at;
  scanPri(text, at, header);
  header.relay ??= relayOf(timestamp, hostname);
  return messageAt;
}

/** Tables of data begin with `2026-11-23 03:00:00` too: with a space inside, only a host and a tag make it a header. */
function isHeaderStamp(text: string, scanned: ScannedStamp): boolean {
  if (scanned.form !== 'spaced') return true;
  const hostAt = skipSpaces(text, scanned.end);
  if (beginsMessage(text, hostAt)) return true;
  const host = wordEnd(text, hostAt);
  return isHostname(text, hostAt, host) && scanTag(text, skipSpaces(text, host)) !== undefined;
}

/** Host and tag, either of which may be missing; gives the start of what follows. */
function scanAfterStamp(text: string, scanned: ScannedStamp, header: Header): number {
  let at = skipSpaces(text, scanned.end);
  // `Nov 23 03:00:00: text` and `... UTC: tag: text` name no host.
  if (text.charCodeAt(at) === COLON) return scanProgram(text, skipSpaces(text, at + 1), header);
  if (scanned.form === 'ctime') at = scanPriorityWord(text, at, header);
  const bracketed = scanBracketedPriority(text, at, header);
  if (bracketed > 0) at = skipSpaces(text, bracketed);
  at = scanHost(text, at, header);
  return scanProgram(text, at, header);
}

/** OpenWrt's logread: `kern.warn` between time and tag, and no host. */
function scanPriorityWord(text: string, at: number, header: Header): number {
  const end = wordEnd(text, at);
  if (end - at > 24 || !setPriority(text.slice(at, end), header)) return at;
  return skipSpaces(text, end);
}

/** Steps over a host name, also one written twice; gives `at` when there is none. */
function scanHost(text: string, at: number, header: Header): number {
  if (beginsMessage(text, at)) return at;
  const end = wordEnd(text, at);
  const next = skipSpaces(text, end);
  if (next === text.length) return at;
  const named = isLabelledHost(text, at, end, next) ? end - 1 : end;
  if (named === end && (!isHostname(text, at, end) || scanTag(text, at) !== undefined)) return at;
  const hostname = text.slice(at, named);
  setHostname(header, hostname);
  return skipRepeatedHost(text, next, hostname);
}

/** UniFi access points: `U7PG2,788a20000001,v4.0.66: logread[5495]: text`; a tag has no comma. */
function isLabelledHost(text: string, at: number, end: number, next: number): boolean {
  if (text.charCodeAt(end - 1) !== COLON || end - at > 128) return false;
  return text.slice(at, end).includes(',') && hasTagWithPid(text, next);
}

function skipRepeatedHost(text: string, at: number, hostname: string): number {
  const end = wordEnd(text, at);
  if (end === text.length || text.charCodeAt(at) !== hostname.charCodeAt(0)) return at;
  const second = text.slice(at, end);
  const same = second === hostname || second.startsWith(`${hostname}.`) || hostname.startsWith(`${second}.`);
  return same ? skipSpaces(text, end) : at;
}

/** Reads the tag, when there is one. */
function scanProgram(text: string, at: number, header: Header): number {
  const tag = scanTag(text, at);
  if (tag === undefined) return at;
  header.appName = tag.name;
  if (tag.pid !== undefined) header.procId = tag.pid;
  return tag.end;
}

/**
 * Lines without a stamp: `sshd[1]: text`, `gw1 sshd[1]: text` (journal exports), `kernel: text`. A bare word before
 * a colon is a tag only in lower case, as programs are named; `ERROR: text` is a message.
 */
function scanWithoutStamp(text: string, at: number, header: Header): number {
  const code = text.charCodeAt(at);
  if (isLower(code) || code === 47 || hasTagWithPid(text, at)) {
    const end = scanProgram(text, at, header);
    if (end > at) return end;
  }
  const host = wordEnd(text, at);
  const tagAt = skipSpaces(text, host);
  if (!hasTagWithPid(text, tagAt) || !isHostname(text, at, host)) return at;
  setHostname(header, text.slice(at, host));
  return scanProgram(text, tagAt, header);
}

const MESSAGE_BEGINNINGS = [
  'last message repeated ',
  'message repeated ',
  '--- last message repeated ',
  'CEF:',
  'LEEF:',
  'Scan from: [',
];

/** Texts that are a message wherever they stand; `rule 4/(match)` is tcpdump's reading of pflog, `Scan from: [` portsentry's. */
function beginsMessage(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === 114) return /^rule \d/.test(text.slice(at, at + 6));
  if (code !== 108 && code !== 109 && code !== 45 && code !== 67 && code !== 76 && code !== 83) return false;
  return MESSAGE_BEGINNINGS.some((beginning) => text.startsWith(beginning, at));
}

/** What attackers and administrators call hosts: nearly anything but the punctuation of records and sentences. */
function isHostname(text: string, from: number, to: number): boolean {
  if (to === from) return false;
  if (text.charCodeAt(from) === OPEN) return isBracketedAddress(text, from, to);
  if (text.charCodeAt(to - 1) === COLON && text.charCodeAt(to - 2) !== COLON) return false;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!isUpper(code) && !isLower(code) && !isDigit(code) && isNoHostChar(code)) return false;
  }
  return true;
}

function isNoHostChar(code: number): boolean {
  return code <= SPACE || code === 127 || NO_HOST.has(code);
}

const NO_HOST: ReadonlySet<number> = new Set([...'"\'`,;=<>(){}|\\'].map((char) => char.charCodeAt(0)));

/** `[2001:db8::1]` */
function isBracketedAddress(text: string, from: number, to: number): boolean {
  if (text.charCodeAt(to - 1) !== CLOSE || to - from > 64) return false;
  return /^\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]$/.test(text.slice(from, to));
}
