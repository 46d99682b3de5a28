import { expect, it } from 'vitest';
import { pf } from '../../src/parse/pf.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('pf', (line) => pf.parse(decodeLine(line), { prefixes: [] }));

it('takes no words that another program quotes for a line of its own whose header is lost', () => {
  const packet = 'rule 5/0(match): block in on em0: 203.0.113.9.40000 > 192.0.2.10.143: Flags [S], win 1';
  const parse = (before: string) =>
    pf.parse(decodeLine(`Nov 23 03:00:00 gw1 ${before}${packet}`), { prefixes: [] });
  expect(parse('pf: ')?.kind).toBe('attempt');
  expect(parse('Invalid user x pf: ')).toBeUndefined();
  expect(parse('DHCPDISCOVER from 00:11:22:33:44:55 (pf: ')).toBeUndefined();
});
