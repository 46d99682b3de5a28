import { describe, expect, it } from 'vitest';
import { SenderClocks } from '../../src/decode/sender-clocks.ts';

const NOW = Date.UTC(2026, 10, 23, 3);

/** The skew found after lines sent at `seconds`, each stamped `behindMs(second)` too early. */
function skewAfter(seconds: readonly number[], behindMs: (second: number) => number): number {
  const clocks = new SenderClocks();
  let skewMs = 0;
  for (const s of seconds)
    skewMs = clocks.observe('192.0.2.1', NOW + s * 1_000 - behindMs(s), NOW + s * 1_000);
  return skewMs;
}
const halfMinute = Array.from({ length: 30 }, (_, i) => i);

describe('SenderClocks', () => {
  it.each([
    ['an hour behind', 3_600_000, 3_600_000],
    ['an hour ahead', -3_600_000, -3_600_000],
    ['seven seconds behind', 7_000, 7_000],
    ['two seconds behind: not worth a correction', 2_000, 0],
  ])('finds a clock %s', (_, behindMs, wanted) => {
    expect(skewAfter(halfMinute, (s) => behindMs + (s % 3) * 100)).toBe(wanted);
  });

  it('takes a backlog that is sent ten times as fast for what it is', () => {
    expect(skewAfter(halfMinute, (s) => 3_600_000 - s * 9_000)).toBe(0);
  });

  it('does not believe a few lines, or many in one second', () => {
    expect(skewAfter([0, 5, 11], () => 3_600_000)).toBe(0);
    expect(
      skewAfter(
        Array.from({ length: 100 }, (_, i) => i / 1_000),
        () => 3_600_000,
      ),
    ).toBe(0);
  });

  it('keeps what it knows through one stray stamp', () => {
    expect(skewAfter(halfMinute, (s) => (s === 25 ? 0 : 3_600_000))).toBe(3_600_000);
  });

  it('learns that the clock was set right', () => {
    expect(
      skewAfter(
        Array.from({ length: 60 }, (_, i) => i),
        (s) => (s < 30 ? 3_600_000 : 0),
      ),
    ).toBe(0);
  });

  it('keeps senders apart, and names those it corrects', () => {
    const clocks = new SenderClocks();
    for (const s of halfMinute) {
      clocks.observe('right', NOW + s * 1_000, NOW + s * 1_000);
      clocks.observe('wrong', NOW + s * 1_000 - 60_000, NOW + s * 1_000);
    }
    expect([...clocks.skewed()]).toEqual([['wrong', 60_000]]);
  });
});
