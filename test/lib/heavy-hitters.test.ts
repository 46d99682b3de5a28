import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeavyHitters } from '../../src/lib/heavy-hitters.ts';

describe('HeavyHitters', () => {
  it('is exact while there is room', () => {
    const hitters = new HeavyHitters<string>(3);
    for (const key of 'abacab') hitters.add(key);
    expect(hitters.top(2)).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
    expect(hitters.error).toBe(0);
  });

  it('no count is too high, and none is further too low than it says', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 300 }), fc.integer({ min: 1, max: 6 }), (keys, max) => {
        const hitters = new HeavyHitters<number>(max);
        const truth = new Map<number, number>();
        for (const key of keys) {
          hitters.add(key);
          truth.set(key, (truth.get(key) ?? 0) + 1);
        }
        const told = new Map(hitters.top(max));
        expect(told.size).toBeLessThanOrEqual(max);
        expect(hitters.error).toBeLessThanOrEqual(keys.length / (max + 1));
        for (const [key, count] of truth) {
          expect(told.get(key) ?? 0).toBeLessThanOrEqual(count);
          expect(told.get(key) ?? 0).toBeGreaterThanOrEqual(count - hitters.error);
        }
      }),
    );
  });

  it('finds the heavy one among a flood of forged sources, in time', () => {
    const hitters = new HeavyHitters<string>(1_000);
    const startedMs = performance.now();
    for (let i = 0; i < 500_000; i++) {
      hitters.add(`forged ${i}`);
      if (i % 20 === 0) hitters.add('heavy');
    }
    expect(hitters.top(1)[0]![0]).toBe('heavy');
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });
});
