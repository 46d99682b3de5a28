import { afterEach, describe, expect, it } from 'vitest';
import { serviceName } from '../../src/lib/services.ts';
import type { LedgerRecord } from '../../src/notify/ledger.ts';
import { MemoryOutbox } from '../../src/notify/memory-outbox.ts';
import type { Notice } from '../../src/notify/notice.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import type { AlertSource, NotifierOptions } from '../../src/notify/notifier-options.ts';
import type { Transition } from '../../src/notify/reason.ts';
import type { Held } from '../../src/notify/tally.ts';
import type { Decision, Incident } from '../../src/types.ts';
import { FakeChannel, LATER, OK } from '../support/fake-channel.ts';
import { FakeTimers, settle } from '../support/fake-timers.ts';
import { context, incident, T0, target } from '../support/notify.ts';

const HOUR = 3_600_000;
const QUIET: Notice = {
  reason: 'sender-quiet',
  severity: 'medium',
  headline: 'Quiet: gw1 has stopped sending',
  sentences: [],
  lines: [],
  advice: [],
  because: 'the configuration says so',
  atMs: T0,
};

/** An outbox that refuses what it is given as long as `refusing` is set. */
class FickleOutbox extends MemoryOutbox {
  refusing = true;

  override async put(...args: Parameters<MemoryOutbox['put']>) {
    if (this.refusing) throw new Error('Redis is away');
    return super.put(...args);
  }
}
const open: { notifier: Notifier; timers: FakeTimers }[] = [];
afterEach(async () => {
  for (const { notifier, timers } of open.splice(0)) {
    const closed = notifier.close(1);
    await timers.advance(HOUR);
    await closed;
  }
});

function start(extra: Partial<NotifierOptions> = {}) {
  const ops = new FakeChannel('ops');
  const timers = new FakeTimers(T0);
  const decisions: [Decision, readonly string[]][] = [];
  const faults: string[] = [];
  const notifier = new Notifier({
    channels: [ops],
    site: { zone: 'Europe/Berlin', hostName: 'mon1', serviceName },
    timers,
    random: () => 1,
    onDecision: (decision, ids) => decisions.push([decision, ids]),
    onFault: (because) => faults.push(because),
    ...extra,
  });
  open.push({ notifier, timers });
  const source: AlertSource = { context: () => context() };
  const tell = (story: Incident, transition: Transition, from: AlertSource = source) =>
    notifier.handle(story, transition, from, timers.now());
  return { notifier, ops, timers, decisions, faults, tell };
}

/** An incident of a source of its own. */
function from(i: number, extra: Partial<Incident> = {}): Incident {
  return incident({ id: `k${i}`, sources: [`198.51.${i >> 8}.${i & 255}`], ...extra });
}

describe('Notifier', () => {
  it('refuses a zone that does not exist and two channels of one name', () => {
    expect(() => start({ site: { zone: 'Mars/Olympus', hostName: 'x', serviceName } })).toThrow(
      'Mars/Olympus',
    );
    expect(() => start({ channels: [new FakeChannel('a'), new FakeChannel('a')] })).toThrow(
      'two channels are called a',
    );
  });

  it('tells of one source once, but people who heard nothing of it hear of it', async () => {
    const [ops, security] = [new FakeChannel('ops'), new FakeChannel('security')];
    const { tell } = start({ channels: [ops, security] });
    const to = (...channels: string[]): AlertSource => ({ channels, context: () => context() });
    const under = (ruleId: string) => incident({ id: ruleId, ruleId });
    await tell(under('one'), 'settled', to('ops'));
    expect(await tell(under('two'), 'settled', to('security'))).toMatchObject({ send: true });
    expect(await tell(under('three'), 'settled', to('ops'))).toMatchObject({
      reason: 'source-already-alerted',
    });
    expect(await tell(under('four'), 'settled', to('security'))).toMatchObject({ send: false });
    await settle();
    expect([ops.given.length, security.given.length]).toEqual([1, 1]);
  });

  it('mails once at first sight, once when it grows graver, once at the end, in one thread', async () => {
    const { ops, decisions, tell } = start();
    await tell(incident(), 'opened');
    await tell(incident(), 'settled');
    await tell(incident(), 'settled');
    await tell(incident({ severity: 'critical', count: 50 }), 'escalated');
    await tell(incident({ severity: 'critical', count: 90, state: 'closed' }), 'closed');
    await settle();
    expect(decisions.map(([{ reason }]) => reason)).toEqual([
      'settling',
      'first-sight',
      'already-alerted',
      'escalated',
      'closing-summary',
    ]);
    expect(ops.given.map(({ id, threadId, reason }) => [id, threadId, reason])).toEqual([
      ['k7f2.first', 'k7f2.first', 'first-sight'],
      ['k7f2.escalated-critical', 'k7f2.first', 'escalated'],
      ['k7f2.closing', 'k7f2.first', 'closing-summary'],
    ]);
    expect(ops.given[0]!.text).toContain(
      'Why this mail\n  first-sight: first mail about this source under this rule.\n',
    );
    expect(ops.given[2]!.text).toContain('closing-summary: closed; 40 packets more since the last mail.');
  });

  it('says nothing at the end when nothing came after the last mail', async () => {
    const { ops, decisions, tell } = start();
    await tell(incident(), 'settled');
    await tell(incident({ state: 'closed' }), 'closed');
    await settle();
    expect(ops.given).toHaveLength(1);
    expect(decisions.at(-1)![0].because).toBe('closed; nothing new since the last mail');
  });

  it('says nothing about the second incident of a source while the first is open', async () => {
    const { ops, decisions, tell } = start();
    await tell(incident(), 'settled');
    await tell(incident({ id: 'k8', ruleId: 'port-scan' }), 'settled');
    expect(decisions.at(-1)![0].reason).toBe('source-already-alerted');
    await tell(incident({ id: 'k9', ruleId: 'worse', severity: 'critical' }), 'settled');
    expect(decisions.at(-1)![0].reason).toBe('first-sight');
    for (const id of ['k7f2', 'k9']) await tell(incident({ id }), 'closed');
    await tell(incident({ id: 'k10', ruleId: 'port-scan' }), 'settled');
    expect(decisions.at(-1)![0].reason).toBe('first-sight');
    await settle();
    expect(ops.ids).toEqual(['k7f2.first', 'k9.first', 'k10.first']);
  });

  it('does not take many sources for one', async () => {
    const { ops, tell } = start();
    const sources = ['198.51.100.7', '198.51.100.8'];
    await tell(incident({ id: 'a', sources }), 'settled');
    await tell(incident({ id: 'b', sources }), 'settled');
    await settle();
    expect(ops.ids).toEqual(['a.first', 'b.first']);
  });

  it('asks only the channels a rule names', async () => {
    const [ops, noc] = [new FakeChannel('ops'), new FakeChannel('noc')];
    const { tell } = start({ channels: [ops, noc] });
    await tell(from(1), 'settled', { channels: ['noc'], context: () => context() });
    await tell(from(2), 'settled', { channels: [], context: () => context() });
    const none = await tell(from(3), 'settled', { channels: ['gone'], context: () => context() });
    await settle();
    expect([ops.ids, noc.ids]).toEqual([['k2.first'], ['k1.first', 'k2.first']]);
    expect(none.reason).toBe('no-channel');
  });

  it('asks for the context of a mail only when there is one', async () => {
    let asked = 0;
    const source: AlertSource = {
      context: (decision) => {
        asked++;
        expect(decision.reason).toBe('first-sight');
        return context();
      },
    };
    const { tell } = start();
    await tell(incident(), 'opened', source);
    expect(asked).toBe(0);
    await tell(incident(), 'settled', source);
    await tell(incident(), 'settled', source);
    expect(asked).toBe(1);
  });

  it.each([
    ['hangs', () => new Promise<never>(() => {})],
    ['fails', () => Promise.reject(new Error('no such line\n'))],
    [
      'throws',
      () => {
        throw new Error('a fault');
      },
    ],
  ])('mails what it knows when the context %s', async (_how, ask) => {
    const { ops, timers, tell, faults } = start({ contextTimeoutMs: 2_000 });
    const told = tell(incident(), 'settled', { context: ask });
    await timers.advance(2_000);
    expect(await told).toMatchObject({ send: true });
    await settle();
    expect(ops.given[0]!.subject).toContain('tried imap on 3 watched hosts in 9 s');
    expect(ops.given[0]!.text).toMatch(
      /> left out of this mail: (it took too long|no such line\\x0a|a fault)/,
    );
    expect(faults).toHaveLength(1);
    expect(timers.pending).toBe(0);
  });

  it('tells a storm of 500 in one mail and digests with exact counts', async () => {
    const { ops, timers, tell } = start({
      budget: { perChannel: { mails: 1, perMs: 60_000 }, perSource: { mails: 9, perMs: 60_000 } },
    });
    for (let i = 0; i < 500; i++) {
      await tell(from(i), 'settled');
      await timers.advance(120);
    }
    await timers.advance(120_000);
    expect(ops.given.map(({ reason }) => reason)).toEqual(['first-sight', 'digest']);
    const digest = ops.given[1]!;
    expect(digest.subject).toBe('[knockwatch] Digest: 499 incidents from 499 sources (499 high)');
    expect(digest.text).toContain('Packets:      1497\n');
    expect(digest.incidentIds).toHaveLength(499);
    expect(digest.severity).toBe('high');
  });

  it('sends at most its budget in 24 hours of storm, and counts every incident', async () => {
    const { ops, timers, decisions, tell } = start();
    let incidents = 0;
    for (let minute = 0; minute < 24 * 60; minute++) {
      await tell(from(incidents++), 'settled');
      if (minute % 6 === 0) await timers.advance(6 * 60_000);
    }
    await timers.advance(2 * HOUR);
    const told = new Set(ops.given.flatMap(({ incidentIds }) => incidentIds));
    expect(told.size).toBe(incidents);
    expect(ops.given.length).toBeLessThanOrEqual(26 * 20);
    expect(decisions.filter(([{ reason }]) => reason === 'over-budget').length).toBeGreaterThan(0);
  });

  it('takes an incident out of the digest when it gets a mail after all', async () => {
    const { ops, timers, tell } = start({
      budget: { perChannel: { mails: 8, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
    });
    for (let i = 0; i < 8; i++) await tell(from(i, { severity: 'low' }), 'settled');
    // Two wait. One becomes graver than all that waits: part of what is kept for digests is open to it.
    expect(await tell(from(7, { severity: 'critical' }), 'escalated')).toMatchObject({
      send: true,
      reason: 'escalated',
    });
    await timers.advance(2 * HOUR);
    expect(ops.ids.slice(0, 7)).toEqual(
      ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'].map((id) => `${id}.first`).concat('k7.escalated-critical'),
    );
    expect(ops.given.slice(7).map(({ incidentIds }) => incidentIds)).toEqual([['k6']]);
  });

  it('lets the gravest head the digest when nothing but the last mail is left', async () => {
    const { ops, timers, tell } = start({
      budget: { perChannel: { mails: 4, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
    });
    for (let i = 0; i < 5; i++) await tell(from(i, { severity: 'low' }), 'settled');
    const risen = await tell(from(4, { severity: 'critical', count: 9 }), 'escalated');
    expect(risen).toMatchObject({ send: false, reason: 'over-budget' });
    await timers.advance(HOUR);
    expect(ops.given.at(-1)!.subject).toBe(
      '[knockwatch] Digest: 2 incidents from 2 sources (1 critical, 1 low)',
    );
    expect(ops.given.at(-1)!.text).toContain('The gravest: 198.51.0.4');
  });

  it('tells of an incident that was in a digest only when it rises in severity, and not when it just ends', async () => {
    const { ops, timers, tell } = start({
      budget: { perChannel: { mails: 4, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
    });
    for (let i = 0; i < 5; i++) await tell(from(i), 'settled');
    await timers.advance(2 * HOUR);
    expect(ops.given.at(-1)).toMatchObject({ reason: 'digest', incidentIds: ['k3', 'k4'] });
    ops.given.length = 0;
    expect(await tell(from(3, { count: 900, state: 'closed' }), 'closed')).toMatchObject({ send: false });
    expect(await tell(from(4, { count: 900, severity: 'critical' }), 'escalated')).toMatchObject({
      send: true,
      because: 'rose to critical before it had a mail of its own',
    });
    await timers.advance(2 * HOUR);
    expect(ops.given.map(({ id }) => id)).toEqual(['k4.escalated-critical']);
  });

  it('keeps what waits in the digest up to date', async () => {
    const { ops, timers, tell } = start({
      budget: { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
    });
    await tell(from(1), 'settled');
    await tell(from(2), 'settled');
    await tell(from(2, { count: 500, state: 'closed' }), 'closed');
    await timers.advance(HOUR);
    expect(ops.given.at(-1)!.text).toContain('500 packets  [k2]');
  });

  it('does not say of an incident whose end is in a digest that it had no mail', async () => {
    const { ops, timers, tell } = start({
      budget: { perChannel: { mails: 9, perMs: HOUR }, perSource: { mails: 1, perMs: HOUR } },
    });
    await tell(incident(), 'settled');
    await tell(incident({ count: 500, state: 'closed' }), 'closed');
    await timers.advance(HOUR);
    expect(ops.given.map(({ reason }) => reason)).toEqual(['first-sight', 'digest']);
    expect(ops.given[1]!.text).toContain(
      'What is new about 1 incident from 1 source had no mail of its own.',
    );
  });

  it('lets a dead server cost nothing but time: what has no room is counted in one digest', async () => {
    const outbox = new MemoryOutbox({ perChannel: 5 });
    const { ops, timers, tell } = start({ outbox, sendTimeoutMs: 1_000, maxAgeMs: 10 * 24 * HOUR });
    ops.behaviour = LATER;
    let incidents = 0;
    for (let hour = 0; hour < 24; hour++) {
      for (let i = 0; i < 420; i++) await tell(from(incidents++), 'settled');
      await timers.advance(HOUR);
    }
    const waiting = await outbox.list('ops');
    expect(waiting.length).toBeLessThanOrEqual(6);
    expect(waiting.filter(({ alert }) => alert.reason === 'digest')).toHaveLength(1);
    ops.given.length = 0;
    ops.behaviour = OK;
    await timers.advance(3 * HOUR);
    const told = new Set(ops.given.flatMap(({ incidentIds }) => incidentIds));
    expect(told.size).toBe(incidents);
    expect(ops.given.length).toBeLessThanOrEqual(10);
  });

  it('tells a notice in the digest that has no room in the queue, or has to make room there', async () => {
    for (const severity of ['medium', 'critical'] as const) {
      const kept = new Map<string, Held>();
      const { ops, timers, tell, notifier } = start({
        outbox: new MemoryOutbox({ perChannel: 2 }),
        onHeld: (_, id, held) => (held === undefined ? kept.delete(id) : kept.set(id, held)),
      });
      ops.behaviour = LATER;
      await tell(from(1, { severity }), 'settled');
      if (severity === 'critical') await notifier.announce(QUIET);
      await settle();
      await tell(from(2, { severity }), 'settled');
      if (severity === 'medium') await notifier.announce(QUIET);
      expect([...kept.values()].map(({ headline }) => headline)).toEqual([QUIET.headline]);
      ops.behaviour = OK;
      await timers.advance(HOUR);
      const digest = ops.given.find(({ reason }) => reason === 'digest')!;
      expect(digest.text).toContain(`${QUIET.headline}  [`);
      expect(kept.size).toBe(0);
    }
  });

  it('tells a notice in the digest that the outbox refuses', async () => {
    const outbox = new FickleOutbox();
    const { ops, timers, notifier, faults } = start({ outbox });
    await notifier.announce(QUIET);
    expect(faults).toEqual(['outbox, channel ops: Redis is away; the notice goes into the next digest']);
    outbox.refusing = false;
    await timers.advance(HOUR);
    expect(ops.given.map(({ reason }) => reason)).toEqual(['digest']);
    expect(ops.given[0]!.text).toContain(QUIET.headline);
  });

  it('remembers nothing as told when the outbox refuses', async () => {
    const outbox = new MemoryOutbox();
    const put = outbox.put.bind(outbox);
    outbox.put = () => Promise.reject(new Error('disk full'));
    const { ops, tell } = start({ outbox });
    await expect(tell(incident(), 'settled')).rejects.toThrow('disk full');
    outbox.put = put;
    expect(await tell(incident(), 'settled')).toMatchObject({ send: true, reason: 'first-sight' });
    await settle();
    expect(ops.ids).toEqual(['k7f2.first']);
  });

  it('spends none of the budget on mails that the outbox refuses', async () => {
    const outbox = new FickleOutbox();
    const budget = { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 1, perMs: HOUR } };
    const { ops, timers, tell, notifier } = start({ outbox, budget });
    for (let i = 0; i < 3; i++) {
      await expect(tell(incident(), 'settled')).rejects.toThrow('Redis is away');
      await timers.advance(1_000);
    }
    await notifier.announce({ ...QUIET, atMs: timers.now() });
    // Nor on digests: this one is refused an hour long.
    await timers.advance(2 * HOUR);
    outbox.refusing = false;
    expect((await tell(incident({ severity: 'critical' }), 'settled')).send).toBe(true);
    await settle();
    expect(ops.ids).toEqual(['k7f2.first']);
  });

  it('keeps a digest that the outbox refuses and sends it later', async () => {
    const outbox = new MemoryOutbox();
    const put = outbox.put.bind(outbox);
    const { ops, timers, faults, tell } = start({
      outbox,
      budget: { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
    });
    await tell(from(1), 'settled');
    await tell(from(2), 'settled');
    await settle();
    outbox.put = () => Promise.reject(new Error('disk full'));
    await timers.advance(HOUR);
    expect(faults).toEqual(['digest of channel ops: disk full']);
    outbox.put = put;
    await timers.advance(2 * HOUR);
    expect(ops.given.at(-1)!.incidentIds).toEqual(['k2']);
  });

  it('knows after a restart what was told before', async () => {
    const records = new Map<string, LedgerRecord>();
    const first = start({
      onRecord: (id, record) => (record === undefined ? records.delete(id) : records.set(id, record)),
    });
    await first.tell(incident(), 'settled');
    await first.tell(incident({ id: 'k8', sources: ['198.51.100.8'] }), 'settled');
    await first.tell(incident({ id: 'k8', sources: ['198.51.100.8'] }), 'closed');
    expect([...records.keys()]).toEqual(['k7f2']);
    const kept = JSON.parse(JSON.stringify([...records.values()])) as LedgerRecord[];
    const second = start({
      records: kept,
      sent: [{ alertId: 'k7f2.first', channel: 'ops', source: '198.51.100.7', atMs: T0 }],
      budget: { perChannel: { mails: 9, perMs: HOUR }, perSource: { mails: 1, perMs: HOUR } },
    });
    expect((await second.tell(incident(), 'settled')).reason).toBe('already-alerted');
    // The mail before the restart still counts.
    expect((await second.tell(incident({ count: 99 }), 'closed')).reason).toBe('over-budget');
  });

  it('tells in its digest what a process kept that is gone, and knows what that told people', async () => {
    const told: LedgerRecord[] = [];
    const held: [string, Held][] = [];
    const gone = start({
      budget: { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
      onRecord: (_, record) => record !== undefined && told.push(record),
      onHeld: (channel, _, each) => each !== undefined && held.push([channel, each]),
    });
    await gone.tell(from(1), 'settled');
    await gone.tell(from(2), 'settled');
    expect(held).toMatchObject([['ops', { incidentId: 'k2' }]]);
    const next = start();
    next.notifier.remember(told);
    for (const [channel, each] of held) next.notifier.adopt(channel, each);
    next.notifier.adopt('a channel that is not here', held[0]![1]);
    expect((await next.tell(from(1), 'settled')).reason).toBe('already-alerted');
    await next.timers.advance(HOUR);
    await settle();
    expect(next.ops.given.map(({ reason, incidentIds }) => [reason, ...incidentIds])).toEqual([
      ['digest', 'k2'],
    ]);
  });

  it('mails its part when others share the budget', async () => {
    const { notifier, ops, tell } = start({
      budget: { perChannel: { mails: 20, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
    });
    notifier.share(3);
    for (let i = 0; i < 10; i++) await tell(from(i, { severity: 'low' }), 'settled');
    await settle();
    // 7 of 20, two of them for digests.
    expect(ops.given).toHaveLength(5);
  });

  it('sends the same alert again under the same id when a crash made it forget', async () => {
    const outbox = new MemoryOutbox();
    const ops = new FakeChannel();
    ops.behaviour = LATER;
    const first = start({ outbox, channels: [ops] });
    await first.tell(incident(), 'settled');
    const second = start({ outbox, channels: [ops] });
    await second.tell(incident(), 'settled');
    expect(await outbox.list()).toHaveLength(1);
  });

  describe('close()', () => {
    it('sends what waits for a digest and nobody keeps, whatever the budget says, and closes the channels', async () => {
      const { notifier, ops, timers, tell } = start({
        budget: { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
      });
      for (let i = 0; i < 7; i++) await tell(from(i), 'settled');
      await notifier.close();
      await notifier.close();
      expect(ops.given.map(({ reason }) => reason)).toEqual(['first-sight', 'digest']);
      expect(ops.given[1]!.incidentIds).toHaveLength(6);
      expect([ops.closed, timers.pending]).toEqual([1, 0]);
      await expect(tell(from(9), 'settled')).rejects.toThrow('closed');
    });

    it('leaves what waits for a digest to the next run where it is kept, which tells it within the budget', async () => {
      const kept = new Map<string, Held>();
      const budget = { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } };
      const onHeld = (_channel: string, id: string, each: Held | undefined) =>
        each === undefined ? kept.delete(id) : kept.set(id, each);
      const run = (sent: NotifierOptions['sent'] = []) =>
        start({
          budget,
          onHeld,
          keepsHeld: () => true,
          held: [...kept.values()].map((each) => ({ channel: 'ops', held: each })),
          sent,
        });
      const first = run();
      for (let i = 0; i < 7; i++) await first.tell(from(i), 'settled');
      await first.notifier.close();
      expect(first.ops.given.map(({ reason }) => reason)).toEqual(['first-sight']);
      const second = run([{ alertId: 'k0.first', channel: 'ops', atMs: T0 }]);
      expect((await second.tell(from(8), 'settled')).reason).toBe('over-budget');
      await second.timers.advance(HOUR - 1);
      expect(second.ops.given).toEqual([]);
      await second.timers.advance(2);
      await settle();
      expect(second.ops.given.map(({ reason }) => reason)).toEqual(['digest']);
      expect(second.ops.given[0]!.incidentIds).toHaveLength(7);
      expect(kept.size).toBe(0);
    });

    it('leaves what waits for a digest as it is at the end, not as it was when it began to wait', async () => {
      const kept = new Map<string, Held>();
      const options: Partial<NotifierOptions> = {
        budget: { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
        keepsHeld: () => true,
        onHeld: (_, id, held) => (held === undefined ? kept.delete(id) : kept.set(id, held)),
      };
      const { notifier, tell } = start(options);
      for (const i of [1, 2]) await tell(from(i), 'settled');
      await tell(from(2, { count: 5_000, state: 'closed' }), 'closed');
      await notifier.close();
      const next = start({ ...options, held: [...kept.values()].map((held) => ({ channel: 'ops', held })) });
      next.notifier.start();
      await next.timers.advance(3 * HOUR);
      expect(next.ops.given[0]!.text).toContain('5000 packets');
    });

    it('tells more than a digest can tell apart once, and not again after a restart', async () => {
      const kept = new Map<string, Held>();
      const { tell, ops, timers } = start({
        budget: { perChannel: { mails: 1, perMs: HOUR }, perSource: { mails: 9, perMs: HOUR } },
        onHeld: (_channel, id, each) => (each === undefined ? kept.delete(id) : kept.set(id, each)),
        keepsHeld: () => true,
      });
      for (let i = 0; i < 20_100; i++) await tell(from(i), 'settled');
      expect(kept.size).toBe(20_099);
      await timers.advance(HOUR + 1);
      await settle();
      expect(ops.given.map(({ reason }) => reason)).toEqual(['first-sight', 'digest']);
      expect(kept.size).toBe(0);
    });

    it('waits for a mail that is being put together', async () => {
      const { notifier, ops, tell } = start();
      let ready = () => {};
      const told = tell(incident(), 'settled', {
        context: () => new Promise((resolve) => (ready = () => resolve(context()))),
      });
      const closed = notifier.close();
      await settle();
      ready();
      await closed;
      expect(await told).toMatchObject({ send: true });
      expect(ops.ids).toEqual(['k7f2.first']);
    });

    it('does not wait for a server that hangs', async () => {
      const { notifier, ops, timers, tell } = start();
      ops.behaviour = 'hang-for-ever';
      await tell(incident(), 'settled');
      const closed = notifier.close(5_000);
      await timers.advance(5_000);
      await closed;
      expect(ops.closed).toBe(1);
    });

    it('leaves nothing open when the outbox can not be read', async () => {
      const outbox = new MemoryOutbox();
      outbox.list = () => Promise.reject(new Error('the connection is closed'));
      outbox.due = outbox.list as never;
      const { notifier, ops, timers, faults } = start({ outbox });
      notifier.start();
      await settle();
      await notifier.close(5_000);
      expect(ops.closed).toBe(1);
      expect(timers.pending).toBe(0);
      expect(faults).toContain('outbox: the connection is closed');
    });
  });

  it('shows targets that came after the sentence was written', async () => {
    const { ops, tell } = start();
    await tell(
      incident({ targets: [...incident().targets, target('192.0.2.99', 143, 20)], lastSeenMs: T0 + 20_000 }),
      'settled',
    );
    await settle();
    expect(ops.given[0]!.subject).toContain('on 4 watched hosts in 20 s');
  });
});
