import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { DailyDigest } from '../../src/daemon/daily-digest.ts';
import { attempt } from '../support/rule-sets.ts';

const T0 = Date.parse('2026-11-23T12:00:00Z');
const DAY = 86_400_000;

function digest(): DailyDigest {
  const { config } = loadConfig(undefined, { KNOCKWATCH_CONFIG: undefined, HOME: '/nowhere' });
  const channels = [...config!.channels, { kind: 'stdout', name: 'json' } as const];
  return new DailyDigest({ ...config!, zone: 'Europe/Berlin', channels }, '07:00', T0);
}

it('has an alert once a day at its time, for the email channels', () => {
  const daily = digest();
  expect(daily.channels).toEqual(['mail']);
  daily.add(attempt());
  const due = Date.parse('2026-11-24T06:00:00Z');
  expect(daily.turn(due - 1)).toBeUndefined();
  expect(daily.turn(due + 500)).toMatchObject({
    reason: 'digest',
    subject: '[knockwatch] Background: 1 line denied or failed',
  });
  expect(daily.turn(due + 1_500)).toBeUndefined();
  expect(daily.turn(due + DAY)!.text).toContain('quieter than any network should be');
});

it('a machine that slept through several days tells them once', () => {
  const daily = digest();
  expect(daily.turn(T0 + 3 * DAY)).toBeDefined();
  expect(daily.turn(T0 + 3 * DAY + 1_000)).toBeUndefined();
});

it('a clock that was set back stops it no longer than a day, and no day ends before it began', () => {
  const daily = digest();
  daily.add(attempt());
  const back = T0 - 365 * DAY;
  expect(daily.turn(back)).toBeUndefined();
  const due = Date.parse('2025-11-24T06:00:00Z');
  expect(daily.turn(due - 1)).toBeUndefined();
  expect(daily.turn(due)!.text).toContain('1 line denied or failed in 18 hours');
  expect(daily.turn(due + 1_000)).toBeUndefined();
});
