import { describe, expect, it } from 'vitest';
import { backoffMs, DEFAULT_BACKOFF } from '../../src/lib/backoff.ts';

describe('backoffMs()', () => {
  const backoff = { firstMs: 1000, maxMs: 10_000, factor: 2 };

  it('doubles up to its bound', () => {
    const most = [1, 2, 3, 4, 5, 50, 5000].map((attempt) => backoffMs(attempt, () => 1, backoff));
    expect(most).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  it('draws from the upper half', () => {
    expect(backoffMs(1, () => 0, backoff)).toBe(500);
    expect(backoffMs(1, () => 0.5, backoff)).toBe(750);
  });

  it('takes odd tries for the first and reaches a quarter of an hour by default', () => {
    expect(backoffMs(0, () => 1, backoff)).toBe(1000);
    expect(backoffMs(20, () => 1, DEFAULT_BACKOFF)).toBe(900_000);
  });
});
