import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correlator, incidentsOf, rule, threeHosts } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const A = '192.0.2.10';
const B = '192.0.2.20';
const C = '192.0.2.30';
const S = '198.51.100.7';
const rules = [rule([threeHosts])];

describe('address-scan near misses stay silent', () => {
  it.each([
    ['one hit', [hit(S, A, 143, 0)]],
    ['two hosts, four hits', [hit(S, A, 143, 0), hit(S, B, 143, 1), hit(S, A, 143, 2), hit(S, B, 143, 3)]],
    ['one host retried five times', [0, 3, 6, 9, 12].map((t) => hit(S, A, 143, t))],
    ['three hosts on three ports', [hit(S, A, 143, 0), hit(S, B, 139, 2), hit(S, C, 80, 4)]],
    [
      'three sources, one host each',
      [hit('198.51.100.1', A, 143, 0), hit('198.51.100.2', B, 143, 1), hit('198.51.100.3', C, 143, 2)],
    ],
    ['three hosts spread over 90 s', [hit(S, A, 143, 0), hit(S, B, 143, 45), hit(S, C, 143, 90)]],
    [
      'the third host exactly one window after the first',
      [hit(S, A, 143, 0), hit(S, B, 143, 30), hit(S, C, 143, 60)],
    ],
  ])('%s', (_, hits) => {
    expect(incidentsOf(rules, hits)).toEqual([]);
  });
});

describe('address-scan fires', () => {
  it('on three hosts in three seconds, with what was seen', () => {
    const [incident, ...others] = incidentsOf(rules, [
      hit(S, A, 143, 0),
      hit(S, B, 143, 1),
      hit(S, C, 143, 3, { count: 2 }),
    ]);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      kind: 'address-scan',
      ruleId: 'r',
      sources: [S],
      ports: [143],
      count: 4,
      lineCount: 3,
      firstSeenMs: 0,
      lastSeenMs: 3_000,
      state: 'closed',
      severity: 'medium',
    });
    expect(incident!.targets.map((target) => target.ip)).toEqual([A, B, C]);
    expect(incident!.sentence).toContain('3 watched hosts within 3 s');
  });

  it('a millisecond inside the window', () => {
    expect(incidentsOf(rules, [hit(S, A, 143, 0), hit(S, B, 143, 30), hit(S, C, 143, 59.999)])).toHaveLength(
      1,
    );
  });

  it('over a sliding window that no fixed minute holds, and begins where that window begins', () => {
    const hits = [hit(S, A, 143, 0), hit(S, B, 143, 40), hit(S, C, 143, 70), hit(S, A, 143, 80)];
    expect(incidentsOf(rules, hits)).toMatchObject([{ firstSeenMs: 40_000, openedAtMs: 80_000, count: 3 }]);
  });

  it('once, however many hosts follow', () => {
    const hits = Array.from({ length: 40 }, (_, i) => hit(S, `192.0.2.${i + 1}`, 143, i));
    expect(incidentsOf(rules, hits)).toMatchObject([{ count: 40, severity: 'high' }]);
  });

  it('once for two ports of one source: one story', () => {
    const hits = [143, 80].flatMap((port) => [A, B, C].map((host, i) => hit(S, host, port, i)));
    expect(incidentsOf(rules, hits)).toMatchObject([{ ports: [80, 143], count: 6 }]);
  });

  it('again after the source was quiet for longer than the quiet time', () => {
    const hits = [0, 2_000].flatMap((start) => [A, B, C].map((host, i) => hit(S, host, 143, start + i)));
    expect(incidentsOf(rules, hits)).toHaveLength(2);
  });

  it('for an IPv6 source', () => {
    const hits = [A, B, C].map((host, i) => hit('2001:db8::7', host, 143, i));
    expect(incidentsOf(rules, hits)).toMatchObject([{ sources: ['2001:db8::7'] }]);
  });
});

describe('event time', () => {
  it('order of arrival within the lateness changes nothing', () => {
    const hits = Array.from({ length: 60 }, (_, i) =>
      hit(`198.51.100.${i % 7}`, `192.0.2.${(i * 7) % 5}`, 143, i * 3, { sequence: i }),
    );
    const wanted = JSON.stringify(incidentsOf(rules, hits, { latenessMs: 30_000 }));
    expect(JSON.parse(wanted).length).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.array(fc.nat(29), { minLength: 60, maxLength: 60 }), (delays) => {
        const shuffled = hits
          .map((each, i) => ({ each, arrival: each.attempt.atMs + delays[i]! * 1_000 }))
          .sort((a, b) => a.arrival - b.arrival)
          .map(({ each }) => each);
        expect(JSON.stringify(incidentsOf(rules, shuffled, { latenessMs: 30_000 }))).toBe(wanted);
      }),
      { numRuns: 50 },
    );
  });

  it('a delayed log gives the same incident live as it does replayed', () => {
    const hits = [hit(S, A, 143, 0), hit(S, B, 143, 1), hit(S, C, 143, 3)];
    const run = correlator(rules);
    const hourLater = 3_600_000;
    for (const [i, each] of hits.entries()) run.correlator.add(each, hourLater + i * 10);
    // The rest of the sweep is as late as its beginning: the settle time begins when that came.
    run.correlator.advance(hourLater + 5_000);
    expect(run.seen.map(({ transition }) => transition)).toEqual(['opened']);
    run.correlator.advance(hourLater + 10_000);
    expect(run.seen.map(({ transition }) => transition)).toEqual(['opened', 'settled']);
    expect(run.seen[0]!.incident.firstSeenMs).toBe(0);
  });

  it('the settle time begins with the hit that met the condition', () => {
    const run = correlator(rules);
    for (const each of [hit(S, A, 143, 100), hit(S, B, 143, 101), hit(S, C, 143, 103)])
      run.correlator.add(each, each.attempt.atMs);
    run.correlator.advance(112_999);
    expect(run.seen.map(({ transition }) => transition)).toEqual(['opened']);
    run.correlator.advance(113_000);
    expect(run.seen.map(({ transition }) => transition)).toEqual(['opened', 'settled']);
  });

  it('an incident closes after the quiet time', () => {
    const run = correlator(rules);
    for (const each of [hit(S, A, 143, 0), hit(S, B, 143, 1), hit(S, C, 143, 3)])
      run.correlator.add(each, each.attempt.atMs);
    for (const atMs of [5_000, 20_000]) run.correlator.advance(atMs);
    run.correlator.advance(900_000);
    expect(run.seen.at(-1)!.transition).toBe('settled');
    run.correlator.advance(910_000);
    expect(run.seen.at(-1)!.transition).toBe('closed');
  });
});

describe('hits that come after their incident has closed', () => {
  it('open one that holds all that is still in the window, and says so', () => {
    const run = correlator(rules);
    for (const [i, host] of [A, B, C].entries()) run.correlator.add(hit(S, host, 143, i * 10), i * 10_000);
    run.correlator.add(hit('198.51.100.8', A, 143, 3_600), 3_600_000);
    // An hour late: from ten seconds after the others.
    run.correlator.add(hit(S, '192.0.2.40', 143, 30), 3_600_000);
    run.correlator.flush();
    const [first, late, ...others] = run.seen.filter(({ transition }) => transition === 'closed');
    expect(others).toEqual([]);
    expect(first!.incident).toMatchObject({ count: 3 });
    expect(late!.incident).toMatchObject({ count: 4, firstSeenMs: 0 });
    expect(late!.incident.sentence).toContain('4 watched hosts within 30 s');
  });

  it('open none where too few are left', () => {
    const run = correlator(rules);
    for (const [i, host] of [A, B, C].entries()) run.correlator.add(hit(S, host, 143, i * 10), i * 10_000);
    run.correlator.add(hit('198.51.100.8', A, 143, 3_600), 3_600_000);
    // The windows before it have passed; only the third host is left in this one.
    run.correlator.add(hit(S, '192.0.2.40', 143, 75), 3_600_000);
    run.correlator.flush();
    expect(run.seen.filter(({ transition }) => transition === 'closed')).toHaveLength(1);
  });
});

describe('knocks on a router, a wrapper and a login are one story', () => {
  const login = {
    kind: 'login',
    action: 'failed',
    parser: 'sshd',
    vendor: 'OpenSSH',
    product: 'sshd',
  } as const;

  it.each([0, 1, 2])('whichever comes first (login in place %i)', (place) => {
    const three = [10, 20, 30].map((n, i) => hit(S, `192.0.2.${n}`, 22, i, i === place ? login : {}));
    const [incident, ...others] = incidentsOf(rules, three);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ count: 3, sources: [S] });
    expect(incident!.observers.map(({ product }) => product).sort()).toEqual(['iptables', 'sshd']);
  });

  it('and the first of them keeps its own transport', () => {
    const three = [10, 20, 30].map((n, i) =>
      hit(S, `192.0.2.${n}`, 53, i, i === 0 ? { transport: 'udp', protocolNumber: 17 } : {}),
    );
    const [incident] = incidentsOf(rules, three);
    expect(incident!.targets.map(({ transport }) => transport)).toEqual(['udp', 'tcp', 'tcp']);
  });
});

describe('address-scan agrees with a plain model', () => {
  /** Every source and port for which some 60 s hold three hosts. */
  function model(hits: ReturnType<typeof hit>[]): string[] {
    const found = new Set<string>();
    for (const last of hits) {
      const inWindow = hits.filter(
        (each) =>
          each.sourceIp === last.sourceIp &&
          each.port === last.port &&
          each.attempt.atMs <= last.attempt.atMs &&
          each.attempt.atMs > last.attempt.atMs - 60_000,
      );
      if (new Set(inWindow.map((each) => each.host.ip)).size >= 3) found.add(`${last.sourceIp} ${last.port}`);
    }
    return [...found].sort();
  }

  const arbitraryHit = fc
    .record({
      source: fc.nat(4),
      host: fc.nat(4),
      port: fc.constantFrom(143, 80),
      at: fc.nat(400),
      v6: fc.boolean(),
      kind: fc.constantFrom('packet' as const, 'login' as const),
    })
    .map(({ source, host, port, at, v6, kind }) =>
      hit(v6 ? `2001:db8::${source + 1}` : `198.51.100.${source}`, `192.0.2.${host}`, port, at, { kind }),
    );

  it('on any stream of hits', () => {
    fc.assert(
      fc.property(fc.array(arbitraryHit, { maxLength: 120 }), (hits) => {
        const inOrder = hits.toSorted((a, b) => a.attempt.atMs - b.attempt.atMs);
        const found = new Set(
          incidentsOf(rules, inOrder).flatMap((i) => i.ports.map((port) => `${i.sources[0]} ${port}`)),
        );
        expect([...found].sort()).toEqual(model(hits));
      }),
      { numRuns: 300 },
    );
  });
});
