import { describe, expect, it } from 'vitest';
import { iptables } from '../../src/router/iptables.ts';
import { commands, comments, samplePlan } from './plans.ts';

const EXPECTED = `
*filter
:KNOCKWATCH - [0:0]
:KNOCKWATCH-DROP - [0:0]
-A KNOCKWATCH -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
-A KNOCKWATCH -6 -p ipv6-icmp --icmpv6-type 133 -j RETURN
-A KNOCKWATCH -6 -p ipv6-icmp --icmpv6-type 134 -j RETURN
-A KNOCKWATCH -6 -p ipv6-icmp --icmpv6-type 135 -j RETURN
-A KNOCKWATCH -6 -p ipv6-icmp --icmpv6-type 136 -j RETURN
-A KNOCKWATCH -4 -d 192.0.2.10 -p tcp -m multiport --dports 143,6000:6063 -j KNOCKWATCH-DROP
-A KNOCKWATCH -4 -d 192.0.2.10 -p udp -m multiport --dports 53 -j KNOCKWATCH-DROP
-A KNOCKWATCH -4 -d 198.51.100.0/28 -p tcp -m multiport --dports 513 -j KNOCKWATCH-DROP
-A KNOCKWATCH -4 -d 203.0.113.9 -j KNOCKWATCH-DROP
-A KNOCKWATCH -6 -d 2001:db8::53 -p tcp -m multiport --dports 143,6000:6063 -j KNOCKWATCH-DROP
-A KNOCKWATCH -6 -d 2001:db8::53 -p udp -m multiport --dports 53 -j KNOCKWATCH-DROP
-A KNOCKWATCH -6 -d 2001:db8:9::/48 -j KNOCKWATCH-DROP
-A KNOCKWATCH-DROP -m hashlimit --hashlimit-name knockwatch --hashlimit-mode srcip --hashlimit-upto 20/sec --hashlimit-burst 50 -j LOG --log-prefix "KNOCKWATCH DROP " --log-level info
-A KNOCKWATCH-DROP -j DROP
COMMIT
`;

it('is written for hosts, networks, ranges and every port, IPv4 and IPv6', () => {
  expect(`\n${commands(iptables, samplePlan()).join('\n')}\n`).toBe(EXPECTED);
});

describe('the comments', () => {
  const text = comments(iptables, samplePlan());

  it.each([
    'iptables-restore --noflush',
    'ip6tables -C FORWARD -j KNOCKWATCH',
    '20 lines a second',
    "kernel's ring",
    'RateLimitBurst',
    '"KNOCKWATCH DROP" @192.0.2.5:5514',
  ])('speak of %s', (topic) => expect(text).toContain(topic));
});

describe('render()', () => {
  it('puts no more ports into a rule than multiport takes, a range counting as two', () => {
    const ports = Array.from({ length: 10 }, (_, i) => [
      { from: 100 * i, to: 100 * i },
      { from: 100 * i + 10, to: 100 * i + 20 },
    ]).flat();
    const watched = [{ ...samplePlan().watched[0]!, ports }];
    const lists = commands(iptables, samplePlan({ watched })).flatMap(
      (line) => /--dports (\S+)/.exec(line)?.[1] ?? [],
    );
    expect(lists).toHaveLength(2);
    for (const list of lists) expect(list.split(/[,:]/).length).toBeLessThanOrEqual(15);
    expect(lists.join(',').split(',')).toHaveLength(20);
  });

  it('logs to an NFLOG group when told to, and says how ulogd gets it', () => {
    const plan = samplePlan({ nflogGroup: 5, interfaceName: 'eth0' });
    const text = commands(iptables, plan).join('\n');
    expect(text).toContain('-j NFLOG --nflog-group 5 --nflog-prefix "KNOCKWATCH DROP "');
    expect(text).not.toContain('-j LOG');
    expect(text).toContain('-A KNOCKWATCH -4 -i eth0 -d 192.0.2.10 ');
    expect(comments(iptables, plan)).toMatch(/ulogd.conf.*group=5/);
  });

  it("sends over TCP with rsyslog's @@, and an IPv6 address in brackets", () => {
    const collector = { address: '2001:db8::5', port: 601, protocol: 'tcp' } as const;
    expect(comments(iptables, samplePlan({ collector }))).toContain('@@[2001:db8::5]:601');
  });
});
