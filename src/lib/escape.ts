/**
 * Characters that move a cursor, end a line, reverse the reading order or show nothing at all: controls (C0, DEL, C1),
 * format characters (bidi, zero width, soft hyphen), line and paragraph separators, lone surrogates, and whatever else
 * Unicode calls ignorable. With the `u` flag `\p{Cs}` matches lone surrogates only.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The beginning of an escape that a cut has left without its end. */
const TORN_ESCAPE = /\\(?:x[0-9a-f]?|u[0-9a-f]{0,3}|u\{[0-9a-f]{0,5})?$/;

/**
 * Text safe to show in a terminal, a mail or a log: every unsafe character becomes a visible escape (`\x1b`, `\u202e`,
 * `\u{e0001}`), everything else stays. With `max` the result has at most that many UTF-16 units and ends in `…` when cut.
 */
export function visible(text: string, max = Number.POSITIVE_INFINITY): string {
  // Escaping never shortens, so what lies beyond the bound needs no look.
  const shown = (text.length > max ? text.slice(0, max + 1) : text).replace(UNSAFE, escapeOf);
  return shown.length > max ? cut(shown, max) : shown;
}

/** As `visible`, for places that hold one line: white space of every kind, line breaks included, becomes single spaces. */
export function oneLine(text: string, max: number): string {
  // Collapsing shortens, so the bound on the work is generous: four times what can be shown.
  return visible(
    text
      .slice(0, max * 4)
      .replace(/\s+/g, ' ')
      .trim(),
    max,
  );
}

/** Text as HTML character data, safe in elements and in quoted attributes. It does not replace `visible`. */
export function html(text: string): string {
  return text.replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A value as JSON on one line in which nothing unsafe is left: what JSON lets pass becomes `\uXXXX`. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (c) =>
    Array.from({ length: c.length }, (_, i) => `\\u${hex(c.charCodeAt(i), 4)}`).join(''),
  );
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 0)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

function cut(shown: string, max: number): string {
  if (max < 1) return '';
  const kept = shown.slice(0, max - 1).replace(TORN_ESCAPE, '');
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}
