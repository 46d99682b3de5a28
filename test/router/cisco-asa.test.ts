import { describe, expect, it } from 'vitest';
import { ciscoAsa } from '../../src/router/cisco-asa.ts';
import { commands, comments, samplePlan } from './plans.ts';

const EXPECTED = `
logging enable
logging timestamp rfc5424
logging device-id hostname
logging trap informational
logging queue 8192
logging host inside 192.0.2.5 udp/5514
logging rate-limit unlimited message 106100
clear configure access-list KNOCKWATCH
access-list KNOCKWATCH remark lisa (192.0.2.10): office-probe
access-list KNOCKWATCH extended deny tcp any4 host 192.0.2.10 eq 143 log 6 interval 300
access-list KNOCKWATCH extended deny tcp any4 host 192.0.2.10 range 6000 6063 log 6 interval 300
access-list KNOCKWATCH extended deny udp any4 host 192.0.2.10 eq 53 log 6 interval 300
access-list KNOCKWATCH remark dmz-web (198.51.100.0/28): dmz
access-list KNOCKWATCH extended deny tcp any4 198.51.100.0 255.255.255.240 eq 513 log 6 interval 300
access-list KNOCKWATCH remark 203.0.113.9: nobody
access-list KNOCKWATCH extended deny ip any4 host 203.0.113.9 log 6 interval 300
access-list KNOCKWATCH remark ns1 (2001:db8::53): office-probe
access-list KNOCKWATCH extended deny tcp any6 host 2001:db8::53 eq 143 log 6 interval 300
access-list KNOCKWATCH extended deny tcp any6 host 2001:db8::53 range 6000 6063 log 6 interval 300
access-list KNOCKWATCH extended deny udp any6 host 2001:db8::53 eq 53 log 6 interval 300
access-list KNOCKWATCH remark 2001:db8:9::/48: nobody
access-list KNOCKWATCH extended deny ip any6 2001:db8:9::/48 log 6 interval 300
`;

it('is written for hosts, networks, ranges and every port, IPv4 and IPv6', () => {
  expect(`\n${commands(ciscoAsa, samplePlan()).join('\n')}\n`).toBe(EXPECTED);
});

describe('the comments', () => {
  const text = comments(ciscoAsa, samplePlan({ interfaceName: 'dmz' }));

  it.each([
    'deny-flow-max',
    '106101',
    '300 s',
    'logging timestamp',
    'access-group KNOCKWATCH in interface dmz',
  ])('speak of %s', (topic) => expect(text).toContain(topic));
});

describe('render()', () => {
  it('never permits anything: on the outside of an ASA that would open it', () => {
    expect(commands(ciscoAsa, samplePlan()).filter((line) => line.includes('permit'))).toEqual([]);
  });

  it('keeps the ASA working while a TCP collector is away', () => {
    const collector = { address: '192.0.2.5', port: 601, protocol: 'tcp' } as const;
    const lines = commands(ciscoAsa, samplePlan({ collector }));
    expect(lines).toContain('logging host inside 192.0.2.5 tcp/601');
    expect(lines).toContain('logging permit-hostdown');
  });
});
