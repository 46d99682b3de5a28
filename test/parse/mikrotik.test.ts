import { describe, expect, it } from 'vitest';
import { mikrotik } from '../../src/parse/mikrotik.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('mikrotik', (line) => mikrotik.parse(decodeLine(line), { prefixes: [] }));

describe('the site’s own prefixes', () => {
  const record =
    'in:ether1 out:bridge, src-mac 00:53:00:12:34:56, proto TCP (SYN), 198.51.100.7:1->192.0.2.11:22, len 64';
  const prefixes = [
    { prefix: 'wan', action: 'denied' },
    { prefix: 'forward', action: 'allowed' },
    { prefix: 'KNOCK', action: 'denied' },
  ] as const;
  it.each([
    [`firewall,info wan input: ${record}`, 'denied'],
    [`firewall,info forward: ${record}`, 'allowed'],
    [`gw1 input: ${record}`, 'unknown'],
    [`<134>Nov 23 03:00:00 gw1 KNOCK: input: ${record}`, 'denied'],
  ])('%s', (line, action) => {
    expect(mikrotik.parse(decodeLine(line), { prefixes })).toMatchObject({ attempt: { action } });
  });
});
