import { describe, expect, it } from 'vitest';
import { MARK, selfTest } from '../../src/cli/self-test-knocks.ts';
import { reachable } from '../../src/cli/send-syslog.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { DetectSpec } from '../../src/rule.ts';
import { hosts, ignore, ports, rule, ruleSet } from '../support/rule-sets.ts';

const config = { ...loadConfig(undefined, {}).config!, zone: 'UTC' };
const NOW = Date.UTC(2026, 0, 24, 18, 0, 0);
const withinMs = 60_000;
const LISA = hosts('192.0.2.10', '192.0.2.11', '192.0.2.12');

function lines(
  detect: DetectSpec,
  watched = LISA,
  watchedPorts = ports(143, 139, 80),
  more = {},
): readonly string[] | undefined {
  return selfTest(config, ruleSet([rule('a', watched, watchedPorts, { detect: [detect] })], more), NOW)
    ?.lines;
}

describe('selfTest()', () => {
  it.each<[DetectSpec, number]>([
    [{ kind: 'address-scan', hosts: 3, withinMs, by: ['source', 'port'] }, 3],
    [{ kind: 'port-scan', ports: 3, withinMs, by: ['source', 'host'] }, 3],
    [{ kind: 'distributed-scan', sources: 5, hosts: 2, withinMs, by: ['port'] }, 5],
    [{ kind: 'repeat', count: 7, withinMs, by: ['source'] }, 7],
    [{ kind: 'any', by: ['source'] }, 1],
  ])('trips $kind with as many lines as it takes', (detect, count) => {
    const found = lines(detect)!;
    expect(found).toHaveLength(count);
    for (const line of found) {
      expect(line).toMatch(
        new RegExp(`^<190>1 2026-01-24T1\\S+Z ${MARK} - - - - %SEC-6-IPACCESSLOGP: list ${MARK} denied`),
      );
      expect(line).toMatch(/ (198\.51\.100|203\.0\.113)\.\d+\(\d+\) -> 192\.0\.2\.1[0-2]\(/);
    }
  });

  it('finds hosts in a network, in IPv6, and for `any`', () => {
    const detect: DetectSpec = { kind: 'address-scan', hosts: 3, withinMs, by: ['source', 'port'] };
    expect(lines(detect, hosts('192.0.2.0/29'))).toHaveLength(3);
    expect(lines(detect, hosts('any'))).toHaveLength(3);
    const [line] = lines(detect, hosts('2001:db8:1::/64'))!;
    expect(line).toMatch(/%IPV6_ACL-6-ACCESSLOGP: .* 2001:db8:ffff::\w+\(\d+\) -> 2001:db8:1::1\(/);
  });

  it('uses UDP where the rule watches nothing else', () => {
    expect(lines({ kind: 'any', by: ['source'] }, LISA, ports('161/udp'))![0]).toContain('denied udp');
  });

  it.each<[string, DetectSpec, Parameters<typeof lines>[1], Parameters<typeof lines>[2], object]>([
    [
      'a rule with fewer hosts than it asks for',
      { kind: 'address-scan', hosts: 4, withinMs, by: ['source', 'port'] },
      LISA,
      undefined,
      {},
    ],
    [
      'a detector of TCP flags, which an ACL line does not have',
      { kind: 'stealth-scan', packets: 1, withinMs, by: ['source'] },
      LISA,
      undefined,
      {},
    ],
    ['a flood', { kind: 'repeat', count: 5_000, withinMs, by: ['source'] }, LISA, undefined, {}],
    [
      'a rule whose sources are all ignored',
      { kind: 'any', by: ['source'] },
      LISA,
      undefined,
      { ignores: [ignore(hosts('198.51.100.0/24', '203.0.113.0/24'))] },
    ],
  ])('has nothing to offer for %s', (_, detect, watched, watchedPorts, more) => {
    expect(lines(detect, watched, watchedPorts, more)).toBeUndefined();
  });

  it('has nothing to offer for a rule that does not count denied packets, or is not there', () => {
    const logins = rule('logins', LISA, ports(22), { actions: ['failed'] });
    expect(selfTest(config, ruleSet([logins]), NOW)).toBeUndefined();
    expect(selfTest(config, ruleSet([rule('a', LISA, ports(22))]), NOW, 'b')).toBeUndefined();
  });

  it('goes on to a rule that can be tripped', () => {
    const set = ruleSet([
      rule('logins', LISA, ports(22), { actions: ['failed'] }),
      rule('b', LISA, ports(143)),
    ]);
    expect(selfTest(config, set, NOW)!.rule.id).toBe('b');
  });
});

describe('reachable()', () => {
  it.each([
    ['*', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['192.0.2.5', '192.0.2.5'],
  ])('%s is reached at %s', (host, expected) => expect(reachable(host)).toBe(expected));
});
