import type { Stamp } from '../types.ts';
import { type DecodeOptions, type Header, setHostname } from './header.ts';
import { scanMnemonicHeader } from './mnemonic-header.ts';
import { CLOSE, COLON, DASH, digitsAt, OPEN, SPACE, wordEnd } from './scan.ts';
import { scanStamp } from './timestamp.ts';

/** Three times what RFC 5424 6.2.6 allows PROCID, the longest of the fields: longer ones are cut. */
const MAX_FIELD = 384;

type StructuredData = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Whether an RFC 5424 header (6.2: version 1, then a date or `-`) begins at `at`. */
export function isRfc5424(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== 49 || text.charCodeAt(at + 1) !== SPACE) return false;
  if (text.charCodeAt(at + 2) === DASH) return text.charCodeAt(at + 3) === SPACE;
  return digitsAt(text, at + 2, 4) >= 0 && text.charCodeAt(at + 6) === DASH;
}

/**
 * Reads the header and structured data of RFC 5424 6 from the version digit on and gives the position where MSG
 * begins. An impossible date leaves a stamp of quality `invalid`; structured data that is malformed or never closed
 * is left standing at the start of the message. Gives -1 when the fields are no RFC 5424 header at all (some
 * devices write a BSD tag where HOSTNAME belongs).
 */
export function scanRfc5424(text: string, at: number, options: DecodeOptions, header: Header): number {
  const stampEnd = wordEnd(text, at + 2);
  const fields: string[] = [];
  let next = stampEnd + 1;
  while (fields.length < 4 && next < text.length) {
    const end = wordEnd(text, next);
    fields.push(text.slice(next, Math.min(end, next + MAX_FIELD)));
    next = end + 1;
  }
  if (fields.length < 4 || fields[0]!.endsWith(':') || isTagged(fields[1]!)) return -1;
  if (text.charCodeAt(stampEnd - 1) === COLON) return -1;
  if (!mayBeStructuredData(text.charCodeAt(next)) && /:$|,/.test(fields[1]!)) return -1;
  const stamp = stampOf(text, at + 2, stampEnd, options);
  if (stamp !== undefined) header.timestamp = stamp;
  setHostname(header, fields[0]!);
  setField(header, 'appName', fields[1]!);
  setField(header, 'procId', fields[2]!);
  setField(header, 'msgId', fields[3]!);
  return scanMessage(text, scanStructuredData(text, next, header), options, header);
}

/** `sshd[123]:` or ASA's lone colon in the place of APP-NAME: a BSD line with a version in front. */
function isTagged(appName: string): boolean {
  return appName === ':' || appName.endsWith(']:');
}

/** Where neither follows, the fields are missing; a tag's colon or a record's comma then shows what the words are. */
function mayBeStructuredData(code: number): boolean {
  return code === DASH || code === OPEN || Number.isNaN(code);
}

function setField(header: Header, name: 'appName' | 'procId' | 'msgId', value: string): void {
  if (value !== '-' && value !== '') header[name] = value;
}

function stampOf(text: string, at: number, end: number, options: DecodeOptions): Stamp | undefined {
  if (text.charCodeAt(at) === DASH) return undefined;
  const scanned = scanStamp(text, at, options);
  if (scanned?.end === end) return scanned.stamp;
  return { quality: 'invalid', zone: 'assumed', yearInferred: false };
}

/** A relay that rewrites Cisco lines to RFC 5424 without knowing them leaves their header in MSG. */
function scanMessage(text: string, at: number, options: DecodeOptions, header: Header): number {
  if (header.appName !== undefined) return at;
  const percent = scanMnemonicHeader(text, at, options, header);
  return percent < 0 ? at : percent;
}

/** RFC 5424 6.3; gives the start of MSG, or `at` itself when what stands there is no structured data. */
function scanStructuredData(text: string, at: number, header: Header): number {
  if (text.charCodeAt(at) === DASH) return endOfData(text, at + 1) ?? at;
  const data = new Map<string, Map<string, string>>();
  let next = at;
  while (text.charCodeAt(next) === OPEN) {
    next = scanElement(text, next, data);
    if (next < 0) return at;
  }
  const end = endOfData(text, next);
  if (end === undefined || next === at) return at;
  header.structuredData = data satisfies StructuredData;
  return end;
}

/** A space or nothing follows structured data; otherwise it was none. */
function endOfData(text: string, at: number): number | undefined {
  if (at >= text.length) return text.length;
  return text.charCodeAt(at) === SPACE ? at + 1 : undefined;
}

/** One `[SD-ID NAME="VALUE" ...]`; the position after it, or -1. Of a name written twice the first value counts. */
function scanElement(text: string, open: number, data: Map<string, Map<string, string>>): number {
  let at = nameEnd(text, open + 1);
  if (at === open + 1) return -1;
  const id = text.slice(open + 1, at);
  const parameters = data.get(id) ?? new Map<string, string>();
  data.set(id, parameters);
  while (text.charCodeAt(at) === SPACE) {
    while (text.charCodeAt(at) === SPACE) at++;
    if (text.charCodeAt(at) === CLOSE) break;
    const equals = nameEnd(text, at);
    if (equals === at || text.charCodeAt(equals) !== 61 || text.charCodeAt(equals + 1) !== QUOTE) return -1;
    const quote = valueEnd(text, equals + 2);
    if (quote < 0) return -1;
    const name = text.slice(at, equals);
    if (!parameters.has(name)) parameters.set(name, unescaped(text.slice(equals + 2, quote)));
    at = quote + 1;
  }
  return text.charCodeAt(at) === CLOSE ? at + 1 : -1;
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Where an SD-NAME ends: at `=`, space, `]` or `"` (RFC 5424 6.3.2). */
function nameEnd(text: string, at: number): number {
  let i = at;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= SPACE || code === 61 || code === CLOSE || code === QUOTE) break;
  }
  return i;
}

/** The quote that closes a value; a `]` inside should be escaped but often is not. */
function valueEnd(text: string, at: number): number {
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return -1;
}

/** RFC 5424 6.3.3: only `\"`, `\\` and `\]` are escapes; any other backslash stands for itself. */
function unescaped(value: string): string {
  return value.includes('\\') ? value.replace(/\\(["\\\]])/g, '$1') : value;
}
