import { describe, expect, it } from 'vitest';
import { nftables } from '../../src/router/nftables.ts';
import { commands, comments, samplePlan } from './plans.ts';

const EXPECTED = `
#!/usr/sbin/nft -f
table inet knockwatch
delete table inet knockwatch
table inet knockwatch {
  set sources4 {
    type ipv4_addr
    size 65535
    flags dynamic,timeout
    timeout 1m
  }
  set sources6 {
    type ipv6_addr
    size 65535
    flags dynamic,timeout
    timeout 1m
  }
  chain watched {
    ct state established,related return
    icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return
    ip daddr 192.0.2.10 tcp dport { 143, 6000-6063 } jump refuse4
    ip daddr 192.0.2.10 udp dport { 53 } jump refuse4
    ip daddr 198.51.100.0/28 tcp dport { 513 } jump refuse4
    ip daddr 203.0.113.9 jump refuse4
    ip6 daddr 2001:db8::53 tcp dport { 143, 6000-6063 } jump refuse6
    ip6 daddr 2001:db8::53 udp dport { 53 } jump refuse6
    ip6 daddr 2001:db8:9::/48 jump refuse6
  }
  chain refuse4 {
    update @sources4 { ip saddr limit rate 20/second burst 50 packets } log prefix "KNOCKWATCH DROP " level info
    counter drop
  }
  chain refuse6 {
    update @sources6 { ip6 saddr limit rate 20/second burst 50 packets } log prefix "KNOCKWATCH DROP " level info
    counter drop
  }
  chain input {
    type filter hook input priority -10; policy accept;
    jump watched
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    jump watched
  }
}
`;

it('is written for hosts, networks, ranges and every port, IPv4 and IPv6', () => {
  expect(`\n${commands(nftables, samplePlan()).join('\n')}\n`).toBe(EXPECTED);
});

describe('the comments', () => {
  const text = comments(nftables, samplePlan());

  it.each(['nft -f knockwatch.nft', '20 lines a second', 'nf_log_all_netns', 'imklog', '@192.0.2.5:5514'])(
    'speak of %s',
    (topic) => expect(text).toContain(topic),
  );
});

describe('render()', () => {
  it('logs to an NFLOG group and asks for the interface when told to', () => {
    const text = commands(nftables, samplePlan({ nflogGroup: 5, interfaceName: 'eth0' })).join('\n');
    expect(text).toContain('log prefix "KNOCKWATCH DROP " group 5');
    expect(text).not.toContain('level info');
    expect(text).toContain('    iifname "eth0" ip daddr 203.0.113.9 jump refuse4');
  });
});
