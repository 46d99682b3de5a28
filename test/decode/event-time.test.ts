import { describe, expect, it } from 'vitest';
import { liveEventTime } from '../../src/decode/event-time.ts';
import type { SyslogMessage } from '../../src/types.ts';

const NOW = Date.parse('2026-01-24T17:00:00Z');

function stamped(epochMs: number): SyslogMessage {
  return {
    facility: 1,
    severity: 5,
    pri: 'stated',
    format: 'rfc3164',
    timestamp: { epochMs, quality: 'device', zone: 'stated', yearInferred: false },
    message: '',
    text: '',
  };
}

describe('liveEventTime() says how a wrong clock was corrected', () => {
  it.each([
    [90_000, "the sender's clock is 90 s behind, corrected"],
    [-90_000, "the sender's clock is 90 s ahead, corrected"],
  ])('a skew of %i ms', (skewMs, because) => {
    const time = liveEventTime(stamped(NOW - skewMs), NOW, skewMs, { maxDelayMs: 86_400_000 });
    expect(time).toEqual({ atMs: NOW, source: 'device', because });
  });
});
