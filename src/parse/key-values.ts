/** More than any line has; what a hostile line holds beyond them is not read. */
const MOST_FIELDS = 256;

const SPACE = 32;
const QUOTE = 34;
const EQUALS = 61;
const BACKSLASH = 92;

/** What fields say of themselves that makes it uncertain which of them the device wrote. */
export interface Contradictions {
  /** Keys that have another value further on: one of the two is what a stranger wrote, and nothing says which. */
  readonly contradicted: ReadonlySet<string>;
  /** There are more fields than any line has, and some were not read. */
  readonly overfull: boolean;
}

/** The fields of a `key=value key="quoted value"` line. */
export interface KeyValues extends Contradictions {
  /** First value of every key, quotes taken off. */
  readonly fields: ReadonlyMap<string, string>;
  /** The key whose value the line ends in: a cut line has lost the end of that value. */
  readonly lastKey?: string;
}

/**
 * Reads `key=value` words from the start of a text. A value in quotes may hold anything, `\"` for a quote; any other ends at
 * the next blank. Words without `=` are passed over. A quote that is never closed belongs to a cut line: its field is none.
 */
export function keyValues(text: string): KeyValues {
  const fields = new Map<string, string>();
  const contradicted = new Set<string>();
  let lastKey: string | undefined;
  for (let at = 0; at < text.length && fields.size < MOST_FIELDS; ) {
    if (text.charCodeAt(at) === SPACE) {
      at++;
      continue;
    }
    const keyEnd = endOfKey(text, at);
    if (text.charCodeAt(keyEnd) !== EQUALS) {
      at = keyEnd;
      continue;
    }
    const key = text.slice(at, keyEnd);
    const quoted = text.charCodeAt(keyEnd + 1) === QUOTE;
    const from = keyEnd + (quoted ? 2 : 1);
    const end = quoted ? endOfQuote(text, from) : endOfWord(text, from);
    lastKey = key;
    const known = fields.get(key);
    if (known !== undefined && !(known.length === end - from && text.startsWith(known, from)))
      contradicted.add(key);
    if (end < 0) break;
    if (known === undefined) fields.set(key, text.slice(from, end));
    at = quoted ? end + 1 : end;
  }
  const overfull = fields.size >= MOST_FIELDS;
  return { fields, contradicted, overfull, ...(lastKey === undefined ? {} : { lastKey }) };
}

/** Why the fields can not be believed where these keys matter; undefined when they can. */
export function contradictionIn(
  { contradicted, overfull }: Contradictions,
  keys: readonly string[],
): string | undefined {
  if (overfull) return 'more fields than any line has';
  const twice = keys.find((key) => contradicted.has(key));
  return twice === undefined ? undefined : `${twice} has two values`;
}

/** Index of the `=` or blank that ends a word, or of the text's end. */
function endOfKey(text: string, at: number): number {
  let end = at;
  while (end < text.length && text.charCodeAt(end) !== EQUALS && text.charCodeAt(end) !== SPACE) end++;
  return end;
}

function endOfWord(text: string, from: number): number {
  const end = text.indexOf(' ', from);
  return end < 0 ? text.length : end;
}

/** Index of the closing quote, or -1. */
function endOfQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}
