import { flagBits, flagsOf } from '../lib/tcp-flags.ts';
import type { TcpFlag } from '../types.ts';

/** Flag letters of tcpdump and filterlog; tcpdump writes CWR as `W` and, since 4.0, ACK as `.`. */
const LETTERS: ReadonlyMap<string, TcpFlag> = new Map([
  ['F', 'FIN'],
  ['S', 'SYN'],
  ['R', 'RST'],
  ['P', 'PSH'],
  ['A', 'ACK'],
  ['.', 'ACK'],
  ['U', 'URG'],
  ['E', 'ECE'],
  ['C', 'CWR'],
  ['W', 'CWR'],
]);

/** TCP flags by their letters, lowest bit first. Undefined when one of them is no flag. */
export function flagsOfLetters(letters: string): TcpFlag[] | undefined {
  if (letters.length > 9) return undefined;
  let bits = 0;
  for (const letter of letters) {
    const flag = LETTERS.get(letter);
    if (flag === undefined) return undefined;
    bits |= flagBits([flag]);
  }
  return flagsOf(bits);
}
