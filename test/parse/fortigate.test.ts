import { expect, it } from 'vitest';
import { fortigate } from '../../src/parse/fortigate.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('fortigate', (line) => fortigate.parse(decodeLine(line), { prefixes: [] }));

it('a name that is more fields than a line has pushes nothing out of sight', () => {
  const name = `${Array.from({ length: 300 }, (_, i) => `k${i}=1`).join(' ')}`;
  const line = (user: string) =>
    `<185>date=2026-11-23 time=03:00:13 devname=fgt1 device_id=FG600B0000000001 log_id=0104032002 type=event subtype=admin user=${user} ui=ssh(198.51.100.7) action=login status=failed reason=x`;
  const parse = (user: string) => fortigate.parse(decodeLine(line(user)), { prefixes: [] });
  expect(parse('x')?.kind).toBe('attempt');
  expect(parse(`x ui=ssh(203.0.113.9) action=login status=failed ${name}`)).toMatchObject({
    kind: 'malformed',
    reason: 'more fields than any line has',
  });
});
