import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Singles } from '../../src/correlate/singles.ts';

const single = (atMs: number, valueId = 1) => ({
  valueId,
  atMs,
  line: 7,
  sourcePort: 40_000,
  count: 1,
  observerId: 0,
  flags: 2,
});

describe('Singles', () => {
  it('gives an entry once, and only inside its window', () => {
    const singles = new Singles(60_000, 1_000);
    singles.put(1, 143, single(0));
    expect(singles.take(1, 80, 10)).toBeUndefined();
    expect(singles.take(1, 143, 59_999)).toEqual(single(0));
    expect(singles.take(1, 143, 59_999)).toBeUndefined();
    singles.put(2, 143, single(0));
    expect(singles.take(2, 143, 60_000)).toBeUndefined();
  });

  it('agrees with a map while it has room', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.nat(3), fc.nat(40), fc.boolean()), { maxLength: 300 }),
        (steps) => {
          const singles = new Singles(10_000, 100_000);
          const model = new Map<string, number>();
          let nowMs = 0;
          for (const [a, b, step, put] of steps) {
            nowMs += step * 100;
            const known = model.get(`${a} ${b}`);
            const found = singles.take(a, b, nowMs);
            expect(found?.atMs).toBe(known !== undefined && known > nowMs - 10_000 ? known : undefined);
            model.delete(`${a} ${b}`);
            if (!put) continue;
            singles.put(a, b, single(nowMs));
            model.set(`${a} ${b}`, nowMs);
          }
        },
      ),
    );
  });

  it('is bounded, drops the oldest, and counts what was still inside its window', () => {
    const singles = new Singles(60_000, 3_000);
    for (let i = 0; i < 10_000; i++) singles.put(i, 143, single(i));
    expect(singles.size).toBeLessThanOrEqual(3_000);
    expect(singles.evicted).toBeGreaterThan(6_000);
    expect(singles.take(9_999, 143, 10_000)).toBeDefined();
    expect(singles.take(0, 143, 10_000)).toBeUndefined();
  });
});
