import { describe, expect, it } from 'vitest';
import { pf } from '../../src/router/pf.ts';
import { commands, comments, samplePlan } from './plans.ts';

const EXPECTED = `
block drop in log quick inet proto tcp from any to 192.0.2.10 port { 143, 6000:6063 } label "knockwatch"
block drop in log quick inet proto udp from any to 192.0.2.10 port { 53 } label "knockwatch"
block drop in log quick inet proto tcp from any to 198.51.100.0/28 port { 513 } label "knockwatch"
block drop in log quick inet from any to 203.0.113.9 label "knockwatch"
block drop in log quick inet6 proto tcp from any to 2001:db8::53 port { 143, 6000:6063 } label "knockwatch"
block drop in log quick inet6 proto udp from any to 2001:db8::53 port { 53 } label "knockwatch"
block drop in log quick inet6 proto { tcp, udp } from any to 2001:db8:9::/48 label "knockwatch"
`;

it('is written for hosts, networks, ranges and every port, IPv4 and IPv6', () => {
  expect(`\n${commands(pf, samplePlan()).join('\n')}\n`).toBe(EXPECTED);
});

describe('the comments', () => {
  const text = comments(pf, samplePlan());

  it.each([
    'anchor "knockwatch"',
    'pfctl -a knockwatch -f',
    'tcpdump -n -e -l -tttt -i pflog0',
    'local0.info @192.0.2.5:5514',
    'packets dropped by kernel',
  ])('speak of %s', (topic) => expect(text).toContain(topic));
});

describe('render()', () => {
  it('asks for the interface when told to', () => {
    expect(commands(pf, samplePlan({ interfaceName: 'em0' }))).toContain(
      'block drop in log quick on em0 inet from any to 203.0.113.9 label "knockwatch"',
    );
  });
});
