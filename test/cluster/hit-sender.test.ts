import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HitSender } from '../../src/cluster/hit-sender.ts';
import type { OfferedHit } from '../../src/store/redis/hit-windows.ts';
import { SpoolFile } from '../../src/store/spool-file.ts';
import { eventually } from '../support/daemon.ts';

interface Offer {
  readonly partition: number;
  readonly node: string;
  readonly batch: number;
  readonly payloads: readonly string[];
}

/** Windows that take everything, or nothing while they are away. */
class FakeWindows {
  away = false;
  /** The next batch is taken, and nobody hears of it. */
  deaf = false;
  readonly offers: Offer[] = [];
  result = { fresh: true, handed: 0, cut: 0, refused: 0 };

  async offer(partition: number, node: string, batch: number, hits: readonly OfferedHit[]) {
    if (this.away) throw new Error('away');
    this.offers.push({ partition, node, batch, payloads: hits.map(({ payload }) => payload) });
    if (this.deaf) {
      this.deaf = false;
      throw new Error('timed out');
    }
    return this.result;
  }

  get payloads(): string[] {
    return this.offers.flatMap(({ payloads }) => payloads);
  }
}

const offered = (payload: string): OfferedHit => ({ payload, atMs: 1, conditions: [] });

describe('HitSender', () => {
  let dir: string;
  let windows: FakeWindows;
  let dropped: [string, number][];
  const file = () => new SpoolFile(dir, join(dir, 'spool'), 100_000, () => undefined);
  const sender = (node: string, maxSpoolBytes = 10_000) =>
    new HitSender({
      node,
      windows,
      maxSpoolBytes,
      spool: file(),
      onDropped: (reason, count) => dropped.push([reason, count]),
    });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'knockwatch-sender-'));
    windows = new FakeWindows();
    dropped = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('sends each hit once, in batches, in order, each partition by itself', async () => {
    const one = sender('n1');
    for (let i = 0; i < 600; i++) one.add(i % 2, offered(`${i}`), i);
    expect(await one.close(5_000)).toBe(0);
    for (const partition of [0, 1]) {
      const mine = windows.offers.filter((offer) => offer.partition === partition);
      expect(mine.flatMap(({ payloads }) => payloads)).toEqual(
        Array.from({ length: 300 }, (_, i) => `${2 * i + partition}`),
      );
      expect(mine.map(({ batch }) => batch)).toEqual([1, 2]);
    }
  });

  it('sends a batch again under its number when the answer is lost', async () => {
    const one = sender('n1');
    windows.deaf = true;
    one.add(3, offered('a'), 1);
    await eventually('the repeat', () => windows.offers.length === 2);
    one.add(3, offered('b'), 2);
    expect(await one.close(5_000)).toBe(0);
    expect(windows.offers.map(({ batch, payloads }) => [batch, ...payloads])).toEqual([
      [1, 'a'],
      [1, 'a'],
      [2, 'b'],
    ]);
  });

  it('vouches for nothing that is not confirmed', async () => {
    const one = sender('n1');
    expect(one.watermarkMs(100)).toBe(100);
    windows.away = true;
    one.add(3, offered('a'), 50);
    one.add(4, offered('b'), 40);
    expect(one.watermarkMs(100)).toBe(39);
    windows.away = false;
    await eventually('the confirmation', () => one.spooled === 0);
    expect(one.watermarkMs(100)).toBe(100);
    await one.close(0);
  });

  it('keeps what comes while Redis is away up to its bound, counts the rest, and catches up in order', async () => {
    windows.away = true;
    const one = sender('n1', 5);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) one.add(3, offered(name), 1);
    expect(one.spooled).toBe(5);
    expect(dropped).toEqual([
      ['spool-full', 1],
      ['spool-full', 1],
    ]);
    windows.away = false;
    expect(await one.close(5_000)).toBe(0);
    expect(windows.payloads).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(one.dropped).toBe(2);
  });

  it('counts what Redis gave up', async () => {
    windows.result = { fresh: true, handed: 0, cut: 2, refused: 3 };
    const one = sender('n1');
    one.add(3, offered('a'), 1);
    await one.close(5_000);
    expect(dropped).toEqual([
      ['window-full', 2],
      ['stream-full', 3],
    ]);
  });

  it('leaves what Redis did not take to the next process, which forgets it once it is taken', async () => {
    windows.away = true;
    const killed = sender('n1');
    killed.add(3, offered('a'), 10);
    killed.add(5, offered('b'), 20);
    await eventually('the spool', () => file().load().length === 2);
    // It is gone without a word: the next one begins beside it here.
    const next = sender('n2');
    expect(next.resume()).toBe(2);
    expect(next.watermarkMs(100)).toBe(9);
    next.add(3, offered('c'), 30);
    windows.away = false;
    expect(await next.close(5_000)).toBe(0);
    const byNext = windows.offers.filter(({ node }) => node === 'n2');
    expect(
      byNext.flatMap(({ partition, payloads }) => payloads.map((name) => `${partition} ${name}`)).sort(),
    ).toEqual(['3 a', '3 c', '5 b']);
    expect(sender('n3').resume()).toBe(0);
    await killed.close(5_000);
  });

  it('ends with what is left on disk, and says how many could not be kept', async () => {
    windows.away = true;
    const one = sender('n1');
    one.add(3, offered('a'), 1);
    expect(await one.close(0)).toBe(0);
    expect(sender('n2').resume()).toBe(1);
    const without = new HitSender({ node: 'n3', windows, maxSpoolBytes: 100, onDropped: () => undefined });
    without.add(3, offered('a'), 1);
    expect(await without.close(0)).toBe(1);
  });

  it('takes no notice of damaged lines', () => {
    file().append([
      'nonsense',
      '{"partition":99,"clockMs":1,"hit":{"payload":"x","conditions":[]}}',
      '{}',
      'null',
    ]);
    expect(sender('n1').resume()).toBe(0);
  });
});
