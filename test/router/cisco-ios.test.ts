import { describe, expect, it } from 'vitest';
import { ciscoIos } from '../../src/router/cisco-ios.ts';
import { commands, comments, samplePlan } from './plans.ts';

const EXPECTED = `
service timestamps log datetime msec localtime show-timezone year
service sequence-numbers
logging on
logging trap informational
logging origin-id hostname
logging host 192.0.2.5 transport udp port 5514
no ip access-list extended KNOCKWATCH
ip access-list extended KNOCKWATCH
 remark lisa (192.0.2.10): office-probe
 deny tcp any host 192.0.2.10 eq 143 log-input
 deny tcp any host 192.0.2.10 range 6000 6063 log-input
 deny udp any host 192.0.2.10 eq 53 log-input
 remark dmz-web (198.51.100.0/28): dmz
 deny tcp any 198.51.100.0 0.0.0.15 eq 513 log-input
 remark 203.0.113.9: nobody
 deny ip any host 203.0.113.9 log-input
 remark everything else goes on as before
 permit ip any any
 exit
no ipv6 access-list KNOCKWATCH6
ipv6 access-list KNOCKWATCH6
 permit icmp any any nd-na
 permit icmp any any nd-ns
 remark ns1 (2001:db8::53): office-probe
 deny tcp any host 2001:db8::53 eq 143 log-input
 deny tcp any host 2001:db8::53 range 6000 6063 log-input
 deny udp any host 2001:db8::53 eq 53 log-input
 remark 2001:db8:9::/48: nobody
 deny ipv6 any 2001:db8:9::/48 log-input
 remark everything else goes on as before
 permit ipv6 any any
 exit
`;

it('is written for hosts, networks, ranges and every port, IPv4 and IPv6', () => {
  expect(`\n${commands(ciscoIos, samplePlan()).join('\n')}\n`).toBe(EXPECTED);
});

describe('the comments', () => {
  const text = comments(ciscoIos, samplePlan());

  it.each([
    'log-input',
    'logging rate-limit',
    'ip access-list logging interval',
    'log-update threshold',
    'NTP',
    'Sequence numbers',
    'ip access-group KNOCKWATCH in',
    'ipv6 traffic-filter KNOCKWATCH6 in',
    'your own session too',
  ])('speak of %s', (topic) => expect(text).toContain(topic));
});

describe('render()', () => {
  it('names an IPv6 collector and TCP as IOS wants them', () => {
    const collector = { address: '2001:db8::5', port: 601, protocol: 'tcp' } as const;
    expect(commands(ciscoIos, samplePlan({ collector }))).toContain(
      'logging host ipv6 2001:db8::5 transport tcp port 601',
    );
  });

  it('writes no list when there is nothing to deny', () => {
    expect(commands(ciscoIos, samplePlan({ watched: [] })).join()).not.toContain('access-list');
  });
});
