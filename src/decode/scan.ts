export const SPACE = 32;
export const PERCENT = 37;
export const ASTERISK = 42;
export const DASH = 45;
export const DOT = 46;
export const COLON = 58;
export const LESS = 60;
export const GREATER = 62;
export const OPEN = 91;
export const CLOSE = 93;

/** Whether a char code is an ASCII digit; NaN (past the end) is none. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

export function isLower(code: number): boolean {
  return code >= 97 && code <= 122;
}

/** The first position at or after `at` that is neither space nor tab. */
export function skipSpaces(text: string, at: number): number {
  let i = at;
  for (let code = text.charCodeAt(i); code === SPACE || code === 9; code = text.charCodeAt(i)) i++;
  return i;
}

/** The first position at or after `at` that is no digit. */
export function skipDigits(text: string, at: number): number {
  let i = at;
  while (isDigit(text.charCodeAt(i))) i++;
  return i;
}

/** Where the word at `at` ends: the next space, or the end of the text. */
export function wordEnd(text: string, at: number): number {
  const space = text.indexOf(' ', at);
  return space < 0 ? text.length : space;
}

/** Exactly `count` digits at `at` as a number, or -1. */
export function digitsAt(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return -1;
    value = value * 10 + code - 48;
  }
  return value;
}
