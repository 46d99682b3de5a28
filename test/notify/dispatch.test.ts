import { afterEach, describe, expect, it } from 'vitest';
import type { SendResult } from '../../src/notify/channel.ts';
import { Dispatcher, type DispatchOptions } from '../../src/notify/dispatch.ts';
import { MemoryOutbox } from '../../src/notify/memory-outbox.ts';
import type { Delivery } from '../../src/types.ts';
import { FakeChannel, LATER, NO, OK } from '../support/fake-channel.ts';
import { FakeTimers, settle } from '../support/fake-timers.ts';
import { alert } from '../support/notify.ts';

const open: Dispatcher[] = [];
afterEach(async () => {
  for (const dispatcher of open.splice(0)) await dispatcher.close();
});

function dispatch(channels: FakeChannel[], extra: Partial<DispatchOptions> = {}) {
  const timers = new FakeTimers(1_000_000);
  const outbox = new MemoryOutbox();
  const deliveries: Delivery[] = [];
  const faults: string[] = [];
  const dispatcher = new Dispatcher({
    channels,
    outbox,
    timers,
    random: () => 1,
    backoff: { firstMs: 1_000, maxMs: 8_000, factor: 2 },
    sendTimeoutMs: 60_000,
    onDelivery: (delivery) => deliveries.push(delivery),
    onFault: (because) => faults.push(because),
    ...extra,
  });
  open.push(dispatcher);
  return { dispatcher, timers, outbox: extra.outbox ?? outbox, deliveries, faults };
}

describe('Dispatcher', () => {
  it('refuses a channel it does not know', async () => {
    const { dispatcher } = dispatch([new FakeChannel()]);
    await expect(dispatcher.enqueue(alert(), ['nobody'])).rejects.toThrow('no channel is called nobody');
  });

  it('delivers at once, in order, to every channel named', async () => {
    const [ops, noc, quiet] = [new FakeChannel('ops'), new FakeChannel('noc'), new FakeChannel('quiet')];
    const { dispatcher, outbox, deliveries } = dispatch([ops, noc, quiet]);
    for (const id of ['a', 'b', 'c']) await dispatcher.enqueue(alert({ id }), ['ops', 'noc']);
    await settle();
    expect([ops.ids, noc.ids, quiet.ids]).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], []]);
    expect(await outbox.list()).toEqual([]);
    expect(deliveries).toHaveLength(6);
    expect(deliveries[0]).toEqual({
      alertId: 'a',
      channel: 'ops',
      attempt: 1,
      outcome: 'delivered',
      because: 'ok',
    });
  });

  it('tries again with growing waits until the server is back, then delivers once', async () => {
    const ops = new FakeChannel();
    ops.behaviour = LATER;
    const { dispatcher, timers, deliveries } = dispatch([ops]);
    await dispatcher.enqueue(alert(), ['ops']);
    await settle();
    const triedAt: number[] = [];
    for (let second = 0; second < 40; second++) {
      const before = ops.given.length;
      await timers.advance(1_000);
      if (ops.given.length > before) triedAt.push(second + 1);
    }
    // 1, then 2, 4, 8, 8, 8 ... seconds later.
    expect(triedAt).toEqual([1, 3, 7, 15, 23, 31, 39]);
    expect(deliveries.map(({ outcome, attempt }) => `${outcome} ${attempt}`)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `retry ${n}`),
    );
    ops.behaviour = OK;
    await timers.advance(60_000);
    expect(deliveries.at(-1)).toMatchObject({ outcome: 'delivered', attempt: 9 });
    expect(ops.given).toHaveLength(9);
    expect(new Set(ops.ids)).toEqual(new Set(['k7f2.first']));
    expect(timers.pending).toBe(0);
  });

  it('waits at least half of it, by chance', async () => {
    const ops = new FakeChannel();
    ops.behaviour = LATER;
    const { dispatcher, outbox } = dispatch([ops], { random: () => 0 });
    await dispatcher.enqueue(alert(), ['ops']);
    await settle();
    expect(await outbox.nextDueMs('ops')).toBe(1_000_500);
  });

  it('lets a channel that hangs hold up nobody else, and ends its try', async () => {
    const [dead, ops] = [new FakeChannel('dead'), new FakeChannel('ops')];
    dead.behaviour = 'hang-for-ever';
    const { dispatcher, timers, deliveries } = dispatch([dead, ops]);
    await dispatcher.enqueue(alert({ id: 'a' }), ['dead', 'ops']);
    await dispatcher.enqueue(alert({ id: 'b' }), ['dead', 'ops']);
    await settle();
    expect([dead.ids, ops.ids]).toEqual([['a'], ['a', 'b']]);
    await timers.advance(60_000);
    expect(deliveries.at(-1)).toEqual({
      alertId: 'a',
      channel: 'dead',
      attempt: 1,
      outcome: 'retry',
      because: 'no answer within 1 min',
    });
    // Its own queue goes on with the next.
    expect(dead.ids).toEqual(['a', 'b']);
    await timers.advance(60_000);
    expect(dead.ids.slice(0, 3)).toEqual(['a', 'b', 'a']);
  });

  it('gives up at once what is refused for good, and keeps it for people to see', async () => {
    const [ops, other] = [new FakeChannel('ops'), new FakeChannel('other')];
    ops.behaviour = NO;
    const { dispatcher, timers, outbox, deliveries } = dispatch([ops, other]);
    await dispatcher.enqueue(alert(), ['ops', 'other']);
    await timers.advance(3_600_000);
    expect([ops.given.length, other.given.length]).toEqual([1, 1]);
    expect(deliveries.find(({ channel }) => channel === 'ops')).toMatchObject({
      outcome: 'dead',
      because: 'no such user',
    });
    expect(await outbox.deadLetters()).toMatchObject([
      { alert: { id: 'k7f2.first' }, channel: 'ops', because: 'no such user' },
    ]);
  });

  it('gives up after days, saying so', async () => {
    const ops = new FakeChannel();
    ops.behaviour = LATER;
    const { dispatcher, timers, deliveries } = dispatch([ops], { maxAgeMs: 60_000 });
    await dispatcher.enqueue(alert(), ['ops']);
    await timers.advance(120_000);
    expect(deliveries.at(-1)).toMatchObject({ outcome: 'dead', because: 'given up after 1 min: busy' });
    expect(timers.pending).toBe(0);
  });

  it('takes a channel that throws for one that failed', async () => {
    const ops = new FakeChannel();
    ops.behaviour = 'throw';
    const { dispatcher, deliveries } = dispatch([ops]);
    await dispatcher.enqueue(alert(), ['ops']);
    await settle();
    expect(deliveries).toMatchObject([{ outcome: 'retry', because: 'a fault in the channel' }]);
  });

  it('tells what had no room, and sends the rest', async () => {
    const ops = new FakeChannel();
    ops.behaviour = 'hang';
    const outbox = new MemoryOutbox({ perChannel: 2 });
    const { dispatcher } = dispatch([ops], { outbox });
    expect(await dispatcher.enqueue(alert({ id: 'a', severity: 'low' }), ['ops'])).toEqual([]);
    await settle();
    await dispatcher.enqueue(alert({ id: 'b', severity: 'low' }), ['ops']);
    const displaced = await dispatcher.enqueue(alert({ id: 'c', severity: 'high' }), ['ops']);
    expect(displaced).toMatchObject([{ channel: 'ops', alert: { id: 'b' } }]);
  });

  it('tries what was put off before the clock was set back', async () => {
    const ops = new FakeChannel();
    ops.behaviour = LATER;
    const timers = new FakeTimers(1_000_000);
    let aheadMs = 86_400_000;
    const clock = {
      now: () => timers.now() + aheadMs,
      after: (ms: number, call: () => void) => timers.after(ms, call),
    };
    const { dispatcher } = dispatch([ops], { timers: clock });
    await dispatcher.enqueue(alert(), ['ops']);
    await settle();
    aheadMs = 0;
    ops.behaviour = OK;
    await timers.advance(8_000);
    expect(ops.given).toHaveLength(2);
    expect(timers.pending).toBe(0);
  });

  it('begins with what an earlier life left behind', async () => {
    const ops = new FakeChannel();
    const outbox = new MemoryOutbox();
    await outbox.put(alert({ id: 'old' }), 'ops', 0);
    const { dispatcher } = dispatch([ops], { outbox });
    expect(ops.ids).toEqual([]);
    dispatcher.start();
    await settle();
    expect(ops.ids).toEqual(['old']);
  });

  it('survives an outbox that fails for a while', async () => {
    const ops = new FakeChannel();
    const outbox = new MemoryOutbox();
    const due = outbox.due.bind(outbox);
    let broken = true;
    outbox.due = (channel, nowMs) =>
      broken ? Promise.reject(new Error('disk I/O error\n')) : due(channel, nowMs);
    const { dispatcher, timers, faults } = dispatch([ops], { outbox });
    await dispatcher.enqueue(alert(), ['ops']);
    await settle();
    expect(faults).toEqual(['outbox, channel ops: disk I/O error\\x0a']);
    broken = false;
    await timers.advance(5_000);
    expect(ops.ids).toEqual(['k7f2.first']);
  });

  describe('drain()', () => {
    it('waits for what is under way and says nothing is left', async () => {
      const ops = new FakeChannel();
      const { dispatcher } = dispatch([ops]);
      for (const id of ['a', 'b', 'c']) await dispatcher.enqueue(alert({ id }), ['ops']);
      expect(await dispatcher.drain(1_000)).toBe(0);
      expect(ops.ids).toEqual(['a', 'b', 'c']);
    });

    it('does not wait for tries that are hours away', async () => {
      const ops = new FakeChannel();
      ops.behaviour = LATER;
      const { dispatcher } = dispatch([ops]);
      await dispatcher.enqueue(alert(), ['ops']);
      expect(await dispatcher.drain(1_000)).toBe(1);
    });

    it('gives up waiting in time', async () => {
      const ops = new FakeChannel();
      ops.behaviour = 'hang-for-ever';
      const { dispatcher, timers } = dispatch([ops]);
      await dispatcher.enqueue(alert(), ['ops']);
      const left = dispatcher.drain(1_000);
      await timers.advance(1_000);
      expect(await left).toBe(1);
    });
  });

  describe('close()', () => {
    it.each(['hang', 'hang-for-ever'] as const)(
      'ends a try under way (%s) and leaves it in the outbox as it was',
      async (behaviour) => {
        const ops = new FakeChannel();
        ops.behaviour = behaviour;
        const { dispatcher, timers, outbox, deliveries } = dispatch([ops]);
        await dispatcher.enqueue(alert(), ['ops']);
        await settle();
        await dispatcher.close();
        await dispatcher.close();
        expect(await outbox.list()).toMatchObject([{ attempts: 0, alert: { id: 'k7f2.first' } }]);
        expect(deliveries).toEqual([]);
        expect(await outbox.due('ops', timers.now())).toBeDefined();
        await timers.advance(3_600_000);
        expect(ops.given).toHaveLength(1);
        await expect(dispatcher.enqueue(alert(), ['ops'])).rejects.toThrow('closed');
      },
    );

    it('ends a try under way when the one before it is answered late', async () => {
      const answers: ((result: SendResult) => void)[] = [];
      const ops = new FakeChannel();
      ops.send = () => new Promise((resolve) => answers.push(resolve));
      const { dispatcher, timers } = dispatch([ops]);
      await dispatcher.enqueue(alert(), ['ops']);
      // The first has had its minute, the second is under way.
      await timers.advance(61_000);
      expect(answers).toHaveLength(2);
      answers[0]!(LATER);
      await settle();
      let closed = false;
      void dispatcher.close().then(() => (closed = true));
      await settle();
      expect(closed).toBe(true);
    });

    it('leaves no alarm behind', async () => {
      const ops = new FakeChannel();
      ops.behaviour = LATER;
      const { dispatcher, timers } = dispatch([ops]);
      await dispatcher.enqueue(alert(), ['ops']);
      await settle();
      expect(timers.pending).toBe(1);
      await dispatcher.close();
      expect(timers.pending).toBe(0);
    });
  });
});
