import { COLON, isDigit, isUpper, SPACE } from './scan.ts';

/** Minutes ahead of UTC. Where an abbreviation has several meanings the one network devices document is taken. */
const OFFSETS: ReadonlyMap<string, number> = new Map([
  ['UTC', 0],
  ['GMT', 0],
  ['Z', 0],
  ['WET', 0],
  ['WEST', 60],
  ['BST', 60],
  ['CET', 60],
  ['MET', 60],
  ['CEST', 120],
  ['MEST', 120],
  ['EET', 120],
  ['EEST', 180],
  ['MSK', 180],
  ['SGT', 480],
  ['HKT', 480],
  ['AWST', 480],
  ['JST', 540],
  ['KST', 540],
  ['ACST', 570],
  ['AEST', 600],
  ['ACDT', 630],
  ['AEDT', 660],
  ['NZST', 720],
  ['NZDT', 780],
  ['EDT', -240],
  ['EST', -300],
  ['CDT', -300],
  ['CST', -360],
  ['MDT', -360],
  ['MST', -420],
  ['PDT', -420],
  ['PST', -480],
  ['AKDT', -480],
  ['AKST', -540],
  ['HST', -600],
]);

/** A zone name that is one, but of India, Israel or Ireland: consumed, its offset assumed. */
const AMBIGUOUS = 'IST';

/** A zone found in the text. `minutes` is absent when the name does not settle it, NaN when it is impossible. */
export interface ScannedZone {
  readonly minutes?: number;
  readonly end: number;
}

/** A well-known zone abbreviation or `+hh:mm` / `+hhmm` standing as a word of its own (or before a colon) at `at`. */
export function scanZone(text: string, at: number): ScannedZone | undefined {
  const first = text.charCodeAt(at);
  if (first === 43 || first === 45) return scanOffset(text, at);
  let end = at;
  while (isUpper(text.charCodeAt(end))) end++;
  if (end === at || end - at > 4 || !isDelimiter(text.charCodeAt(end))) return undefined;
  const name = text.slice(at, end);
  const minutes = OFFSETS.get(name);
  if (minutes !== undefined) return { minutes, end };
  return name === AMBIGUOUS ? { end } : undefined;
}

/** RFC 3339 `time-numoffset`, also without its colon or minutes (`+0200`, `+02`), ended by a delimiter. */
export function scanOffset(text: string, at: number): ScannedZone | undefined {
  const sign = text.charCodeAt(at) === 45 ? -1 : 1;
  if (!isDigit(text.charCodeAt(at + 1)) || !isDigit(text.charCodeAt(at + 2))) return undefined;
  const hours = Number(text.slice(at + 1, at + 3));
  let end = at + 3;
  const colon = text.charCodeAt(end) === COLON ? 1 : 0;
  let minutes = 0;
  if (isDigit(text.charCodeAt(end + colon)) && isDigit(text.charCodeAt(end + colon + 1))) {
    minutes = Number(text.slice(end + colon, end + colon + 2));
    end += colon + 2;
  }
  if (!isDelimiter(text.charCodeAt(end))) return undefined;
  const possible = hours < 24 && minutes < 60;
  return { minutes: possible ? sign * (hours * 60 + minutes) : Number.NaN, end };
}

/** Whether a stamp or zone may end before this char: a space, a tab, a colon, or the end of the text (NaN). */
export function isDelimiter(code: number): boolean {
  return code === SPACE || code === COLON || code === 9 || Number.isNaN(code);
}
