import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../src/lib/due-queue.ts';

describe('DueQueue', () => {
  it('gives nothing before its time, and at exactly its time', () => {
    const queue = new DueQueue<string>();
    queue.push(10, 'a');
    expect(queue.popDue(9)).toBeUndefined();
    expect(queue.nextMs).toBe(10);
    expect(queue.popDue(10)).toBe('a');
    expect(queue.nextMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives earliest first, whatever the order of pushing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000)), (times) => {
        const queue = new DueQueue<number>();
        for (const time of times) queue.push(time, time);
        const popped: number[] = [];
        for (let next = queue.popDue(1_000); next !== undefined; next = queue.popDue(1_000))
          popped.push(next);
        expect(popped).toEqual(times.toSorted((a, b) => a - b));
      }),
    );
  });
});
