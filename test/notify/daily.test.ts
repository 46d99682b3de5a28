import { describe, expect, it } from 'vitest';
import { nextDaily } from '../../src/notify/daily.ts';

const next = (now: string, at: string, zone: string) =>
  new Date(nextDaily(Date.parse(now), at, zone)).toISOString();

describe('nextDaily()', () => {
  it.each([
    ['later today', '2026-11-23T05:59:59Z', '07:00', 'Europe/Berlin', '2026-11-23T06:00:00.000Z'],
    ['now is over', '2026-11-23T06:00:00Z', '07:00', 'Europe/Berlin', '2026-11-24T06:00:00.000Z'],
    ['a day is the zone’s day', '2026-11-23T23:30:00Z', '00:15', 'Europe/Berlin', '2026-11-24T23:15:00.000Z'],
    ['in summer time', '2026-07-01T12:00:00Z', '07:00', 'America/New_York', '2026-07-02T11:00:00.000Z'],
    [
      'over the end of summer time',
      '2026-10-24T12:00:00Z',
      '07:00',
      'Europe/Berlin',
      '2026-10-25T06:00:00.000Z',
    ],
    [
      'a time that occurs twice counts once',
      '2026-10-25T00:30:00Z',
      '02:30',
      'Europe/Berlin',
      '2026-10-26T01:30:00.000Z',
    ],
    [
      'a time that is skipped is moved',
      '2026-03-28T12:00:00Z',
      '02:30',
      'Europe/Berlin',
      '2026-03-29T01:30:00.000Z',
    ],
    ['half an hour off', '2026-11-23T12:00:00Z', '07:00', 'Asia/Kolkata', '2026-11-24T01:30:00.000Z'],
  ])('%s', (_, now, at, zone, expected) => expect(next(now, at, zone)).toBe(expected));

  it('refuses a zone that does not exist', () => {
    expect(() => nextDaily(0, '07:00', 'Mars/Olympus')).toThrow(RangeError);
  });
});
