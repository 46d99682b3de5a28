import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { duration } from '../../src/lib/duration-schema.ts';

const messageOf = (written: unknown) => duration().safeParse(written).error?.issues[0]?.message;

describe('duration()', () => {
  it.each([60, null, {}, ['60s']])('refuses %j: no text', (written) => {
    expect(messageOf(written)).toBe(
      'a span of time is expected - write a number and a unit: 500ms, 60s, 5m, 1h, 2d',
    );
  });

  it.each(['60', 's', '60 s', '60S', '1.5h', '-5m', '1w', '1h30m', '', '99999999999s', '５s'])(
    'refuses %j: no span',
    (written) => {
      expect(messageOf(written)).toContain('not a span of time');
    },
  );

  it('refuses nothing and forever', () => {
    expect(messageOf('0s')).toBe('must be longer than nothing');
    expect(messageOf('32d')).toBe('at most 31d');
    expect(messageOf('2678400001ms')).toBe('at most 31d');
  });

  it.each([
    ['1ms', 1],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['31d', 2_678_400_000],
  ])('reads %s as %d ms', (written, ms) => {
    expect(duration().parse(written)).toBe(ms);
    expect(z.encode(duration(), ms)).toBe(written);
  });

  it('allows none at all on request', () => {
    expect(duration({ zero: true }).parse('0ms')).toBe(0);
  });
});
