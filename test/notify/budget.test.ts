import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/notify/budget.ts';
import { type Held, Tally } from '../../src/notify/tally.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

function held(id: string, extra: Partial<Held> = {}): Held {
  return {
    incidentId: id,
    ruleId: 'r',
    severity: 'medium',
    headline: `headline ${id}`,
    sources: [`198.51.100.${id}`],
    ports: [143],
    hits: 2,
    firstSeenMs: 1000,
    lastSeenMs: 2000,
    ...extra,
  };
}

/** A budget with room for sources, so that only the channel's limit counts. */
const perChannel = (mails: number, perMs: number) =>
  new Budget({ perChannel: { mails, perMs }, perSource: { mails: 1_000_000, perMs } });

describe('Budget', () => {
  it('refuses limits that make no sense', () => {
    for (const mails of [0, -1, 1.5, Number.NaN]) expect(() => perChannel(mails, HOUR)).toThrow(RangeError);
    expect(() => perChannel(1, 0)).toThrow(/window/);
  });

  it('sends one at once and one a minute after, and tells all 500 of a storm', () => {
    const budget = perChannel(1, MINUTE);
    let mails = 0;
    let told = 0;
    for (let i = 0; i < 500; i++) {
      const nowMs = i * 120;
      const { allowed } = budget.admit(['ops'], undefined, 'medium', nowMs);
      if (allowed.length === 1) {
        mails++;
        told++;
      } else budget.hold('ops', held(String(i)), nowMs);
    }
    expect(mails).toBe(1);
    const due = budget.digestDueMs('ops', MINUTE)!;
    expect(due).toBeGreaterThanOrEqual(MINUTE);
    expect(due).toBeLessThan(2 * MINUTE);
    const report = budget.takeDigest('ops', due)!;
    told += report.held.length;
    expect(told).toBe(500);
    expect(report).toMatchObject({ hits: 998, sources: 499, ports: 1, unlisted: 0 });
    expect(budget.digestDueMs('ops', due)).toBeUndefined();
    expect(budget.admit(['ops'], undefined, 'medium', due + 1).allowed).toEqual([]);
  });

  it('never lets a channel carry more than its mails in any window, digests included', () => {
    const budget = perChannel(20, HOUR);
    const sent: number[] = [];
    for (let nowMs = 0; nowMs < 5 * HOUR; nowMs += 1_000) {
      const severity = (['low', 'medium', 'high', 'critical'] as const)[(nowMs / 1000) % 4]!;
      if (budget.admit(['ops'], undefined, severity, nowMs).allowed.length > 0) sent.push(nowMs);
      else budget.hold('ops', held(String(nowMs), { severity }), nowMs);
      const due = budget.digestDueMs('ops', nowMs);
      if (due !== undefined && due <= nowMs) {
        budget.takeDigest('ops', nowMs);
        sent.push(nowMs);
      }
    }
    for (const at of sent) {
      expect(sent.filter((t) => t > at - HOUR && t <= at).length).toBeLessThanOrEqual(20);
    }
    // A storm that lasts is told all the time, not once an hour.
    expect(sent.length).toBeGreaterThan(60);
  });

  it('keeps a part for digests and spreads it', () => {
    const budget = perChannel(4, HOUR);
    for (let i = 0; i < 3; i++) expect(budget.admit(['ops'], undefined, 'low', i).allowed).toEqual(['ops']);
    expect(budget.admit(['ops'], undefined, 'low', 3).over).toEqual([
      { channel: 'ops', because: 'the budget of 4 mails in 1 h is spent' },
    ]);
    budget.hold('ops', held('1'), 3);
    expect(budget.digestDueMs('ops', 3)).toBe(3 + HOUR);
  });

  it('lets a grave alert use the part kept for digests, but for the last mail', () => {
    const budget = perChannel(8, HOUR);
    for (let i = 0; i < 6; i++) budget.admit(['ops'], undefined, 'low', 0);
    expect(budget.admit(['ops'], undefined, 'medium', 1).allowed).toEqual([]);
    budget.hold('ops', held('1', { severity: 'medium' }), 1);
    expect(budget.admit(['ops'], undefined, 'critical', 2).allowed).toEqual(['ops']);
    expect(budget.admit(['ops'], undefined, 'critical', 3).allowed).toEqual([]);
  });

  it('lets a grave alert head the queue when nothing is left', () => {
    const budget = perChannel(1, HOUR);
    budget.admit(['ops'], undefined, 'low', 0);
    for (const [id, severity] of [
      ['1', 'low'],
      ['2', 'critical'],
      ['3', 'high'],
    ] as const) {
      expect(budget.admit(['ops'], undefined, severity, 1).allowed).toEqual([]);
      budget.hold('ops', held(id, { severity }), 1);
    }
    expect(budget.takeDigest('ops', HOUR + 1)!.held.map(({ incidentId }) => incidentId)).toEqual([
      '2',
      '3',
      '1',
    ]);
  });

  it('does not let urgent alerts pass each other while a graver one waits', () => {
    const budget = perChannel(8, HOUR);
    for (let i = 0; i < 6; i++) budget.admit(['ops'], undefined, 'low', 0);
    budget.hold('ops', held('1', { severity: 'critical' }), 1);
    expect(budget.admit(['ops'], undefined, 'critical', 2).allowed).toEqual([]);
    expect(budget.admit(['ops'], undefined, 'high', 2).allowed).toEqual([]);
  });

  it('gives a source its own limit over all channels, and forgets it after the window', () => {
    const budget = new Budget({
      perChannel: { mails: 100, perMs: HOUR },
      perSource: { mails: 2, perMs: HOUR },
    });
    const ask = (source: string, nowMs: number) => budget.admit(['a', 'b'], source, 'critical', nowMs);
    expect(ask('198.51.100.7', 0).allowed).toEqual(['a', 'b']);
    expect(ask('198.51.100.7', 1).allowed).toEqual(['a', 'b']);
    expect(ask('198.51.100.7', 2).over).toEqual([
      { channel: 'a', because: 'this source had its 2 mails in 1 h' },
      { channel: 'b', because: 'this source had its 2 mails in 1 h' },
    ]);
    expect(ask('198.51.100.8', 2).allowed).toEqual(['a', 'b']);
    expect(ask('198.51.100.7', HOUR).allowed).toEqual(['a', 'b']);
  });

  it('counts what one channel may carry and another may not apart', () => {
    const budget = perChannel(1, HOUR);
    budget.admit(['a'], undefined, 'low', 0);
    expect(budget.admit(['a', 'b'], undefined, 'low', 1)).toMatchObject({
      allowed: ['b'],
      over: [{ channel: 'a' }],
    });
  });

  it('counts the mails from before a restart', () => {
    const budget = perChannel(1, HOUR);
    budget.noteSent([{ alertId: 'k7f2.first', channel: 'ops', source: '198.51.100.7', atMs: 0 }]);
    expect(budget.admit(['ops'], undefined, 'low', 1).allowed).toEqual([]);
    expect(budget.admit(['ops'], undefined, 'low', HOUR).allowed).toEqual(['ops']);
  });

  it('counts a mail from before a restart once for its source, by however many channels it went', () => {
    const budget = new Budget({
      perChannel: { mails: 9, perMs: HOUR },
      perSource: { mails: 2, perMs: HOUR },
    });
    const source = '198.51.100.7';
    const mail = (alertId: string, channel: string, atMs: number) => ({ alertId, channel, source, atMs });
    budget.noteSent([mail('k1.first', 'b', 5), mail('k1.first', 'a', 0)]);
    expect(budget.admit(['a', 'b'], source, 'low', 10).allowed).toEqual(['a', 'b']);
    expect(budget.admit(['a', 'b'], source, 'low', 11).allowed).toEqual([]);
  });

  it('spaces digests over a restart', () => {
    const budget = perChannel(8, HOUR);
    budget.noteSent([{ alertId: 'digest.ops.mon1.1', channel: 'ops', atMs: 1_000 }]);
    budget.hold('ops', held('k1'), 0);
    expect(budget.digestDueMs('ops', 2_000)).toBe(1_000 + HOUR / 2);
  });

  it('keeps nobody waiting for a clock that was set back', () => {
    const budget = new Budget({
      perChannel: { mails: 2, perMs: HOUR },
      perSource: { mails: 1, perMs: HOUR },
    });
    const day = 24 * HOUR;
    const ask = (source: string, nowMs: number) => budget.admit(['ops'], source, 'low', nowMs).allowed;
    expect(ask('198.51.100.7', day)).toEqual(['ops']);
    budget.hold('ops', held('k1'), day);
    budget.takeDigest('ops', day + 1);
    budget.hold('ops', held('k2'), day + 2);
    expect(ask('198.51.100.8', 5)).toEqual([]);
    // From then on the usual times apply, and not more mails than ever.
    expect(budget.digestDueMs('ops', 5)).toBe(5 + HOUR);
    expect(ask('198.51.100.7', 5)).toEqual([]);
    expect(ask('198.51.100.7', 5 + HOUR)).toEqual(['ops']);
  });

  it('keeps its memory bounded under a million sources', () => {
    const budget = new Budget({
      perChannel: { mails: 1, perMs: HOUR },
      perSource: { mails: 1, perMs: HOUR },
    });
    for (let i = 0; i < 100_000; i++) {
      const { over } = budget.admit(['ops'], `source ${i}`, 'critical', i);
      for (const { channel } of over)
        budget.hold(channel, held(String(i), { severity: 'critical', sources: [`source ${i}`] }), i);
    }
    const report = budget.takeDigest('ops', HOUR)!;
    expect(report.held).toHaveLength(20_000);
    expect(report.held.length + report.unlisted).toBe(99_999);
    expect(report.hits).toBe(2 * 99_999);
  });
});

describe('Tally', () => {
  it('counts an incident that comes again once, with its latest numbers', () => {
    const tally = new Tally();
    tally.add(held('1', { hits: 2 }));
    tally.add(held('1', { hits: 9, severity: 'high', sources: ['a', 'b'], ports: [1, 2, 3] }));
    tally.refresh(held('1', { hits: 10, severity: 'high', sources: ['a', 'b'], ports: [1, 2, 3] }));
    tally.refresh(held('2'));
    const report = tally.take();
    expect(report).toMatchObject({ hits: 10, sources: 2, ports: 3, firstSeenMs: 1000, lastSeenMs: 2000 });
    expect([...report.bySeverity].filter(([, count]) => count > 0)).toEqual([['high', 1]]);
    expect(tally.empty).toBe(true);
  });

  it('gives up an incident that is told otherwise', () => {
    const tally = new Tally();
    tally.add(held('1', { severity: 'critical' }));
    expect(tally.gravest).toBe(3);
    expect([tally.release('1'), tally.release('1')]).toEqual([true, false]);
    expect([tally.gravest, tally.empty]).toEqual([-1, true]);
  });

  it('takes back what could not be sent without losing or doubling anything', () => {
    const tally = new Tally(2);
    for (const id of ['1', '2', '3', '4']) tally.add(held(id));
    const report = tally.take();
    tally.add(held('2', { hits: 5 }));
    tally.putBack(report);
    const again = tally.take();
    expect(again.held.map(({ incidentId }) => incidentId).toSorted()).toEqual(['1', '2']);
    expect(again).toMatchObject({ unlisted: 2, unlistedIds: ['3', '4'], hits: 2 + 5 + 4 });
  });

  it('gives each of several processes its part of a channel, and not of a source', () => {
    const budget = new Budget({
      perChannel: { mails: 20, perMs: 3_600_000 },
      perSource: { mails: 2, perMs: 3_600_000 },
    });
    const mails = (n: number, source: (i: number) => string, nowMs: number) =>
      Array.from({ length: n }, (_, i) => budget.admit(['ops'], source(i), 'low', nowMs)).filter(
        ({ allowed }) => allowed.length > 0,
      ).length;
    budget.share(3);
    // 7 of 20, and of these 2 are for digests.
    expect(mails(20, (i) => `a${i}`, 0)).toBe(5);
    budget.share(1);
    expect(mails(20, (i) => `b${i}`, 1)).toBe(10);
    budget.share(3);
    expect(mails(20, (i) => `c${i}`, 2)).toBe(0);
    expect(mails(5, () => 'one', 3_600_010)).toBe(2);
  });
});
