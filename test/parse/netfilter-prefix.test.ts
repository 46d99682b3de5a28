import { describe, expect, it } from 'vitest';
import { readPrefix } from '../../src/parse/netfilter-prefix.ts';

describe('readPrefix()', () => {
  it.each([
    ['', 'unknown', undefined],
    ['[12345.678901] ', 'unknown', undefined],
    ['[  203.842973] IPTABLES-DROP: ', 'denied', 'IPTABLES-DROP'],
    ['iptables denied: ', 'denied', 'iptables denied'],
    ['IPTables-Dropped: ', 'denied', 'IPTables-Dropped'],
    ['BLOCKED INPUT ', 'denied', 'BLOCKED INPUT'],
    ['nft.drop ', 'denied', 'nft.drop'],
    ['fw:reject ', 'denied', 'fw:reject'],
    ['PASS ', 'allowed', 'PASS'],
    ['permitted: ', 'allowed', 'permitted'],
    ['allow-web ', 'allowed', 'allow-web'],
    ['AIRDROPPER ', 'unknown', 'AIRDROPPER'],
    ['passive ftp ', 'unknown', 'passive ftp'],
    ['DROP-AND-PERMIT ', 'unknown', 'DROP-AND-PERMIT'],
    ['SFW2-OUT-ERROR ', 'unknown', 'SFW2-OUT-ERROR'],
    ['SFW2-FWD-ILL-ROUTING ', 'denied', 'SFW2-FWD-ILL-ROUTING'],
    ['SuSE-FW-DROP-DEFAULT ', 'denied', 'SuSE-FW-DROP-DEFAULT'],
    ['Shorewall6:net2fw:4:DROP:', 'denied', 'Shorewall6:net2fw:4:DROP'],
    ['Shorewall:logflags:A_DROP:', 'denied', 'Shorewall:logflags:A_DROP'],
    ['Shorewall:dynamic:LOG:', 'unknown', 'Shorewall:dynamic:LOG'],
    ['net-fw DROP ', 'denied', 'net-fw DROP'],
    ['STATE_INVALID_DROP: ', 'denied', 'STATE_INVALID_DROP'],
    ['filter_FWD_public_REJECT: ', 'denied', 'filter_FWD_public_REJECT'],
    ['[WAN_IN-3003-R]', 'denied', 'WAN_IN-3003-R'],
    ['[WAN_IN-A-3003] DESCR="drop [all]" ', 'allowed', 'WAN_IN-A-3003'],
    ['[ipv6-NAM-WAN-IN-20-A]', 'allowed', 'ipv6-NAM-WAN-IN-20-A'],
    ['[UFW DOCKER BLOCK] ', 'denied', 'UFW DOCKER BLOCK'],
    ['drop wan forward: ', 'denied', 'drop wan forward'],
    ['REJECT wan in: ', 'denied', 'REJECT wan in'],
    ['ACCEPT(dest lan)', 'allowed', 'ACCEPT(dest lan)'],
  ])('reads %j as %s', (prefix, action, rule) => {
    expect(readPrefix(prefix, [])).toMatchObject({ action, ...(rule && { rule }) });
    expect(readPrefix(prefix, []).rule).toBe(rule);
  });

  it('prefers the site’s longest prefix to every guess, blanks around it or not', () => {
    const site = [
      { prefix: ' [UFW BLOCK] ', action: 'unknown' as const },
      { prefix: 'IPT', action: 'allowed' as const },
      { prefix: 'IPTABLES-DROP:', action: 'denied' as const },
    ];
    expect(readPrefix('[1.000000] [UFW BLOCK] ', site).action).toBe('unknown');
    expect(readPrefix('IPTABLES-DROP: ', site).action).toBe('denied');
    expect(readPrefix('IPT ', site)).toMatchObject({ action: 'allowed', known: true });
  });

  it('takes an empty site prefix for lines that have none', () => {
    const site = [{ prefix: '', action: 'denied' as const }];
    expect(readPrefix('[12345.678901] ', site).action).toBe('denied');
    expect(readPrefix('ICMP ', site).action).toBe('unknown');
  });

  it('keeps site lists apart', () => {
    expect(readPrefix('X ', [{ prefix: 'X', action: 'denied' }]).action).toBe('denied');
    expect(readPrefix('X ', [{ prefix: 'X', action: 'allowed' }]).action).toBe('allowed');
  });

  it('bounds the rule, and what it remembers', () => {
    expect(readPrefix('x'.repeat(100_000), []).rule).toHaveLength(64);
    const site = [{ prefix: 'p', action: 'denied' as const }];
    for (let i = 0; i < 5000; i++) expect(readPrefix(`p${i} `, site).rule).toBe(`p${i}`);
  });
});
