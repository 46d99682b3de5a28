/** How waiting times grow; all in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Growth with each try; 2 doubles. */
  readonly factor: number;
}

/** Seconds at first, a quarter of an hour at most: a server that was away for a minute is tried within the next. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 5_000, maxMs: 900_000, factor: 2 };

/**
 * Milliseconds to wait after the given failed try (1 is the first), exponential and capped, of which the upper half is
 * random (`random` gives 0 <= r < 1) so that many clients do not return in step.
 */
export function backoffMs(attempt: number, random: () => number, backoff: Backoff = DEFAULT_BACKOFF): number {
  const grown = backoff.firstMs * backoff.factor ** Math.max(0, attempt - 1);
  const ceiling = Math.min(grown, backoff.maxMs);
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
