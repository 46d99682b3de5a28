/** `1 host`, `3 hosts`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** `a, b, c and 4 more`; all of them while there are at most `max`. */
export function listOf(items: readonly string[], max: number): string {
  if (items.length <= max) return items.join(', ');
  return `${items.slice(0, max).join(', ')} and ${items.length - max} more`;
}

/** `a`, `a and b`, `a, b and c`. */
export function andList(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** A remark as a sentence: a capital letter in front, a full stop behind. */
export function asSentence(text: string): string {
  const trimmed = text.trim();
  const end = /[.!?…]$/.test(trimmed) ? '' : '.';
  return trimmed === '' ? '' : `${trimmed[0]!.toUpperCase()}${trimmed.slice(1)}${end}`;
}

const UNITS = [
  { seconds: 86_400, word: 'day' },
  { seconds: 3_600, word: 'hour' },
  { seconds: 60, word: 'minute' },
  { seconds: 1, word: 'second' },
] as const;

/** A duration in words, its two largest units: `9 seconds`, `2 hours 5 minutes`. Never less than a second: logs know no finer. */
export function longDuration(ms: number): string {
  return largestUnits(ms)
    .map(([count, unit]) => plural(count, unit.word))
    .join(' ');
}

function largestUnits(ms: number): [number, (typeof UNITS)[number]][] {
  const total = Math.max(1, Math.round(ms / 1000));
  const first = UNITS.findIndex((unit) => total >= unit.seconds);
  const large = UNITS[first]!;
  const parts: [number, (typeof UNITS)[number]][] = [[Math.floor(total / large.seconds), large]];
  const small = UNITS[first + 1];
  if (small !== undefined) {
    const rest = Math.floor((total % large.seconds) / small.seconds);
    if (rest > 0) parts.push([rest, small]);
  }
  return parts;
}

/** Breaks prose at spaces into lines of at most `width` characters; a longer word stays whole on a line of its own. */
export function wrap(text: string, width: number, indent = '', hanging = indent): string[] {
  const lines: string[] = [];
  let line = indent;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = hanging;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  lines.push(line);
  return lines;
}

/** Splits lines longer than `octets` of UTF-8 between characters (RFC 5322 2.1.1 allows 998 octets a line). */
export function hardWrap(text: string, octets: number): string {
  return text
    .split('\n')
    .map((line) => (Buffer.byteLength(line) <= octets ? line : splitAt(line, octets)))
    .join('\n');
}

function splitAt(line: string, octets: number): string {
  let out = '';
  let used = 0;
  for (const char of line) {
    const size = Buffer.byteLength(char);
    if (used + size > octets) {
      out += '\n';
      used = 0;
    }
    out += char;
    used += size;
  }
  return out;
}
