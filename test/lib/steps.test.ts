import { describe, expect, it } from 'vitest';
import { numberSteps, spanSteps } from '../../src/lib/steps.ts';

describe('numberSteps()', () => {
  it('gives all numbers when they are few', () => {
    expect(numberSteps(2, 6)).toEqual([2, 3, 4, 5, 6]);
    expect(numberSteps(3, 3)).toEqual([3]);
    expect(numberSteps(1, 12)).toHaveLength(12);
  });

  it('gives round numbers between the ends when they are many', () => {
    expect(numberSteps(2, 300)).toEqual([2, 5, 10, 20, 50, 100, 200, 300]);
    expect(numberSteps(1, 13)).toEqual([1, 2, 5, 10, 13]);
  });
});

describe('spanSteps()', () => {
  it('gives spans people use, the ends included and each once', () => {
    expect(spanSteps(10_000, 3_600_000).map((ms) => ms / 1_000)).toEqual([
      10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600,
    ]);
    expect(spanSteps(45_000, 90_000)).toEqual([45_000, 60_000, 90_000]);
    expect(spanSteps(60_000, 60_000)).toEqual([60_000]);
  });
});
