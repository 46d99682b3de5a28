import { z } from 'zod';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS;

const MAX_MS = 31 * UNITS.d;
const HOW = 'write a number and a unit: 500ms, 60s, 5m, 1h, 2d';

/**
 * A span of time as people write it (`60s`, `5m`), read as milliseconds; at most 31 days.
 * `zero` also allows none at all (`0s`), where that has a meaning.
 */
export function duration({ zero = false } = {}): z.ZodCodec<z.ZodString, z.ZodNumber> {
  const text = z.string({ error: `a span of time is expected - ${HOW}` }).regex(/^\d{1,10}(ms|s|m|h|d)$/, {
    error: `not a span of time - ${HOW}`,
  });
  return z.codec(text, z.number(), {
    decode: (written, context) => {
      const ms = Number.parseInt(written, 10) * UNITS[written.replace(/^\d+/, '') as Unit];
      if (ms <= MAX_MS && (ms > 0 || zero)) return ms;
      const message = ms > 0 ? 'at most 31d' : 'must be longer than nothing';
      context.issues.push({ code: 'custom', message, input: written });
      return z.NEVER;
    },
    encode: writeDuration,
  });
}

/** Milliseconds in the largest unit that divides them: 60000 is `1m`, 90000 is `90s`. */
function writeDuration(ms: number): string {
  const unit =
    (['d', 'h', 'm', 's'] as const).find((candidate) => ms > 0 && ms % UNITS[candidate] === 0) ?? 'ms';
  return `${ms / UNITS[unit]}${unit}`;
}
