import { cleanText } from './clean-text.ts';
import type { Lookup } from './lookup.ts';
import { type Dial, dialPublic, tcpQuery } from './tcp-query.ts';

const PORT = 79;
const MAX_ANSWER_BYTES = 8 * 1024;
const MAX_LINES = 20;

/**
 * Who is logged in at the source (RFC 1288), as TCP Wrappers' safe_finger asks: a bounded answer, nothing unprintable. Off unless
 * somebody turns it on: it connects to the source, which learns that it was seen.
 */
export function finger({ dial = dialPublic }: { readonly dial?: Dial } = {}): Lookup {
  return {
    name: 'finger',
    label: 'Finger',
    async lookUp(ip, signal) {
      const answer = await tcpQuery(dial(ip, PORT), '', MAX_ANSWER_BYTES, signal);
      const text = cleanText(answer.toString('utf8'), MAX_LINES);
      return text === '' ? undefined : { text };
    },
  };
}
