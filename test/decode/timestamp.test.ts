import { describe, expect, it } from 'vitest';
import { scanStamp, scanUptime } from '../../src/decode/timestamp.ts';

const UTC = { referenceMs: Date.UTC(2026, 10, 23, 3, 0, 5), zone: 'UTC' };

function scan(text: string, options = UTC) {
  const scanned = scanStamp(text, 0, options);
  if (scanned === undefined) return undefined;
  const { epochMs, quality, zone } = scanned.stamp;
  const iso = epochMs === undefined ? 'none' : new Date(epochMs).toISOString();
  return `${iso} ${quality} ${zone} rest=${JSON.stringify(text.slice(scanned.end))}`;
}

function received(at: string, text: string, zone = 'UTC'): string | undefined {
  return scan(text, { referenceMs: Date.parse(at), zone })?.split(' ')[0];
}

describe('scanStamp()', () => {
  it.each([
    'x',
    '',
    'Nov',
    'Nov 23',
    'Nov 23 03:00',
    'nov 23 03:00:00 x',
    'Nov 123 03:00:00 x',
    'Nov 23 03:00:00x',
    'Nox 23 03:00:00 x',
    'Marc 23 03:00:00 x',
    '2026-11-23',
    '2026-11-23 hello',
    '2026/11/23 03:00:00',
    '2026-11-23T03:00:00ZZ',
    '2026-11-23T03:00:00+1',
    '20261123T030000Z',
    '1403884279 - 06/27/2014',
    'Mon Nov 23 03:00:00 fw1',
    '00:00:46: x',
    '* Nov 23 03:00:00',
  ])('finds no stamp in %j', (text) => {
    expect(scan(text)).toBeUndefined();
  });

  it.each([
    ['Nov 23 03:00:00 fw1', '2026-11-23T03:00:00.000Z device assumed rest=" fw1"'],
    ['Nov 23 03:00:00', '2026-11-23T03:00:00.000Z device assumed rest=""'],
    ['Nov  3 03:00:00: x', '2026-11-03T03:00:00.000Z device assumed rest=": x"'],
    ['Nov 3 03:00:00 x', '2026-11-03T03:00:00.000Z device assumed rest=" x"'],
    ['Nov 03 03:00:00 x', '2026-11-03T03:00:00.000Z device assumed rest=" x"'],
    ['July 22 22:45:28 x', '2026-07-22T22:45:28.000Z device assumed rest=" x"'],
    ['Mar 20 2009 10:20:06: x', '2009-03-20T10:20:06.000Z device assumed rest=": x"'],
    ['2019 May 22 16:20:45 x', '2019-05-22T16:20:45.000Z device assumed rest=" x"'],
    ['2019 May 22 16:20:45.123 EDT: x', '2019-05-22T20:20:45.123Z device stated rest=": x"'],
    ['Mon Mar 23 13:16:49 2026 x', '2026-03-23T13:16:49.000Z device assumed rest=" x"'],
    ['Mon Mar 23 13:16:49 CET 2026 x', '2026-03-23T12:16:49.000Z device stated rest=" x"'],
    ['Nov 20 03:00:00.447 x', '2026-11-20T03:00:00.447Z device assumed rest=" x"'],
    ['Nov 20 03:00:00,388 x', '2026-11-20T03:00:00.388Z device assumed rest=" x"'],
    ['Nov 20 03:00:00.5 x', '2026-11-20T03:00:00.500Z device assumed rest=" x"'],
    ['Nov 20 03:00:00.398123999 x', '2026-11-20T03:00:00.398Z device assumed rest=" x"'],
    ['Nov 20 03:00:00 +0200 x', '2026-11-20T01:00:00.000Z device stated rest=" x"'],
    ['Aug 17 17:41:24.776 AEST: x', '2026-08-17T07:41:24.776Z device stated rest=": x"'],
    ['Nov 20 2026 03:00:00.123 CET: x', '2026-11-20T02:00:00.123Z device stated rest=": x"'],
    ['Nov 20 03:00:00 IST: x', '2026-11-20T03:00:00.000Z device assumed rest=": x"'],
    ['Nov 20 03:00:00 mng: x', '2026-11-20T03:00:00.000Z device assumed rest=" mng: x"'],
    ['Nov 20 03:00:00 METRO x', '2026-11-20T03:00:00.000Z device assumed rest=" METRO x"'],
    ['*Nov 20 03:00:00 x', '2026-11-20T03:00:00.000Z unsynchronised assumed rest=" x"'],
    ['.Nov 20 03:00:00 x', '2026-11-20T03:00:00.000Z unsynchronised assumed rest=" x"'],
    ['*2026 Nov 20 03:00:00 x', '2026-11-20T03:00:00.000Z unsynchronised assumed rest=" x"'],
    ['2026-07-23T09:30:45.123+02:00 x', '2026-07-23T07:30:45.123Z device stated rest=" x"'],
    ['2026-07-23T09:30:45Z', '2026-07-23T09:30:45.000Z device stated rest=""'],
    ['2026-07-23T09:30:45Z: x', '2026-07-23T09:30:45.000Z device stated rest=": x"'],
    ['2026-07-23T09:30:45-0330 x', '2026-07-23T13:00:45.000Z device stated rest=" x"'],
    ['2026-07-23T09:30:45.123456789123Z x', '2026-07-23T09:30:45.123Z device stated rest=" x"'],
    ['2026-07-23T09:30:45 x', '2026-07-23T09:30:45.000Z device assumed rest=" x"'],
    ['2026-07-23 09:30:45 x', '2026-07-23T09:30:45.000Z device assumed rest=" x"'],
  ])('reads %j', (text, expected) => {
    expect(scan(text)).toBe(expected);
  });

  it.each([
    'Feb 30 03:00:00 x',
    'Nov 31 03:00:00 x',
    'Nov 00 03:00:00 x',
    'Nov 23 14:99:16 x',
    'Nov 23 24:00:00 x',
    'Nov 23 23:59:60 x',
    'Feb 29 2027 03:00:00 x',
    '2025-99-99T99:99:99+02:00 x',
    '2026-00-10T00:00:00Z x',
    '2026-02-29T00:00:00Z x',
    '0026-02-20T00:00:00Z x',
    '2026-02-20T00:00:00+99:00 x',
  ])('calls %j invalid and never moves it to another day', (text) => {
    expect(scan(text)).toMatch(/^none invalid .* rest=" x"$/);
  });
});

describe('the year of a stamp without one', () => {
  it.each([
    ['2027-01-01T00:00:05Z', 'Dec 31 23:59:59 x', '2026-12-31T23:59:59.000Z'],
    ['2026-12-31T23:59:58Z', 'Jan  1 00:00:00 x', '2027-01-01T00:00:00.000Z'],
    ['2026-11-23T03:00:00Z', 'Nov 24 03:00:00 x', '2026-11-24T03:00:00.000Z'],
    ['2026-11-23T03:00:00Z', 'Nov 24 03:00:01 x', '2025-11-24T03:00:01.000Z'],
    ['2026-11-23T03:00:00Z', 'Nov 25 03:00:00 x', '2025-11-25T03:00:00.000Z'],
    ['2028-03-01T00:00:00Z', 'Feb 29 12:00:00 x', '2028-02-29T12:00:00.000Z'],
    ['2027-03-01T00:00:00Z', 'Feb 29 12:00:00 x', '2024-02-29T12:00:00.000Z'],
    ['2103-06-01T00:00:00Z', 'Feb 29 12:00:00 x', '2096-02-29T12:00:00.000Z'],
    ['1970-01-01T00:00:00Z', 'Nov 23 12:00:00 x', '1969-11-23T12:00:00.000Z'],
  ])('received %s: %s', (at, text, expected) => {
    expect(received(at, text)).toBe(expected);
  });

  it('is the year of the zone, not of UTC', () => {
    expect(received('2026-12-30T09:59:00Z', 'Jan  1 00:30:00 x', 'Pacific/Kiritimati')).toBe(
      '2025-12-31T10:30:00.000Z',
    );
    expect(received('2026-12-31T10:30:05Z', 'Jan  1 00:30:00 x', 'Pacific/Kiritimati')).toBe(
      '2026-12-31T10:30:00.000Z',
    );
  });

  it('says whether it was inferred', () => {
    expect(scanStamp('Nov 23 03:00:00 x', 0, UTC)?.stamp.yearInferred).toBe(true);
    expect(scanStamp('Nov 23 2026 03:00:00 x', 0, UTC)?.stamp.yearInferred).toBe(false);
  });

  it('is not invented when the receipt time is no time', () => {
    expect(scanStamp('Nov 23 03:00:00 x', 0, { referenceMs: Number.NaN, zone: 'UTC' })?.stamp.quality).toBe(
      'invalid',
    );
  });
});

describe('daylight saving in Europe/Warsaw 2026', () => {
  it('tells the two 02:30 of October apart by their receipt', () => {
    expect(received('2026-10-25T00:30:01Z', 'Oct 25 02:30:00 x', 'Europe/Warsaw')).toBe(
      '2026-10-25T00:30:00.000Z',
    );
    expect(received('2026-10-25T01:30:01Z', 'Oct 25 02:30:00 x', 'Europe/Warsaw')).toBe(
      '2026-10-25T01:30:00.000Z',
    );
  });

  it('dates the 02:30 that March skips one hour later', () => {
    expect(received('2026-03-29T01:30:01Z', 'Mar 29 02:30:00 x', 'Europe/Warsaw')).toBe(
      '2026-03-29T01:30:00.000Z',
    );
  });

  it('lets a zone in the line win', () => {
    expect(received('2026-10-25T01:30:01Z', 'Oct 25 02:30:00 CEST: x', 'Europe/Warsaw')).toBe(
      '2026-10-25T00:30:00.000Z',
    );
  });
});

describe('scanUptime()', () => {
  it.each(['00:00:46: x', '1d02h: x', '1d2h: x', '1w2d: x', '2y10w: x', '*00:00:46: x', '00:00:46.123: x'])(
    'reads %j and dates nothing',
    (text) => {
      const scanned = scanUptime(text, 0);
      expect(scanned?.stamp).toEqual({ quality: 'uptime', zone: 'assumed', yearInferred: false });
      expect(text.slice(scanned?.end)).toBe(': x');
    },
  );

  it.each(['00:00:46 x', '1d02h x', '000019: x', 'd2h: x', '1h2d: x'])('finds none in %j', (text) => {
    expect(scanUptime(text, 0)).toBeUndefined();
  });
});
