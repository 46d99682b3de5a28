import { describe, expect, it } from 'vitest';
import { clfTime, ctime, dateTime } from '../../src/parse/body-time.ts';

const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

describe('clfTime()', () => {
  it.each([
    ['23/Nov/2026:03:00:00 +0100', '2026-11-23T02:00:00.000Z'],
    ['23/Nov/2026:03:00:00 -0930', '2026-11-23T12:30:00.000Z'],
    ['31/Dec/2026:23:59:60 +0000', '2027-01-01T00:00:00.000Z'],
    ['31/Nov/2026:03:00:00 +0000', undefined],
    ['23/Nox/2026:03:00:00 +0000', undefined],
    ['23/anF/2026:03:00:00 +0000', undefined],
    ['23/Nov/2026:24:00:00 +0000', undefined],
    ['23/Nov/2026:03:00:00 +9900', undefined],
    ['23/Nov/2026 03:00:00 +0000', undefined],
  ])('%s is %s', (text, expected) => expect(iso(clfTime(text))).toBe(expected));
});

describe('ctime()', () => {
  it.each([
    ['Mon Nov 23 03:00:00 2026', 'UTC', '2026-11-23T03:00:00.000Z'],
    ['Mon Nov 23 03:00:00 2026', 'Europe/Berlin', '2026-11-23T02:00:00.000Z'],
    ['Wed Jul  1 03:00:00 2026', 'America/New_York', '2026-07-01T07:00:00.000Z'],
    ['Mon Feb 30 03:00:00 2026', 'UTC', undefined],
    ['Mon Nov 23 03:00:00', 'UTC', undefined],
  ])('%s in %s is %s', (text, zone, expected) => expect(iso(ctime(text, zone))).toBe(expected));
});

describe('dateTime()', () => {
  it.each([
    ['2026-11-23 03:00:00', 'UTC', '2026-11-23T03:00:00.000Z'],
    ['2026/11/23 03:00:00', 'Europe/Berlin', '2026-11-23T02:00:00.000Z'],
    ['2026-02-29 03:00:00', 'UTC', undefined],
    ['2026-00-23 03:00:00', 'UTC', undefined],
    ['2026-13-23 03:00:00', 'UTC', undefined],
    ['2026-11-23 24:00:00', 'UTC', undefined],
    ['2026-11-23T03:00:00', 'UTC', undefined],
  ])('%s in %s is %s', (text, zone, expected) => expect(iso(dateTime(text, zone))).toBe(expected));
});
