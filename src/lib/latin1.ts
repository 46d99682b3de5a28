/** What UTF-8 decoding puts in the place of octets that are none. */
const REPLACED = asLatin1('\ufffd');

/** A decoded text as its octets again, one character each; nothing for none. */
export function asLatin1(text: string | undefined): string {
  return text === undefined ? '' : Buffer.from(text, 'utf8').toString('latin1');
}

/** What every line that holds `octets` (of `asLatin1`) surely has: nothing where they were no valid UTF-8. */
export function searchable(octets: string): string {
  return octets.includes(REPLACED) ? '' : octets;
}
