import type { SyslogMessage } from '../types.ts';
import type { Contradictions } from './key-values.ts';

/** A CEF event: its header, and what its extension says. Every text is unescaped. */
export interface CefEvent extends Contradictions {
  readonly vendor: string;
  readonly product: string;
  readonly deviceVersion: string;
  /** Number or word of the kind of event. */
  readonly signature: string;
  readonly name: string;
  readonly severity: string;
  /** First value of every key, in the line's order: the last value is the one a cut line has lost the end of. */
  readonly fields: ReadonlyMap<string, string>;
}

/** `CEF:0|`, behind a tag of that name or in place of one; collectors lose the word now and then. */
const START = /^\s{0,4}(?:CEF: ?)?[01]\|/;

/** Vendor, product, version, signature, name, severity. */
const HEADER_FIELDS = 6;

/** More than any event has; what a hostile line holds beyond them is not read. */
const MOST_FIELDS = 256;

const BACKSLASH = 92;
const PIPE = 124;
const EQUALS = 61;
const SPACE = 32;

/**
 * Reads a message in ArcSight's Common Event Format (Micro Focus "Implementing ArcSight Common Event Format", version 26):
 * `CEF:0|vendor|product|version|signature|name|severity|key=value key=value`. In the header `|` and `\` are escaped, in the
 * extension `=` and `\`; values hold blanks and end in front of the next key. Undefined when the message is no CEF, and for
 * CEF behind another program's tag: that program quotes it.
 */
export function readCef(message: SyslogMessage): CefEvent | undefined {
  if (message.appName !== undefined && message.appName.toLowerCase() !== 'cef') return undefined;
  const text = message.message;
  const start = START.exec(text);
  if (start === null) return undefined;
  const header: string[] = [];
  let from = start[0].length;
  for (let at = from; at < text.length && header.length < HEADER_FIELDS; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === PIPE) {
      header.push(unescaped(text.slice(from, at)));
      from = at + 1;
    }
  }
  if (header.length < HEADER_FIELDS) return undefined;
  const [vendor = '', product = '', deviceVersion = '', signature = '', name = '', severity = ''] = header;
  return { vendor, product, deviceVersion, signature, name, severity, ...fieldsOf(text, from) };
}

/** A key is a word of its own in front of an unescaped `=`; any other `=` is a part of the value it stands in. */
function fieldsOf(text: string, from: number): Pick<CefEvent, 'fields' | keyof Contradictions> {
  const fields = new Map<string, string>();
  const contradicted = new Set<string>();
  let key: string | undefined;
  let valueAt = from;
  let wordAt = from;
  let isKey = true;
  const keep = (end: number) => {
    if (key === undefined || contradicted.has(key)) return;
    const value = unescaped(text.slice(valueAt, end).trimEnd());
    if (!fields.has(key)) fields.set(key, value);
    else if (fields.get(key) !== value) contradicted.add(key);
  };
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === SPACE) {
      wordAt = at + 1;
      isKey = true;
    } else if (code === EQUALS && isKey && at > wordAt) {
      keep(wordAt);
      if (fields.size >= MOST_FIELDS) return { fields, contradicted, overfull: true };
      key = text.slice(wordAt, at);
      valueAt = at + 1;
      isKey = false;
    } else if (!isKeyCharacter(code)) {
      isKey = false;
      if (code === BACKSLASH) at++;
    }
  }
  keep(text.length);
  return { fields, contradicted, overfull: false };
}

/** Letters, digits, and `_ . - [ ]`. */
function isKeyCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 91) ||
    (code >= 48 && code <= 57) ||
    code === 93 ||
    code === 95 ||
    code === 45 ||
    code === 46
  );
}

/** What CEF escapes; any other backslash is one, and not joined to what stands around it. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\', '=': '=', '|': '|' };

function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\([nr\\=|])/g, (_, character: string) => ESCAPES[character]!)
    : text;
}
