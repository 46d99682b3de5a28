import { expect, it } from 'vitest';
import { netscreen } from '../../src/parse/netscreen.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('netscreen', (line) => netscreen.parse(decodeLine(line), { prefixes: [] }));

it('believes the device about who failed to log in, and not the name that was typed', () => {
  const typed =
    'Large ICMP packet! From 198.51.100.66 to 198.51.100.10, proto 1 (zone Untrust, int ethernet1/2). Occurred 1 times.';
  const line = `Nov  3 04:10:21 gw1 ssg5: NetScreen device_id=ssg5  [Root]system-critical-00027: Multiple login failures occurred for user ${typed}`;
  const parse = (text: string) => netscreen.parse(decodeLine(text), { prefixes: [] });
  expect(parse(`${line} from IP address 203.0.113.9:1567 (2026-11-03 04:10:21)`)).toMatchObject({
    attempt: { source: { ip: '203.0.113.9' }, kind: 'login' },
  });
  expect(parse(line)?.kind).toBe('ignored');
});
