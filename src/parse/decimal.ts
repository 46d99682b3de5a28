/**
 * An unsigned decimal number as devices print it, or -1: digits only, no sign, no leading zero, not above `max`.
 * `143abc`, `0x8f`, `1e3`, ` 143` and `00143` are no numbers here.
 */
export function decimal(text: string, max: number): number {
  return decimalBetween(text, 0, text.length, max);
}

/** The same for the part of a text from `from` up to, not including, `to`. */
export function decimalBetween(text: string, from: number, to: number, max: number): number {
  const length = to - from;
  if (length <= 0 || length > 10 || (length > 1 && text.charCodeAt(from) === 48)) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value <= max ? value : -1;
}

/** Largest values of the header fields firewalls log. */
export const UINT8 = 0xff;
export const UINT16 = 0xffff;
export const UINT32 = 0xffffffff;
