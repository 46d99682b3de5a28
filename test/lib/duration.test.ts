import { describe, expect, it } from 'vitest';
import { formatDuration } from '../../src/lib/duration.ts';

describe('formatDuration()', () => {
  it.each([
    [0, '0 s'],
    [4, '0.1 s'],
    [400, '0.4 s'],
    [9_000, '9 s'],
    [60_000, '1 min'],
    [90_000, '1 min 30 s'],
    [7_200_000, '2 h'],
    [7_260_000, '2 h 1 min'],
    [7_201_000, '2 h 1 s'],
    [93_784_000, '1 d 2 h'],
  ])('%d ms is %s', (ms, wanted) => {
    expect(formatDuration(ms)).toBe(wanted);
  });
});
