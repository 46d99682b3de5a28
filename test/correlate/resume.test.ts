import { describe, expect, it } from 'vitest';
import type { DetectSpec } from '../../src/rule.ts';
import type { Hit, Incident } from '../../src/types.ts';
import { correlator, incidentsOf, rule, threeHosts } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const rules = [rule([threeHosts])];
const twoHosts: DetectSpec = { kind: 'address-scan', hosts: 2, withinMs: 60_000, by: ['source', 'port'] };
/** Twenty scans of six hosts each, some of them spread over most of the window, all mixed. */
const hits = Array.from({ length: 120 }, (_, i) => {
  const source = i % 20;
  const step = Math.floor(i / 20);
  return hit(`198.51.100.${source}`, `192.0.2.${step + 10}`, 143, source * 3 + step * (source % 7) * 3, {
    sequence: i,
  });
}).toSorted((a, b) => a.attempt.atMs - b.attempt.atMs);

/** What two runs made of the hits, the second of which knows what the first had saved when it ended after `count` hits. */
function inTwoRuns(count: number, end: 'drained' | 'killed'): Incident[] {
  const before = correlator(rules);
  const saved: Hit[] = [];
  for (const each of hits.slice(0, count)) {
    before.correlator.add(each, each.attempt.atMs);
    saved.push(each);
  }
  if (end === 'drained') before.correlator.drain();
  const closed = before.seen
    .filter(({ transition }) => transition === 'closed')
    .map(({ incident }) => incident);
  const open = before.correlator.incidents();

  const after = correlator(rules);
  after.correlator.resume(structuredClone(open), saved);
  for (const each of hits.slice(count)) after.correlator.add(each, each.attempt.atMs);
  after.correlator.flush();
  const rest = after.seen.filter(({ transition }) => transition === 'closed').map(({ incident }) => incident);
  return [...closed, ...rest].sort(
    (a, b) => a.openedAtMs - b.openedAtMs || (a.identifier < b.identifier ? -1 : 1),
  );
}

const told = (incidents: readonly Incident[]) =>
  incidents.map(({ id, sources, ports, count, lineCount, firstSeenMs, lastSeenMs, targets }) => ({
    id,
    sources,
    ports,
    count,
    lineCount,
    firstSeenMs,
    lastSeenMs,
    targets,
  }));

describe('Correlator.resume()', () => {
  const wanted = told(incidentsOf(rules, hits));

  it('the log holds something to lose', () => {
    expect(wanted.length).toBeGreaterThan(10);
  });

  it.each(['drained', 'killed'] as const)(
    'after a run that was %s at any hit, the incidents are those of one run',
    (end) => {
      for (let count = 0; count <= hits.length; count += 7)
        expect(told(inTwoRuns(count, end)), `after ${count}`).toEqual(wanted);
    },
  );

  it('says nothing again that had settled, and settles what had not', () => {
    const scan = [10, 11, 12].map((host, i) => hit('198.51.100.7', `192.0.2.${host}`, 143, i));
    for (const [advanceMs, wantedAgain] of [
      [6_000, ['settled', 'closed']],
      [20_000, ['closed']],
    ] as const) {
      const before = correlator(rules);
      for (const each of scan) before.correlator.add(each, each.attempt.atMs);
      before.correlator.advance(advanceMs);
      const after = correlator(rules);
      after.correlator.resume(before.correlator.incidents(), scan);
      after.correlator.advance(30_000);
      after.correlator.flush();
      expect(after.seen.map(({ transition }) => transition)).toEqual(wantedAgain);
    }
  });

  it('opens nothing again that had closed, and takes what comes later for news', () => {
    const scan = (fromS: number) =>
      [10, 11, 12].map((host, i) => hit('198.51.100.7', `192.0.2.${host}`, 143, fromS + i));
    const quick = [rule([threeHosts], { quietMs: 60_000 })];
    const before = correlator(quick);
    for (const each of scan(0)) before.correlator.add(each, each.attempt.atMs);
    before.correlator.advance(scan(70)[0]!.attempt.atMs);
    const closed = before.seen.at(-1)!;
    expect(closed.transition).toBe('closed');
    const after = correlator(quick);
    after.correlator.resume([], scan(0), [closed.incident]);
    expect(after.correlator.incidents()).toEqual([]);
    for (const each of scan(80)) after.correlator.add(each, each.attempt.atMs);
    after.correlator.flush();
    expect(after.seen.map(({ transition }) => transition)).toEqual(['opened', 'settled', 'closed']);
    expect(after.seen.at(-1)!.incident).toMatchObject({ count: 3, lineCount: 3 });
    expect(after.seen.at(-1)!.incident.id).not.toBe(closed.incident.id);
  });

  it('does not tell an incident again that was over, and tells the next of its source', () => {
    const scan = [10, 11, 12].map((host, i) => hit('198.51.100.7', `192.0.2.${host}`, 143, i));
    const before = correlator(rules);
    for (const each of scan) before.correlator.add(each, each.attempt.atMs);
    before.correlator.flush();
    const over = before.seen.at(-1)!.incident;
    expect(over.state).toBe('closed');

    // The first of the hits is too old to be kept: what is left alone would look like another incident.
    const after = correlator([rule([twoHosts])]);
    after.correlator.resume([], scan.slice(1), [over]);
    after.correlator.advance(2_000_000);
    expect(after.seen).toEqual([]);

    for (const each of scan) {
      const atMs = each.attempt.atMs + 3_000_000;
      after.correlator.add({ ...each, attempt: { ...each.attempt, atMs } }, atMs);
    }
    after.correlator.flush();
    expect(after.seen.filter(({ transition }) => transition === 'opened')).toHaveLength(1);
  });

  describe('of hits that carry the same second', () => {
    const inOneSecond = (count: number) =>
      Array.from({ length: count }, (_, i) => hit('198.51.100.7', `192.0.2.${10 + i}`, 143, 12));
    /** The incident after a run that was killed: its last snapshot is of `snapshot` hits, all are on disk. */
    function afterKill(snapshot: number, later: readonly Hit[], edit = (open: Incident[]) => open): Incident {
      const all = [...inOneSecond(snapshot), ...later];
      const before = correlator(rules, { latenessMs: 0 });
      for (const each of all.slice(0, snapshot)) before.correlator.add(each, each.attempt.atMs);
      const after = correlator(rules, { latenessMs: 0 });
      after.correlator.resume(edit(structuredClone(before.correlator.incidents())), all);
      return after.correlator.incidents()[0]!;
    }

    it('counts those that followed the last snapshot, and none twice', () => {
      for (const snapshot of [0, 2, 3, 4, 50])
        expect(afterKill(snapshot, inOneSecond(200).slice(snapshot)), `${snapshot}`).toMatchObject({
          count: 200,
          lineCount: 200,
        });
      expect(afterKill(50, []).count).toBe(50);
    });

    it('counts those of a later second too', () => {
      const later = inOneSecond(5).map((each) => ({ ...each, attempt: { ...each.attempt, atMs: 13_000 } }));
      expect(afterKill(50, later).count).toBe(55);
    });

    it('reads snapshots that do not say how many there were: those of the last second count as counted', () => {
      const old = (open: Incident[]) =>
        open.map(({ resume, ...rest }) => {
          const { lastSeenHits: _new, ...known } = resume!;
          return { ...rest, resume: known };
        });
      expect(afterKill(50, inOneSecond(200).slice(50), old).count).toBe(50);
    });
  });

  it('gives back incidents whose rule is gone', () => {
    const before = correlator(rules);
    for (const [i, host] of [10, 11, 12].entries())
      before.correlator.add(hit('198.51.100.7', `192.0.2.${host}`, 143, i), i * 1_000);
    before.correlator.drain();
    const after = correlator([rule([threeHosts], { id: 'another' })]);
    expect(after.correlator.resume(before.correlator.incidents(), [])).toHaveLength(1);
  });

  it('knows of what kinds the attempts were', () => {
    const before = correlator(rules);
    for (const [i, host] of [10, 11, 12].entries())
      before.correlator.add(hit('198.51.100.7', `192.0.2.${host}`, 143, i, { kind: 'login' }), i * 1_000);
    before.correlator.drain();
    const [open] = before.correlator.incidents();
    expect(open!.kinds).toEqual(['login']);
    const after = correlator(rules);
    after.correlator.resume([open!], []);
    after.correlator.add(hit('198.51.100.7', '192.0.2.13', 143, 4), 4_000);
    after.correlator.drain();
    expect(after.correlator.incidents()[0]!.kinds).toEqual(['login', 'packet']);
    // What an earlier version has kept does not say.
    const { kinds: _none, ...old } = open!;
    const later = correlator(rules);
    later.correlator.resume([old], []);
    expect(later.correlator.incidents()[0]!.kinds).toEqual([]);
  });

  it('names what changed once', () => {
    const run = correlator(rules);
    for (const [i, host] of [10, 11, 12].entries())
      run.correlator.add(hit('198.51.100.7', `192.0.2.${host}`, 143, i), i * 1_000);
    run.correlator.advance(5_000);
    expect(run.correlator.takeChanged()).toHaveLength(1);
    expect(run.correlator.takeChanged()).toEqual([]);
  });
});
