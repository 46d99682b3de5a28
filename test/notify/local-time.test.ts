import { describe, expect, it } from 'vitest';
import { localTime, timeSpan } from '../../src/notify/local-time.ts';

const at = (text: string) => Date.parse(text);

describe('localTime()', () => {
  it('shows an instant in any zone', () => {
    const ms = at('2026-09-05T22:04:05Z');
    expect(localTime(ms, 'Asia/Kolkata')).toEqual({
      date: 'Sun 6 Sep 2026',
      time: '03:34:05',
      offset: '+05:30',
    });
    expect(localTime(ms, 'America/New_York')).toEqual({
      date: 'Sat 5 Sep 2026',
      time: '18:04:05',
      offset: '-04:00',
    });
    expect(localTime(at('2026-01-01T00:00:00Z'), 'UTC')).toEqual({
      date: 'Thu 1 Jan 2026',
      time: '00:00:00',
      offset: '+00:00',
    });
  });

  it('throws for a zone that does not exist', () => {
    expect(() => localTime(0, 'Mars/Olympus')).toThrow(RangeError);
  });
});

describe('timeSpan()', () => {
  it('shows one instant once', () => {
    const ms = at('2026-01-24T17:47:46Z');
    expect(timeSpan(ms, ms + 400, 'Europe/Berlin')).toEqual({
      date: 'Sat 24 Jan 2026',
      time: '18:47:46 (+01:00), 17:47:46Z',
    });
  });

  it('names the second day, and the UTC day where it is another', () => {
    expect(timeSpan(at('2026-01-24T22:59:50Z'), at('2026-01-24T23:00:10Z'), 'Europe/Berlin').time).toBe(
      '23:59:50 - Sun 25 Jan 2026 00:00:10 (+01:00), 22:59:50Z',
    );
    expect(timeSpan(at('2026-01-24T23:30:00Z'), at('2026-01-24T23:30:09Z'), 'Europe/Berlin')).toEqual({
      date: 'Sun 25 Jan 2026',
      time: '00:30:00 - 00:30:09 (+01:00), Sat 24 Jan 2026 23:30:00Z',
    });
  });

  it('shows both offsets when the clocks change in between', () => {
    expect(timeSpan(at('2026-03-29T00:59:58Z'), at('2026-03-29T01:00:02Z'), 'Europe/Berlin').time).toBe(
      '01:59:58 (+01:00) - 03:00:02 (+02:00), 00:59:58Z',
    );
  });
});
