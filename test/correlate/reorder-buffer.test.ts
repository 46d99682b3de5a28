import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReorderBuffer } from '../../src/correlate/reorder-buffer.ts';
import { hit } from '../support/hits.ts';

const at = (seconds: number) => hit('198.51.100.7', '192.0.2.10', 143, seconds);

describe('ReorderBuffer', () => {
  it('holds a hit for the lateness, no longer', () => {
    const buffer = new ReorderBuffer(2_000);
    const out: number[] = [];
    buffer.push(at(10), 10_000);
    buffer.release(11_999, ({ attempt }) => out.push(attempt.atMs));
    expect(out).toEqual([]);
    buffer.release(12_000, ({ attempt }) => out.push(attempt.atMs));
    expect(out).toEqual([10_000]);
    expect(buffer.size).toBe(0);
  });

  it('gives hits that arrive within the lateness of each other in event-time order, however late they are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 50 }), (times) => {
        const buffer = new ReorderBuffer(5_000);
        const out: number[] = [];
        for (const [i, time] of times.entries()) buffer.push(at(time), 1_000_000 + i);
        buffer.release(2_000_000, ({ attempt }) => out.push(attempt.atMs));
        expect(out).toEqual(times.toSorted((a, b) => a - b).map((time) => time * 1_000));
      }),
    );
  });

  it('gives hits of one time as they came', () => {
    const buffer = new ReorderBuffer(5_000);
    const out: string[] = [];
    for (const [i, time] of [3, 1, 3, 1, 2, 3].entries())
      buffer.push(hit('198.51.100.7', `192.0.2.${i}`, 143, time), 0);
    expect(buffer.held().map((each) => each.hit.host.ip.at(-1))).toEqual([...'012345']);
    buffer.flush(({ host }) => out.push(host.ip.at(-1)!));
    expect(out.join('')).toBe('134025');
    expect(buffer.held()).toEqual([]);
  });

  it('does not stall when hits come latest first', { timeout: 60_000 }, () => {
    const buffer = new ReorderBuffer(2_000);
    const late = Array.from({ length: 60_000 }, (_, i) => at(100_000 - i));
    const startMs = performance.now();
    for (const each of late) buffer.push(each, 0);
    buffer.flush(() => {});
    // Walking back through all of them took 12 s.
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  it('loses nothing and repeats nothing, whatever comes when', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(5)), { maxLength: 200 }), (events) => {
        const buffer = new ReorderBuffer(3_000, 16);
        const out: number[] = [];
        let clockMs = 0;
        for (const [time, step] of events) {
          clockMs += step * 1_000;
          buffer.push(at(time), clockMs);
          buffer.release(clockMs, ({ attempt }) => out.push(attempt.atMs));
        }
        buffer.flush(({ attempt }) => out.push(attempt.atMs));
        expect(out.toSorted((a, b) => a - b)).toEqual(
          events.map(([time]) => time * 1_000).toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it('lets hits go early when it is full, and counts them', () => {
    const buffer = new ReorderBuffer(60_000, 100);
    let out = 0;
    for (let i = 0; i < 250; i++) {
      buffer.push(at(i), i);
      buffer.release(i, () => out++);
    }
    expect(buffer.size).toBeLessThanOrEqual(101);
    expect(buffer.forced).toBeGreaterThanOrEqual(149);
    expect(out + buffer.size).toBe(250);
  });
});
