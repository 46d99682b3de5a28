import { describe, expect, it } from 'vitest';
import type { Rule } from '../../src/rule.ts';
import { correlator, incidentsOf, rule, threeHosts } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const STRANGER = '198.51.100.7';
const knock = (n: number, at: number) => hit(STRANGER, `192.0.2.${n}`, 143, at);
const old = rule([threeHosts]);

/** Feeds hits with new rules after some of them; gives the counts of all incidents, closed in the end. */
function countsWith(
  reloads: ReadonlyMap<number, readonly Rule[]>,
  hits: readonly ReturnType<typeof knock>[],
  latenessMs = 0,
): number[] {
  const run = correlator([old], { latenessMs });
  for (const [i, each] of hits.entries()) {
    run.correlator.add(each, each.attempt.atMs);
    const rules = reloads.get(i);
    if (rules !== undefined) run.correlator.reload(rules);
  }
  run.correlator.flush();
  return run.seen.filter(({ transition }) => transition === 'closed').map(({ incident }) => incident.count);
}

describe('Correlator.reload()', () => {
  const sweep = [knock(10, 1), knock(11, 2), knock(12, 3), knock(13, 4)];

  it('with the same rules, at any point, changes nothing', () => {
    for (let i = 0; i < sweep.length; i++)
      expect(countsWith(new Map([[i, [structuredClone(old)]]]), sweep)).toEqual([4]);
  });

  it('keeps the detector that is unchanged and begins the other anew', () => {
    const both = rule([threeHosts, { kind: 'repeat', count: 4, withinMs: 60_000, by: ['source'] }]);
    expect(countsWith(new Map([[1, [both]]]), sweep)).toEqual([4]);
  });

  it('begins anew what watches something else', () => {
    const narrower = rule([threeHosts], { ports: { any: false, ranges: [{ from: 143, to: 143 }] } });
    expect(countsWith(new Map([[1, [narrower]]]), sweep)).toEqual([]);
    expect(countsWith(new Map([[1, [rule([threeHosts], { kinds: ['packet'] })]]]), sweep)).toEqual([]);
  });

  it('judges nothing more for a rule that is gone, not even what was held for late lines', () => {
    expect(countsWith(new Map([[1, []]]), sweep)).toEqual([]);
    expect(countsWith(new Map([[3, []]]), sweep, 10_000)).toEqual([]);
  });

  it('judges what was held by the new rules', () => {
    const four = rule([{ ...threeHosts, hosts: 4 } as typeof threeHosts]);
    expect(countsWith(new Map([[2, [four]]]), sweep, 10_000)).toEqual([4]);
  });

  it('knows the rule of an open incident after it is gone, and forgets it with the first reload after that', () => {
    const run = correlator([old], { latenessMs: 0 });
    for (const each of sweep) run.correlator.add(each, each.attempt.atMs);
    run.correlator.reload([]);
    expect(run.correlator.rule('r')).toBe(old);
    expect(run.correlator.incidents()).toHaveLength(1);
    run.correlator.advance(3_600_000);
    expect(run.seen.map(({ transition }) => transition)).toEqual(['opened', 'settled', 'closed']);
    run.correlator.reload([]);
    expect(run.correlator.rule('r')).toBeUndefined();
  });

  it('a rule that comes back takes up its open incident', () => {
    const run = correlator([old], { latenessMs: 0 });
    for (const each of sweep) run.correlator.add(each, each.attempt.atMs);
    run.correlator.reload([]);
    run.correlator.reload([old]);
    for (const each of [knock(20, 30), knock(21, 31), knock(22, 32)])
      run.correlator.add(each, each.attempt.atMs);
    run.correlator.flush();
    expect(run.seen.map(({ transition }) => transition)).toEqual(['opened', 'settled', 'closed']);
    expect(run.seen.at(-1)!.incident.count).toBe(7);
  });
});

describe('an incident whose window falls below the condition and meets it again', () => {
  it('counts every packet once', () => {
    // The window is empty after a minute; the incident is open for a quarter of an hour.
    const hits = [knock(10, 1), knock(11, 2), knock(12, 3), knock(20, 100), knock(21, 101), knock(22, 102)];
    const [incident, ...rest] = incidentsOf([old], hits);
    expect(rest).toEqual([]);
    expect(incident).toMatchObject({ count: 6, lineCount: 6 });
  });
});
