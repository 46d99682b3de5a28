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

  it('gives earliest first, and of one time what came first, whatever the order of pushing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean())), (steps) => {
        const queue = new DueQueue<string>();
        const wanted: [number, string][] = [];
        const popped: string[] = [];
        const expected: string[] = [];
        const pop = () => {
          const next = queue.popDue(20);
          if (next !== undefined) popped.push(next);
          wanted.sort(([a], [b]) => a - b);
          expected.push(...wanted.splice(0, 1).map(([, name]) => name));
        };
        for (const [i, [time, pops]] of steps.entries()) {
          queue.push(time, `${time} ${i}`);
          wanted.push([time, `${time} ${i}`]);
          if (pops) pop();
        }
        while (queue.size > 0) pop();
        expect(popped).toEqual(expected);
      }),
    );
  });
});
