import { describe, expect, it } from 'vitest';
import type { IncidentState } from '../../src/types.ts';
import { correlator, rule, threeHosts } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const knock = (second: number, host = 12, source = '198.51.100.7') =>
  hit(source, `192.0.2.${host}`, 143, second);
const SCAN = [knock(0, 10), knock(1, 11), knock(2, 12)];

/** A correlator that has seen hits, each at its time. */
function heard(hits: readonly ReturnType<typeof knock>[], rules = [rule([threeHosts])]) {
  const run = correlator(rules);
  for (const each of hits) run.correlator.add(each, each.attempt.atMs);
  const stateAt = (second: number): IncidentState | undefined => {
    run.correlator.advance(second * 1_000);
    return run.correlator.incidents()[0]?.state;
  };
  return { ...run, stateAt };
}

describe('an open incident', () => {
  it('is quiet when the window of its rule has passed since its last hit, and those who store and show it hear of that', () => {
    const { correlator: scans, stateAt } = heard(SCAN);
    // The last hit is judged in second 4, when none can come before it any more.
    expect(stateAt(30)).toBe('open');
    scans.takeChanged();
    expect(stateAt(62)).toBe('open');
    expect(scans.takeChanged()).toEqual([]);
    expect(stateAt(67)).toBe('quiet');
    expect(scans.takeChanged().map(({ state }) => state)).toEqual(['quiet']);
    expect(stateAt(600)).toBe('quiet');
    expect(scans.takeChanged()).toEqual([]);
  });

  it('grows again with each further hit, and is quiet again after each', () => {
    const { correlator: scans, seen, stateAt } = heard(SCAN);
    for (const second of [100, 250, 400]) {
      expect(stateAt(second)).toBe('quiet');
      scans.add(knock(second), second * 1_000);
      expect(stateAt(second + 5)).toBe('growing');
      expect(stateAt(second + 58)).toBe('growing');
      expect(stateAt(second + 70)).toBe('quiet');
    }
    expect(stateAt(1_295)).toBe('quiet');
    expect(stateAt(1_310)).toBeUndefined();
    expect(seen.map(({ transition }) => transition)).toEqual(['opened', 'settled', 'closed']);
    expect(seen.at(-1)!.incident).toMatchObject({ state: 'closed', count: 6 });
  });

  it('closes when it would have, however seldom somebody looks at the clock, and the first to fall silent first', () => {
    const others = [10, 11, 12].map((host) => knock(20, host, '198.51.100.8'));
    const { correlator: scans, seen } = heard([...SCAN, ...others, knock(30)]);
    scans.advance(3_600_000);
    const closed = seen.filter(({ transition }) => transition === 'closed');
    expect(closed.map(({ incident }) => incident.sources[0])).toEqual(['198.51.100.8', '198.51.100.7']);
  });

  it('goes by the longest window of its rule', () => {
    const slow = { kind: 'port-scan', ports: 50, withinMs: 300_000, by: ['source'] } as const;
    const { stateAt } = heard(SCAN, [rule([threeHosts, slow])]);
    expect(stateAt(290)).toBe('open');
    expect(stateAt(310)).toBe('quiet');
  });

  it('goes by a minute where its rule has no window', () => {
    const { stateAt } = heard(SCAN.slice(0, 1), [rule([{ kind: 'any', by: ['source'] }])]);
    expect(stateAt(55)).toBe('open');
    expect(stateAt(70)).toBe('quiet');
  });

  it('is never quiet under a rule whose silence is its window', () => {
    const { correlator: scans, seen } = heard(SCAN, [rule([threeHosts], { quietMs: 1 })]);
    for (let second = 3; second < 80; second++) {
      scans.advance(second * 1_000);
      for (const { state } of scans.incidents()) expect(state).toBe('open');
    }
    expect(seen.at(-1)!.transition).toBe('closed');
  });
});

describe('an incident that is open when the clock is set back', () => {
  const HOUR_S = 3_600;
  const heardLive = () => {
    const run = correlator([rule([threeHosts])], { isMachineClock: true });
    for (const each of [0, 1, 2].map((i) => knock(HOUR_S + i, 10 + i)))
      run.correlator.add(each, each.attempt.atMs);
    run.correlator.advance((HOUR_S + 5) * 1_000);
    return run;
  };
  const told = ({ seen }: ReturnType<typeof heardLive>) => seen.map(({ transition }) => transition);

  it('is told at once, grows, and closes by the new clock', () => {
    const run = heardLive();
    run.correlator.advance(10_000);
    expect(told(run)).toEqual(['opened', 'settled']);
    run.correlator.add(knock(100, 20), 100_000);
    run.correlator.advance(990_000);
    expect(run.correlator.incidents()).toMatchObject([{ count: 4 }]);
    run.correlator.advance(1_010_000);
    expect(told(run)).toEqual(['opened', 'settled', 'closed']);
  });

  it('does so too when that happens between two runs', () => {
    const before = heardLive();
    before.correlator.drain();
    const run = correlator([rule([threeHosts])], { isMachineClock: true });
    run.correlator.resume(structuredClone(before.correlator.incidents()), []);
    run.correlator.advance(10_000);
    expect(run.correlator.incidents()).toHaveLength(1);
    run.correlator.advance(920_000);
    expect(told(run)).toEqual(['closed']);
  });

  it('is left alone by lines that waited for minutes before they came to us', () => {
    const run = heardLive();
    // The clock is told while lines from before are still on their way.
    for (let i = 0; i < 20; i++) {
      run.correlator.advance((HOUR_S + 300 + i) * 1_000);
      run.correlator.add(knock(HOUR_S + 5 + i, 20 + i), (HOUR_S + 5 + i) * 1_000);
    }
    run.correlator.flush();
    expect(told(run)).toEqual(['opened', 'settled', 'closed']);
    expect(run.seen.at(-1)!.incident.count).toBe(23);
  });
});

describe('after a restart, and in another node, an incident', () => {
  const ways = {
    resumed: (before: ReturnType<typeof heard>) => {
      const next = correlator([rule([threeHosts])]);
      next.correlator.resume(structuredClone(before.correlator.incidents()), SCAN);
      return next;
    },
    'taken over': (before: ReturnType<typeof heard>) => {
      const next = correlator([rule([threeHosts])]);
      const incidents = structuredClone(before.correlator.incidents());
      next.correlator.restore({ ...before.correlator.pending(), incidents }, SCAN);
      return next;
    },
  };

  it.each(Object.entries(ways))('%s falls quiet, grows and closes as it would have', (_way, goOn) => {
    for (const [endMs, wanted] of [
      [30_000, []],
      [90_000, ['quiet']],
    ] as const) {
      const before = heard(SCAN);
      before.correlator.advance(endMs);
      expect(before.correlator.takeChanged().filter(({ state }) => state === 'quiet')).toHaveLength(
        wanted.length,
      );
      const { correlator: scans, seen } = goOn(before);
      const state = () => scans.incidents()[0]?.state;
      scans.advance(100_000);
      expect(state()).toBe('quiet');
      scans.add(knock(120), 120_000);
      scans.advance(130_000);
      expect(state()).toBe('growing');
      scans.advance(200_000);
      expect(state()).toBe('quiet');
      scans.advance(1_010_000);
      expect(state()).toBe('quiet');
      scans.advance(1_030_000);
      expect(state()).toBeUndefined();
      expect(seen.at(-1)).toMatchObject({ transition: 'closed', incident: { count: 4 } });
    }
  });
});
