import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { compileMatcher } from '../../src/match/matcher.ts';
import type { HostSet, PortSet, RuleSet } from '../../src/rule.ts';
import type { Action, Attempt } from '../../src/types.ts';
import { attempt, hosts, ignore, ports, rule, ruleSet, withoutTransport } from '../support/rule-sets.ts';

const ids = (set: RuleSet, of: Attempt) =>
  compileMatcher(set)
    .match(of)
    .map(({ ruleId }) => ruleId);

describe('a line that names several ports', () => {
  const set = ruleSet([
    rule('high', hosts('192.0.2.10'), ports('1024-65535')),
    rule('low', hosts('192.0.2.10'), ports('80-143')),
  ]);
  const hitsOf = (more: Partial<Attempt>) =>
    compileMatcher(set)
      .match(attempt(more))
      .map(({ ruleId, port }) => [ruleId, port]);

  it('has a hit for each that a rule watches', () => {
    const furtherPorts = [22, 81, 8080, 143];
    expect(hitsOf({ destination: { ip: '192.0.2.10', port: 80 }, furtherPorts })).toEqual([
      ['low', 80],
      ['low', 81],
      ['high', 8080],
      ['low', 143],
    ]);
    expect(hitsOf({ destination: { ip: '192.0.2.10', port: 21 }, furtherPorts: [110] })).toEqual([
      ['low', 110],
    ]);
  });

  it('has none where no port is watched, and says why by the one that comes nearest', () => {
    const of = (more: Partial<Attempt>) => compileMatcher(set).decide(attempt(more));
    const destination = { ip: '192.0.2.10', port: 21 };
    expect(of({ destination, furtherPorts: [22] })).toEqual({ hits: [], reason: 'not-watched' });
    expect(of({ destination, furtherPorts: [80], action: 'allowed' })).toEqual({
      hits: [],
      reason: 'action-does-not-count',
    });
  });
});

describe('match() gives no hit, with the reason, for', () => {
  const classic = ruleSet([rule('probe', hosts('192.0.2.10'), ports(143))], {
    ignores: [ignore(hosts('203.0.113.0/28'))],
  });

  it.each<[string, Partial<Attempt>, string]>([
    ['a line without source address', { source: { name: 'crawler.example' } }, 'no-source-address'],
    ['another host', { destination: { ip: '192.0.2.11', port: 143 } }, 'not-watched'],
    ['another port', { destination: { ip: '192.0.2.10', port: 144 } }, 'not-watched'],
    ['no port', { destination: { ip: '192.0.2.10' } }, 'not-watched'],
    ['a permitted packet', { action: 'allowed' }, 'action-does-not-count'],
    ['a packet of unknown fate', { action: 'unknown' }, 'action-does-not-count'],
    ['an ignored source', { source: { ip: '203.0.113.9' } }, 'ignored'],
    [
      'an ignored source elsewhere',
      { source: { ip: '203.0.113.9' }, destination: { ip: '192.0.2.11', port: 143 } },
      'not-watched',
    ],
  ])('%s', (_name, more, reason) => {
    expect(compileMatcher(classic).decide(attempt(more))).toEqual({ hits: [], reason });
  });

  it('anything, without rules', () => {
    expect(compileMatcher(ruleSet([])).decide(attempt())).toEqual({ hits: [], reason: 'not-watched' });
  });
});

describe('match() gives', () => {
  it('a hit with everything later stages need', () => {
    const names = new Map([['192.0.2.10', 'lisa']]);
    const of = attempt();
    expect(
      compileMatcher(ruleSet([rule('probe', hosts('192.0.2.10'), ports(143))], { names })).decide(of),
    ).toEqual({
      hits: [
        {
          ruleId: 'probe',
          attempt: of,
          host: { ip: '192.0.2.10', name: 'lisa' },
          port: 143,
          sourceIp: '198.51.100.7',
        },
      ],
    });
  });

  it('one hit a rule, in the order of the rules, though address, network and any all hold the host', () => {
    const set = ruleSet([
      rule('any', hosts('any'), ports('any')),
      rule('all', hosts('192.0.2.10', '192.0.2.0/24', '192.0.0.0/16'), ports(143, '100-200', '143/tcp')),
      rule('net', hosts('192.0.2.0/24'), ports('0-65535')),
      rule('other', hosts('192.0.2.11'), ports(143)),
      rule('exact', hosts('192.0.2.10'), ports('any')),
    ]);
    expect(ids(set, attempt())).toEqual(['any', 'all', 'net', 'exact']);
  });

  it('hits of rules that count other actions', () => {
    const set = ruleSet([
      rule('denied', hosts('any'), ports('any')),
      rule('allowed', hosts('any'), ports('any'), { actions: ['allowed'] }),
      rule('all', hosts('any'), ports('any'), { actions: ['denied', 'allowed', 'failed', 'unknown'] }),
    ]);
    const by = (action: Action) => ids(set, attempt({ action }));
    expect([by('denied'), by('failed'), by('allowed'), by('unknown')]).toEqual([
      ['denied', 'all'],
      ['denied', 'all'],
      ['allowed', 'all'],
      ['all'],
    ]);
  });

  it('transports apart where the rule says so; one the line did not state could be any', () => {
    const set = ruleSet([
      rule('tcp', hosts('any'), ports('53/tcp')),
      rule('udp', hosts('any'), ports('53/udp')),
      rule('both', hosts('any'), ports(53)),
    ]);
    const dns = attempt({ destination: { ip: '192.0.2.53', port: 53 }, transport: 'udp' });
    expect(ids(set, dns)).toEqual(['udp', 'both']);
    expect(ids(set, withoutTransport(dns))).toEqual(['tcp', 'udp', 'both']);
  });

  it('port -1 for protocols without ports, on rules for any port only', () => {
    const set = ruleSet([
      rule('any', hosts('any'), ports('any')),
      rule('some', hosts('any'), ports('0-65535')),
    ]);
    const ping = attempt({ destination: { ip: '192.0.2.10' }, transport: 'icmp' });
    expect(compileMatcher(set).match(ping)).toMatchObject([{ ruleId: 'any', port: -1 }]);
  });

  it('IPv6 hosts', () => {
    const set = ruleSet([
      rule('one', hosts('2001:db8::53'), ports(143)),
      rule('net', hosts('2001:db8::/32'), ports(143)),
    ]);
    expect(ids(set, attempt({ destination: { ip: '2001:db8::53', port: 143 } }))).toEqual(['one', 'net']);
    expect(ids(set, attempt({ destination: { ip: '2001:db8::54', port: 143 } }))).toEqual(['net']);
    expect(ids(set, attempt({ destination: { ip: '2001:db9::53', port: 143 } }))).toEqual([]);
  });

  it('the exact name before that of the smallest network', () => {
    const names = new Map([
      ['192.0.0.0/16', 'site'],
      ['192.0.2.0/24', 'dmz'],
      ['192.0.2.10', 'lisa'],
    ]);
    const matcher = compileMatcher(ruleSet([rule('all', hosts('any'), ports('any'))], { names }));
    const nameOf = (ip: string) => matcher.match(attempt({ destination: { ip } }))[0]?.host;
    expect(['192.0.2.10', '192.0.2.11', '192.0.3.1', '203.0.113.1'].map(nameOf)).toEqual([
      { ip: '192.0.2.10', name: 'lisa' },
      { ip: '192.0.2.11', name: 'dmz' },
      { ip: '192.0.3.1', name: 'site' },
      { ip: '203.0.113.1' },
    ]);
  });

  it('logins the host that logged them: by its configured name, else by its address', () => {
    const names = new Map([['192.0.2.10', 'lisa']]);
    const matcher = compileMatcher(
      ruleSet([rule('lisa', hosts('192.0.2.10'), ports('any')), rule('any', hosts('any'), ports('any'))], {
        names,
      }),
    );
    const login = (hostname: string, address: string) =>
      matcher
        .match(attempt({ kind: 'login', action: 'failed', destination: {}, observer: { hostname, address } }))
        .map(({ ruleId, host }) => [ruleId, host.ip]);
    expect(login('LISA', '192.0.2.1')).toEqual([
      ['lisa', '192.0.2.10'],
      ['any', '192.0.2.10'],
    ]);
    expect(login('stranger', '192.0.2.10')).toEqual([
      ['lisa', '192.0.2.10'],
      ['any', '192.0.2.10'],
    ]);
    expect(login('stranger', '192.0.2.1')).toEqual([['any', '192.0.2.1']]);
    expect(login('stranger', '/var/log/auth.log')).toEqual([['any', 'stranger']]);
  });
});

describe('ignores', () => {
  const watchAll = rule('all', hosts('any'), ports('any'));
  const ignored =
    (...ignores: ReturnType<typeof ignore>[]) =>
    (of: Attempt) =>
      compileMatcher(ruleSet([watchAll], { ignores })).decide(of).reason === 'ignored';

  it('hold for one host, one port, one transport when they say so', () => {
    const narrow = ignored(
      ignore(hosts('198.51.100.7'), { hosts: hosts('192.0.2.0/28'), ports: ports('143/tcp') }),
    );
    expect(narrow(attempt())).toBe(true);
    expect(narrow(attempt({ source: { ip: '198.51.100.8' } }))).toBe(false);
    expect(narrow(attempt({ destination: { ip: '192.0.2.16', port: 143 } }))).toBe(false);
    expect(narrow(attempt({ destination: { ip: '192.0.2.10', port: 144 } }))).toBe(false);
    expect(narrow(attempt({ transport: 'udp' }))).toBe(false);
  });

  it('end with the last instant of their day, by the time of the attempt', () => {
    const untilMs = Date.UTC(2026, 5, 30, 23, 59, 59, 999);
    const scanner = ignored(ignore(hosts('198.51.100.7'), { untilMs }));
    expect(scanner(attempt({ atMs: untilMs }))).toBe(true);
    expect(scanner(attempt({ atMs: untilMs + 1 }))).toBe(false);
  });

  it('of every kind of source are found: any, address, network, IPv6', () => {
    for (const source of ['any', '198.51.100.7', '198.51.100.0/24', '0.0.0.0/0'])
      expect(ignored(ignore(hosts('203.0.113.1')), ignore(hosts(source)))(attempt()), source).toBe(true);
    expect(ignored(ignore(hosts('2001:db8:bad::/48')))(attempt({ source: { ip: '2001:db8:bad::7' } }))).toBe(
      true,
    );
  });

  it('that share a source are all looked at', () => {
    const both = ignored(
      ignore(hosts('198.51.100.7'), { ports: ports(80) }),
      ignore(hosts('198.51.100.7'), { ports: ports(143) }),
    );
    expect(both(attempt())).toBe(true);
  });
});

describe('a compiled matcher', () => {
  it('agrees with asking every rule in turn', () => {
    const base = ['192.0.2', '198.51.100'];
    const ip = fc.oneof(
      fc.tuple(fc.constantFrom(...base), fc.nat(20)).map(([net, last]) => `${net}.${last}`),
      fc.nat(20).map((last) => (last === 0 ? '2001:db8::' : `2001:db8::${last.toString(16)}`)),
    );
    const network = fc.constantFrom(
      '192.0.2.0/24',
      '192.0.2.0/28',
      '192.0.2.16/30',
      '198.51.0.0/16',
      '0.0.0.0/0',
      '2001:db8::/124',
      '2001:db8::/32',
      '::/0',
    );
    const hostSet: fc.Arbitrary<HostSet> = fc.record({
      any: fc.nat(9).map((n) => n === 0),
      addresses: fc.uniqueArray(ip, { maxLength: 4 }),
      networks: fc.uniqueArray(network, { maxLength: 2 }),
    });
    const transport = fc.constantFrom('tcp', 'udp');
    const port = fc.nat(30);
    const portRange = fc.tuple(port, port, fc.option(transport, { nil: undefined })).map(([a, b, t]) => ({
      from: Math.min(a, b),
      to: Math.max(a, b),
      ...(t === undefined ? {} : { transport: t }),
    }));
    const portSet: fc.Arbitrary<PortSet> = fc.record({
      any: fc.nat(9).map((n) => n === 0),
      ranges: fc.array(portRange, { maxLength: 4 }),
    });
    const action = fc.constantFrom<Action>('denied', 'allowed', 'failed', 'unknown');
    const rules = fc
      .array(fc.tuple(hostSet, portSet, fc.uniqueArray(action, { minLength: 1 })), { maxLength: 12 })
      .map((all) => all.map(([h, p, actions], i) => rule(`r${i}`, h, p, { actions })));
    const ignores = fc
      .array(fc.tuple(hostSet, hostSet, portSet, fc.option(fc.nat(10), { nil: undefined })), { maxLength: 3 })
      .map((all) =>
        all.map(([s, h, p, untilMs]) =>
          ignore(s, { hosts: h, ports: p, ...(untilMs === undefined ? {} : { untilMs }) }),
        ),
      );
    const attempts = fc
      .tuple(
        ip,
        ip,
        fc.option(port, { nil: undefined }),
        fc.option(transport, { nil: undefined }),
        action,
        fc.nat(12),
      )
      .map(([source, destination, to, by, what, atMs]) => {
        const of = attempt({
          source: { ip: source },
          destination: { ip: destination, ...(to === undefined ? {} : { port: to }) },
          action: what,
          atMs,
        });
        return by === undefined ? withoutTransport(of) : { ...of, transport: by };
      });

    fc.assert(
      fc.property(
        rules,
        ignores,
        fc.array(attempts, { minLength: 1, maxLength: 20 }),
        (someRules, someIgnores, someAttempts) => {
          const set = ruleSet(someRules, { ignores: someIgnores });
          const matcher = compileMatcher(set);
          for (const of of someAttempts) {
            const expected = naiveMatch(set, of);
            expect(matcher.match(of).map(({ ruleId }) => ruleId)).toEqual(expected);
            expect(
              matcher.explainMatch(of).flatMap(({ ruleId, matched }) => (matched ? [ruleId] : [])),
            ).toEqual(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a host each, any port', (i: number) => rule(`r${i}`, hosts(`10.0.${i >> 8}.${i & 255}`), ports('any'))],
    ['a network each', (i: number) => rule(`r${i}`, hosts(`10.${i >> 8}.${i & 255}.0/24`), ports(143))],
    [
      'an IPv6 network each',
      (i: number) => rule(`r${i}`, hosts(`2001:db8:${(i + 16).toString(16)}::/48`), ports(143)),
    ],
    ['any host, a port each', (i: number) => rule(`r${i}`, hosts('any'), ports(1_000 + i))],
    [
      'half by host, half by port',
      (i: number) =>
        i % 2
          ? rule(`r${i}`, hosts('10.0.0.1'), ports(1_000 + i))
          : rule(`r${i}`, hosts(`10.9.${i >> 8}.${i & 255}`), ports(143)),
    ],
  ])('costs the same with ten and ten thousand rules: %s', (_name, make) => {
    const cost = (count: number) => {
      const matcher = compileMatcher(ruleSet(Array.from({ length: count }, (_, i) => make(i))));
      const of = [
        attempt({ destination: { ip: '10.0.0.1', port: 143 } }),
        attempt({ destination: { ip: '2001:db8:10::1', port: 1_003 } }),
      ];
      const rounds = 20_000;
      const once = () => {
        const started = performance.now();
        for (let i = 0; i < rounds; i++) matcher.match(of[i & 1]!);
        return performance.now() - started;
      };
      once();
      return Math.min(once(), once(), once());
    };
    const few = cost(10);
    // A scan over all rules would cost a thousand times as much; a busy machine may well cost three times.
    expect(cost(10_000)).toBeLessThan(few * 10 + 50);
  });
});

/** The definition, without any index. */
function naiveMatch({ rules, ignores }: RuleSet, of: Attempt): string[] {
  const inHosts = ({ any, addresses, networks }: HostSet, text: string): boolean => {
    const address = ipaddr.parse(text);
    return (
      any ||
      addresses.includes(text) ||
      networks.some((network) => {
        const [base, length] = ipaddr.parseCIDR(network);
        return base.kind() === address.kind() && address.match(base, length);
      })
    );
  };
  const inPorts = ({ any, ranges }: PortSet): boolean => {
    const { port } = of.destination;
    if (any) return true;
    if (port === undefined) return false;
    return ranges.some(
      (r) =>
        r.from <= port && port <= r.to && (!r.transport || !of.transport || r.transport === of.transport),
    );
  };
  const destination = of.destination.ip!;
  const isIgnored = ignores.some(
    (i) =>
      (i.untilMs === undefined || of.atMs <= i.untilMs) &&
      inHosts(i.sources, of.source.ip!) &&
      inHosts(i.hosts, destination) &&
      inPorts(i.ports),
  );
  return rules
    .filter(
      (r) => !isIgnored && r.actions.includes(of.action) && inHosts(r.hosts, destination) && inPorts(r.ports),
    )
    .map(({ id }) => id);
}

describe('rules for some attempts only', () => {
  const set = ruleSet([
    rule('all', hosts('any'), ports('any')),
    rule('logins', hosts('any'), ports('any'), { kinds: ['login'] }),
    rule('no-packets', hosts('192.0.2.10'), ports(143), { kinds: ['login', 'request'] }),
    rule('vpn', hosts('any'), ports('any'), { patterns: ['vpn', 'vpn2'] }),
  ]);

  it.each<[string, Partial<Attempt>, string[]]>([
    ['a packet', {}, ['all']],
    ['a login', { kind: 'login' }, ['all', 'logins', 'no-packets']],
    ['a request', { kind: 'request' }, ['all', 'no-packets']],
    ['a line of the pattern', { parser: 'pattern', rule: 'vpn2' }, ['all', 'vpn']],
    ['a line of another pattern', { parser: 'pattern', rule: 'door' }, ['all']],
    ['an access list of the same name', { rule: 'vpn' }, ['all']],
  ])('%s', (_, more, expected) => expect(ids(set, attempt(more))).toEqual(expected));

  it('say why not', () => {
    const only = ruleSet([set.rules[3]!]);
    expect(compileMatcher(only).decide(attempt())).toEqual({ hits: [], reason: 'other-pattern' });
    expect(
      compileMatcher(set)
        .explainMatch(attempt())
        .map(({ because }) => because),
    ).toEqual([
      expect.stringContaining('are watched'),
      'a packet does not count, only a login',
      'a packet does not count, only a login or request',
      'the line is not of pattern vpn or vpn2',
    ]);
  });
});
