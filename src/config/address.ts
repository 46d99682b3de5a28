/** What is wrong with an address that is none. */
export const NO_ADDRESS = 'no such address: a host behind //, and a port up to 65535 behind a colon, if any';

/** Whether a word is no URL at all, or one with a host and a port there can be. */
export function isAddress(word: string): boolean {
  return !word.includes('://') || (URL.canParse(word) && new URL(word).hostname !== '');
}
