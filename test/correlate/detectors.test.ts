import { describe, expect, it } from 'vitest';
import { stealthKind } from '../../src/correlate/stealth-scan.ts';
import type { DetectSpec } from '../../src/rule.ts';
import { correlator, incidentsOf, rule, threeHosts } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const S = '198.51.100.7';
const LISA = '192.0.2.10';

describe('port-scan', () => {
  const rules = [rule([{ kind: 'port-scan', ports: 15, withinMs: 60_000, by: ['source', 'host'] }])];
  const ports = (n: number, host = LISA) => Array.from({ length: n }, (_, i) => hit(S, host, i + 1, i / 10));

  it('fires once for 1,024 ports of one host', () => {
    expect(incidentsOf(rules, ports(1_024))).toMatchObject([
      { kind: 'port-scan', count: 1_024, severity: 'high' },
    ]);
  });

  it('stays silent for fourteen ports', () => {
    expect(incidentsOf(rules, ports(14))).toEqual([]);
  });

  it('stays silent for fifteen ports over two hosts', () => {
    expect(incidentsOf(rules, [...ports(8), ...ports(7, '192.0.2.20')])).toEqual([]);
  });

  it('does not take port-less packets for ports', () => {
    expect(incidentsOf(rules, [...ports(14), hit(S, LISA, -1, 2)])).toEqual([]);
  });
});

describe('distributed-scan', () => {
  const spec: DetectSpec = { kind: 'distributed-scan', sources: 3, hosts: 3, withinMs: 10_000, by: ['port'] };
  const rules = [rule([spec])];
  const sweep = (packet: (i: number) => object) =>
    Array.from({ length: 9 }, (_, i) =>
      hit(`198.51.100.${(i % 3) + 1}`, `192.0.2.${Math.floor(i / 3) + 10}`, 143, i / 10, packet(i)),
    );

  it('fires for several sources on several hosts', () => {
    const [incident] = incidentsOf(
      rules,
      sweep(() => ({})),
    );
    expect(incident).toMatchObject({ kind: 'distributed-scan', ports: [143] });
    expect(incident!.sources).toHaveLength(3);
  });

  it('names decoys only with its evidence, and blames nobody', () => {
    const alike = sweep((i) => ({
      packet: { ttl: 51, window: 1_024, ipId: 7_000 + i },
      source: { ip: S, port: 31_337 },
    }));
    const remark = incidentsOf(rules, alike)[0]!.remarks.join();
    expect(remark).toMatch(
      /perhaps one machine behind 3 claimed sources.*TTL \(51\).*IP ids from one counter.*source port \(31337\)/,
    );
    expect(remark).toContain('blame nobody');
  });

  /** Four sources by turns, as nmap -D sends; `target` says whom a source tries in a round. */
  const byTurns = (target: (round: number, source: number) => number) =>
    Array.from({ length: 24 }, (_, i) => {
      const source = i % 4;
      const ip = `198.51.100.${source + 1}`;
      const host = target(Math.floor(i / 4), source);
      return hit(ip, `192.0.2.${host}`, 143, i / 10, { source: { ip, port: 40_123 } });
    });
  const decoys = (hits: Parameters<typeof incidentsOf>[1]) =>
    incidentsOf(rules, hits)[0]!.remarks.filter((remark) => remark.includes('claimed sources'));

  it('sees the order that shows only after the condition was met, and says so once', () => {
    const scattered = [9, 3, 7, 5, 8, 2];
    expect(decoys(byTurns((round) => scattered[round]!))).toEqual([
      expect.stringMatching(
        /4 claimed sources.*the same source port \(40123\), the same targets in the same order/,
      ),
    ]);
  });

  it('does not take sources for one that go through the targets in orders of their own', () => {
    expect(decoys(byTurns((round, source) => 1 + ((round + source * 2) % 6)))).toEqual([]);
  });

  it('says nothing of decoys when the packets differ', () => {
    const unlike = sweep((i) => ({
      packet: { ttl: 40 + i, window: 1_000 + i, ipId: (i * 7_919) % 65_536 },
      source: { ip: S, port: 1_024 + i * 31 },
    }));
    expect(incidentsOf(rules, unlike)[0]!.remarks.join()).not.toContain('claimed sources');
  });

  it('stays silent for several sources on one host', () => {
    expect(
      incidentsOf(
        rules,
        [1, 2, 3, 4].map((i) => hit(`198.51.100.${i}`, LISA, 143, i)),
      ),
    ).toEqual([]);
  });

  it('stays silent when the sources come one after the other over minutes', () => {
    expect(
      incidentsOf(
        rules,
        [1, 2, 3].map((i) => hit(`198.51.100.${i}`, `192.0.2.${i}`, 143, i * 30)),
      ),
    ).toEqual([]);
  });
});

describe('stealth-scan', () => {
  const rules = [rule([{ kind: 'stealth-scan', packets: 1, withinMs: 60_000, by: ['source'] }])];

  it.each([
    [[], 'NULL'],
    [['FIN'], 'FIN'],
    [['FIN', 'PSH', 'URG'], 'Xmas'],
    [['SYN', 'FIN'], 'SYN with FIN or RST'],
    [['SYN', 'RST'], 'SYN with FIN or RST'],
    [['URG'], 'URG or PSH without ACK'],
    [['SYN'], undefined],
    [['SYN', 'ECE', 'CWR'], undefined],
    [['SYN', 'ACK'], undefined],
    [['RST'], undefined],
    [['RST', 'ACK'], undefined],
    [['FIN', 'ACK'], undefined],
    [['ACK'], undefined],
    [['PSH', 'ACK'], undefined],
  ] as const)('stealthKind(%j) is %s', (flags, kind) => {
    expect(stealthKind(flags)).toBe(kind);
  });

  it('fires on a FIN packet and names it', () => {
    const [incident] = incidentsOf(rules, [hit(S, LISA, 143, 0, { tcpFlags: ['FIN'] })]);
    expect(incident).toMatchObject({ kind: 'stealth-scan', count: 1, tcpFlags: ['FIN'] });
    expect(incident!.remarks.join()).toContain('FIN packets');
  });

  it('stays silent for backscatter', () => {
    expect(
      incidentsOf(rules, [
        hit(S, LISA, 143, 0, { tcpFlags: ['SYN', 'ACK'] }),
        hit(S, LISA, 143, 1, { tcpFlags: ['RST'] }),
      ]),
    ).toEqual([]);
  });

  it('counts stealth packets only: what else the source sends makes it neither larger nor graver', () => {
    const ordinary = Array.from({ length: 50 }, (_, i) =>
      hit(S, LISA, 143, i + 1, { tcpFlags: ['SYN'], source: { ip: S, port: 1_024 + i } }),
    );
    const scan = [hit(S, LISA, 143, 0, { tcpFlags: ['FIN'] }), ...ordinary];
    expect(incidentsOf(rules, scan)).toMatchObject([
      { count: 1, lineCount: 1, lastSeenMs: 0, severity: 'medium', tcpFlags: ['FIN'] },
    ]);
  });

  it('stays silent where the log has no flags', () => {
    expect(incidentsOf(rules, [hit(S, LISA, 143, 0)])).toEqual([]);
  });
});

describe('repeat', () => {
  const rules = [rule([{ kind: 'repeat', count: 5, withinMs: 60_000, by: ['source'] }])];
  const login = (at: number, count = 1) =>
    hit(S, LISA, 22, at, { kind: 'login', action: 'failed', count, sequence: at });

  it('fires on the fifth failed login in a row', () => {
    expect(
      incidentsOf(
        rules,
        [1, 2, 3, 4, 5].map((t) => login(t)),
      ),
    ).toMatchObject([{ kind: 'repeat', count: 5 }]);
  });

  it('counts what a line says it stands for', () => {
    expect(incidentsOf(rules, [login(1), login(2, 4)])).toMatchObject([{ count: 5, lineCount: 2 }]);
  });

  it('stays silent for four, and for five over an hour', () => {
    expect(
      incidentsOf(
        rules,
        [1, 2, 3, 4].map((t) => login(t)),
      ),
    ).toEqual([]);
    expect(
      incidentsOf(
        rules,
        [1, 2, 3, 4, 5].map((t) => login(t * 600)),
      ),
    ).toEqual([]);
  });
});

describe('any', () => {
  const rules = [rule([{ kind: 'any', by: ['source'] }])];

  it('fires at first sight, once for all later hits of the source', () => {
    const hits = [0, 10, 500, 1_000].map((t) => hit(S, LISA, 143, t));
    expect(incidentsOf(rules, hits)).toMatchObject([{ kind: 'any', count: 4 }]);
  });
});

describe('what the packets look like', () => {
  const rules = [rule([threeHosts])];
  const scan = (packet: (host: string, i: number) => object) =>
    [10, 20, 30].map((n, i) => hit(S, `192.0.2.${n}`, 143, i, { packet: packet(`192.0.2.${n}`, i) }));

  it.each([
    ['zmap', scan(() => ({ ipId: 54_321 }))],
    [
      'Mirai',
      scan((host) => ({ tcpSequence: host.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) })),
    ],
    ['nmap', scan((_, i) => ({ window: 1_024 * (i + 1), length: 44 }))],
  ])('%s, with the reason', (name, hits) => {
    expect(incidentsOf(rules, hits)[0]!.remarks.join()).toMatch(new RegExp(`looks like ${name}.*: `));
  });

  it('nothing, when one packet does not fit', () => {
    const hits = scan((_, i) => ({ ipId: i === 1 ? 1 : 54_321 }));
    expect(incidentsOf(rules, hits)[0]!.remarks.join()).not.toContain('looks like');
  });
});

describe('where the source is', () => {
  const scan = (source: string) => [10, 20, 30].map((n, i) => hit(source, `192.0.2.${n}`, 143, i));

  it('inside is a level worse', () => {
    const [incident] = incidentsOf([rule([threeHosts])], scan('192.0.2.99'), {
      isOwn: (ip) => ip.startsWith('192.0.2.'),
    });
    expect(incident).toMatchObject({ severity: 'high' });
    expect(incident!.remarks.join()).toContain('inside your own networks');
  });

  it.each(['127.0.0.1', '224.0.0.1', '192.0.2.30'])('%s is impossible', (source) => {
    expect(incidentsOf([rule([threeHosts])], scan(source))[0]!.remarks.join()).toContain('impossible source');
  });

  it.each([
    ['by its address', { any: false, addresses: ['192.0.2.66'], networks: [] }],
    ['in its network', { any: false, addresses: [], networks: ['192.0.2.0/24'] }],
  ])('a host that is watched %s is forged or stolen, and a level more severe', (_, hosts) => {
    const [incident] = incidentsOf([rule([threeHosts], { hosts })], scan('192.0.2.66'));
    expect(incident!.severity).toBe('high');
    expect(incident!.remarks.join()).toMatch(/a host you watch: .* forged or that machine is stolen/);
    const [other] = incidentsOf([rule([threeHosts], { hosts })], scan('198.51.100.66'));
    expect(other).toMatchObject({ severity: 'medium', remarks: [] });
  });

  it('no source is singled out by a rule that watches any host', () => {
    const everything = { any: false, addresses: [], networks: ['0.0.0.0/0'] };
    for (const extra of [{}, { hosts: everything }])
      expect(incidentsOf([rule([threeHosts], extra)], scan('192.0.2.66'))[0]!.remarks).toEqual([]);
  });
});

describe('escalation', () => {
  it('at ten times the size, once settled', () => {
    const run = correlator([rule([threeHosts])]);
    for (let i = 0; i < 35; i++) run.correlator.add(hit(S, `192.0.2.${i + 1}`, 143, i), i * 1_000);
    run.correlator.flush();
    expect(run.seen.map(({ transition, incident }) => `${transition} ${incident.severity}`)).toEqual([
      'opened medium',
      'settled medium',
      'escalated high',
      'closed high',
    ]);
  });

  it.each([
    ['medium', 'high', 'critical'],
    ['high', 'medium', 'critical'],
    ['low', 'low', 'medium'],
    ['critical', 'low', 'critical'],
  ] as const)('a %s scan followed by %s logins makes them %s, and says why', (scan, own, together) => {
    const rules = [
      rule([threeHosts], { severity: scan }),
      rule([{ kind: 'repeat', count: 5, withinMs: 60_000, by: ['source'] }], {
        id: 'logins',
        severity: own,
      }),
    ];
    const hits = [
      ...[10, 20, 30].map((n, i) => hit(S, `192.0.2.${n}`, 143, i)),
      ...[1, 2, 3, 4, 5].map((i) =>
        hit(S, LISA, 22, 60 + i, { ruleId: 'logins', kind: 'login', action: 'failed', sequence: i }),
      ),
    ];
    const [, logins] = incidentsOf(rules, hits);
    expect(logins).toMatchObject({ ruleId: 'logins', severity: together });
    expect(logins!.remarks.join()).toMatch(/went from address-scan to login attempts/);
  });
});

describe('severity', () => {
  it('is not raised by an incident that is over, though its opener came when its list of sources was full', () => {
    const rules = [
      rule([{ kind: 'repeat', count: 700, withinMs: 60_000, by: ['host'] }]),
      rule([{ kind: 'any', by: ['source'] }], { id: 'logins', severity: 'low' }),
    ];
    const crowd = Array.from({ length: 700 }, (_, i) =>
      hit(`198.51.${i >> 8}.${i & 255}`, LISA, 22, i / 100, { sequence: i }),
    );
    const opener = crowd.at(-1)!.sourceIp;
    const login = hit(opener, LISA, 22, 20_000, { ruleId: 'logins', kind: 'login', action: 'failed' });
    const [, logins] = incidentsOf(rules, [...crowd, login]);
    expect(logins).toMatchObject({ ruleId: 'logins', severity: 'low', remarks: [] });
  });
});

describe('bounds', () => {
  const flood = (n: number) =>
    Array.from({ length: n }, (_, i) =>
      hit(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`, LISA, 143, i / 1_000),
    );

  it('a flood of sources is bounded, counted, and does not hide a probe', () => {
    const bounds = { maxSingles: 16_384, maxWindows: 64, maxHitsPerKey: 64, maxHits: 4_096 };
    const run = correlator([rule([threeHosts])], { bounds });
    const hits = [...flood(30_000), ...[0.1, 5, 9].map((t, i) => hit(S, `192.0.2.${i + 1}`, 143, 20 + t))];
    for (const each of hits.toSorted((a, b) => a.attempt.atMs - b.attempt.atMs))
      run.correlator.add(each, each.attempt.atMs);
    run.correlator.flush();
    expect(run.seen.filter(({ transition }) => transition === 'closed')).toMatchObject([
      { incident: { sources: [S] } },
    ]);
    expect(run.correlator.stats().keys).toBeLessThanOrEqual(16_384 + 64);
    expect(run.correlator.stats().evictedKeys).toBeGreaterThan(0);
  });

  it.each<[number, DetectSpec]>([
    [2_000, { kind: 'repeat', count: 2_000, withinMs: 3_600_000, by: ['source'] }],
    [1_100, { kind: 'address-scan', hosts: 1_100, withinMs: 3_600_000, by: ['source', 'port'] }],
    [2_000, { kind: 'port-scan', ports: 2_000, withinMs: 3_600_000, by: ['source', 'host'] }],
    [1_500, { kind: 'distributed-scan', sources: 1_500, hosts: 1_500, withinMs: 3_600_000, by: ['port'] }],
  ])('a threshold of %i is met by so many, and by no less', (threshold, detect) => {
    const knock = (i: number) => {
      const source = detect.kind === 'distributed-scan' ? `198.51.${i >> 8}.${i & 255}` : S;
      const host = detect.kind === 'port-scan' ? LISA : `10.0.${i >> 8}.${i & 255}`;
      return hit(source, host, detect.kind === 'port-scan' ? i : 22, i, { sequence: i + 1 });
    };
    const knocks = Array.from({ length: threshold }, (_, i) => knock(i));
    expect(incidentsOf([rule([detect])], knocks.slice(1))).toEqual([]);
    expect(incidentsOf([rule([detect])], knocks)).toMatchObject([{ count: threshold }]);
  });

  it('hits in windows are bounded over all keys: the oldest keys go, counted, and a probe is seen', () => {
    const bounds = { maxSingles: 1_024, maxWindows: 1_024, maxHitsPerKey: 1_024, maxHits: 2_000 };
    const run = correlator(
      [
        rule([{ kind: 'address-scan', hosts: 300, withinMs: 60_000, by: ['source', 'port'] }]),
        rule([threeHosts], { id: 'probe' }),
      ],
      {
        bounds,
      },
    );
    const crowd = Array.from({ length: 20_000 }, (_, i) =>
      hit(`198.51.100.${i % 100}`, `10.0.${(i / 100) >> 8}.${Math.floor(i / 100) & 255}`, 143, i / 1_000),
    );
    const probe = [0, 1, 2].map((i) => hit(S, `192.0.2.${i}`, 143, i, { ruleId: 'probe' }));
    for (const each of [...crowd, ...probe].toSorted((a, b) => a.attempt.atMs - b.attempt.atMs))
      run.correlator.add(each, each.attempt.atMs);
    expect(run.correlator.stats().evictedKeys).toBeGreaterThan(100);
    expect(run.correlator.incidents()).toMatchObject([{ ruleId: 'probe', count: 3 }]);
  });

  it('one source on 65,535 ports of 20 hosts is one bounded incident', () => {
    const rules = [rule([{ kind: 'port-scan', ports: 15, withinMs: 60_000, by: ['source', 'host'] }])];
    const hits = Array.from({ length: 65_535 }, (_, i) => hit(S, `192.0.2.${i % 20}`, i + 1, i / 10_000));
    const [incident, ...others] = incidentsOf(rules, hits);
    expect(others).toEqual([]);
    expect(incident!.lineCount).toBe(65_535);
    expect(incident!.targets.length).toBeLessThanOrEqual(4_096);
    expect(incident!.overflow).toBeGreaterThan(0);
  });

  it('three hosts tried from 300 source ports are told in full', () => {
    const hits = Array.from({ length: 300 }, (_, i) =>
      hit(S, `192.0.2.${i % 3}`, 143, i / 10, { source: { ip: S, port: 1_024 + i } }),
    );
    expect(incidentsOf([rule([threeHosts])], hits)).toMatchObject([{ count: 300, overflow: 0 }]);
  });

  it('600 sources are counted one by one, and 100 times what the rule asks for is two levels graver', () => {
    const spec: DetectSpec = {
      kind: 'distributed-scan',
      sources: 5,
      hosts: 3,
      withinMs: 10_000,
      by: ['port'],
    };
    const hits = Array.from({ length: 3_000 }, (_, i) =>
      hit(`198.51.${100 + Math.floor((i % 600) / 250)}.${(i % 600) % 250}`, `192.0.2.${i % 7}`, 143, i / 100),
    );
    const [incident] = incidentsOf([rule([spec])], hits);
    expect(incident!.sources).toHaveLength(600);
    expect(incident).toMatchObject({ overflow: 0, severity: 'critical' });
  });

  it('a packet is told once, in however many incidents, where too many are open', () => {
    const hits = [0, 1, 2, 3, 4].flatMap((round) =>
      [0, 1, 2].flatMap((source) =>
        Array.from({ length: round === 0 ? 3 : 1 }, (_, i) =>
          hit(`198.51.100.${source}`, `192.0.2.${i}`, 143, round * 5 + source + i / 10),
        ),
      ),
    );
    const scans = incidentsOf([rule([threeHosts])], hits, { maxOpen: 2 });
    expect(scans.length).toBeGreaterThan(3);
    expect(scans.reduce((sum, { count }) => sum + count, 0)).toBe(hits.length);
  });

  it.each<DetectSpec>([
    { kind: 'any', by: ['source', 'host'] },
    { kind: 'stealth-scan', packets: 1, withinMs: 60_000, by: ['source', 'host'] },
    { kind: 'repeat', count: 2, withinMs: 60_000, by: ['source', 'host'] },
  ])(
    'an incident over ever more hosts stays small, counts all, and does so after a restart: $kind',
    (detect) => {
      const rules = [rule([detect])];
      const hits = Array.from({ length: 20_000 }, (_, i) =>
        hit(S, `2001:db8::${(i >> 1).toString(16)}`, 80, i / 1_000, { sequence: i, tcpFlags: ['FIN'] }),
      );
      const before = correlator(rules, { latenessMs: 0 });
      for (const each of hits) before.correlator.add(each, each.attempt.atMs);
      const [open, ...others] = before.correlator.incidents();
      expect(others).toEqual([]);
      expect(open!.count).toBe(hits.length);
      expect(open!.resume!.keys.length).toBeLessThanOrEqual(4_096);
      const after = correlator(rules, { latenessMs: 0 });
      after.correlator.resume(structuredClone([open!]), hits);
      expect(after.correlator.incidents()).toMatchObject([{ count: hits.length }]);
    },
  );

  it('open incidents are bounded: the longest silent one closes early and is counted', () => {
    const run = correlator([rule([{ kind: 'any', by: ['source'] }])], { maxOpen: 100 });
    for (const each of flood(250)) run.correlator.add(each, each.attempt.atMs);
    run.correlator.flush();
    expect(run.seen.filter(({ transition }) => transition === 'closed')).toHaveLength(250);
    expect(run.correlator.stats().closedEarly).toBe(150);
  });
});
