import { expect, it } from 'vitest';
import { filterlog } from '../../src/parse/filterlog.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('filterlog', (line) => filterlog.parse(decodeLine(line), { prefixes: [] }));

it.each([
  ['Nov  3 04:10:21 gw1 filterlog 86605 - [meta sequenceId="2"] ', 'attempt'],
  ['Nov  3 04:10:21 gw1 Invalid user filterlog ', undefined],
  ['Nov  3 04:10:21 gw1 DHCPDISCOVER from 00:11:22:33:44:55 (fw1 filterlog: ', undefined],
  ['<13>1 2026-11-03T04:10:21Z gw1 - - - - user filterlog: ', undefined],
])('behind %j: %s', (before, kind) => {
  const csv =
    '5,,,0123456789abcdef0123456789abcdef,em0,match,block,in,4,0x0,,64,600,0,none,6,tcp,60,203.0.113.9,192.0.2.10,40000,143,0,S,1,,1024,,';
  expect(filterlog.parse(decodeLine(before + csv), { prefixes: [] })?.kind).toBe(kind);
});
