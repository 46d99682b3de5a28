import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, offsetMinutes, wallTimeToEpochMs } from '../../src/lib/time-zone.ts';

const WARSAW = 'Europe/Warsaw';

describe('isTimeZone()', () => {
  it.each(['', 'Europe/Warsow', '../etc/passwd', 'mng', 'UTC\n'])('refuses %j', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });

  it.each(['UTC', 'Europe/Warsaw', 'America/St_Johns'])('accepts %j', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });
});

describe('offsetMinutes()', () => {
  it('throws a RangeError for a zone nobody knows', () => {
    expect(() => offsetMinutes(0, 'Nowhere/Atall')).toThrow(RangeError);
  });

  it.each([
    ['UTC', Date.UTC(2026, 6, 1), 0],
    [WARSAW, Date.UTC(2026, 0, 1), 60],
    [WARSAW, Date.UTC(2026, 6, 1), 120],
    ['America/New_York', Date.UTC(2026, 0, 1), -300],
    ['Asia/Kolkata', Date.UTC(2026, 0, 1), 330],
    ['Asia/Kathmandu', Date.UTC(2026, 0, 1), 345],
    ['America/St_Johns', Date.UTC(2026, 0, 1), -210],
    ['Pacific/Kiritimati', Date.UTC(2026, 0, 1), 840],
  ])('knows %s', (zone, epochMs, minutes) => {
    expect(offsetMinutes(epochMs, zone)).toBe(minutes);
  });

  it('changes at the second at which the clocks do', () => {
    const change = Date.UTC(2026, 9, 25, 1);
    expect(offsetMinutes(change - 1, WARSAW)).toBe(120);
    expect(offsetMinutes(change, WARSAW)).toBe(60);
  });

  it('stays finite for instants that no calendar reaches', () => {
    expect(offsetMinutes(8.64e15, WARSAW)).toBe(60);
    expect(Number.isFinite(offsetMinutes(-8.64e15, WARSAW))).toBe(true);
  });
});

describe('wallTimeToEpochMs()', () => {
  it('leaves UTC alone', () => {
    expect(wallTimeToEpochMs(123_456, 'UTC')).toBe(123_456);
  });

  it('moves a wall time that was skipped forward by the gap', () => {
    const skipped = Date.UTC(2026, 2, 29, 2, 30);
    expect(wallTimeToEpochMs(skipped, WARSAW)).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect(wallTimeToEpochMs(Date.UTC(2026, 2, 29, 1, 59, 59), WARSAW)).toBe(
      Date.UTC(2026, 2, 29, 0, 59, 59),
    );
    expect(wallTimeToEpochMs(Date.UTC(2026, 2, 29, 3), WARSAW)).toBe(Date.UTC(2026, 2, 29, 1));
  });

  it('takes a wall time that occurs twice for the occurrence nearer to the given instant', () => {
    const twice = Date.UTC(2026, 9, 25, 2, 30);
    const [first, second] = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)];
    expect(wallTimeToEpochMs(twice, WARSAW)).toBe(first);
    expect(wallTimeToEpochMs(twice, WARSAW, first + 1_000)).toBe(first);
    expect(wallTimeToEpochMs(twice, WARSAW, second + 1_000)).toBe(second);
  });

  it('knows a zone that changes by half an hour', () => {
    const twice = Date.UTC(2026, 3, 5, 1, 45);
    const first = Date.UTC(2026, 3, 4, 14, 45);
    expect(wallTimeToEpochMs(twice, 'Australia/Lord_Howe')).toBe(first);
    expect(wallTimeToEpochMs(twice, 'Australia/Lord_Howe', first + 1_800_000)).toBe(first + 1_800_000);
  });

  it('is the inverse of the offset for every instant, when told which of two is meant', () => {
    const zone = fc.constantFrom(
      WARSAW,
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Tehran',
      'Pacific/Apia',
    );
    const epoch = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2040, 0) });
    fc.assert(
      fc.property(zone, epoch, (name, epochMs) => {
        const wallMs = epochMs + offsetMinutes(epochMs, name) * 60_000;
        return wallTimeToEpochMs(wallMs, name, epochMs) === epochMs;
      }),
      { numRuns: 2_000 },
    );
  });
});
