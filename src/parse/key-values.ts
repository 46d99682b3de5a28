/** More than any line has; what a hostile line holds beyond them is not read. */
const MOST_FIELDS = 256;

const SPACE = 32;
const QUOTE = 34;
const EQUALS = 61;
const BACKSLASH = 92;

/** The fields of a `key=value key="quoted value"` line. */
export interface KeyValues {
  /** First value of every key, quotes taken off: the device's own fields stand in front of what strangers sent. */
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
    if (end < 0) break;
    if (!fields.has(key)) fields.set(key, text.slice(from, end));
    at = quoted ? end + 1 : end;
  }
  return lastKey === undefined ? { fields } : { fields, lastKey };
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
