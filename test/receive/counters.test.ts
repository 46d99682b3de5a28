import { expect, it } from 'vitest';
import { Counters } from '../../src/receive/counters.ts';

it('snapshot() adds what others counted, and leaves zeros out', () => {
  const counters = new Counters();
  counters.frame(10);
  counters.frame(5);
  counters.drop('empty');
  counters.drop('framing-error', 0);
  expect(
    counters.snapshot([
      ['empty', 2],
      ['kernel-buffer-full', 0],
      ['main-thread-behind', 4],
    ]),
  ).toEqual({
    frames: 2,
    bytes: 15,
    drops: new Map([
      ['empty', 3],
      ['main-thread-behind', 4],
    ]),
  });
});

it('snapshot() is a copy', () => {
  const counters = new Counters();
  const before = counters.snapshot();
  counters.drop('empty');
  expect(before.drops.size).toBe(0);
  expect(counters.snapshot([['empty', 1]]).drops.get('empty')).toBe(2);
  expect(counters.snapshot().drops.get('empty')).toBe(1);
});
