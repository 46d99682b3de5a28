import { BoundedMap } from '../lib/bounded-map.ts';

/** What is known about one sender's clock. */
interface Clock {
  /** Lines since the difference last jumped, when that was, and the range of the difference since. */
  lines: number;
  sinceMs: number;
  leastMs: number;
  mostMs: number;
  skewMs: number;
}

/** Differences of one clock scatter by network and queueing delay; more than this is a jump, or a backlog being sent. */
const SCATTER_MS = 2_000;
/** Less than this is not worth correcting. */
const WORTHWHILE_MS = 5_000;
const MIN_LINES = 8;
const MIN_SPAN_MS = 10_000;
const MAX_SENDERS = 10_000;

/**
 * Finds by how much each sender's clock is wrong, from the difference between its stamps and their receipt. A wrong clock
 * differs by the same amount line after line; a backlog that is sent late differs by less and less. Only a difference that
 * stays put for a number of lines and seconds is taken for skew.
 */
export class SenderClocks {
  readonly #clocks = new BoundedMap<string, Clock>(MAX_SENDERS);

  /** Takes one stamp and its receipt; gives the milliseconds to add to the sender's stamps, 0 while its clock seems right. */
  observe(sender: string, stampMs: number, receivedAtMs: number): number {
    const differenceMs = receivedAtMs - stampMs;
    const clock = this.#clocks.get(sender);
    if (clock === undefined) {
      this.#clocks.set(sender, begin(differenceMs, receivedAtMs, 0));
      return 0;
    }
    const leastMs = Math.min(clock.leastMs, differenceMs);
    const mostMs = Math.max(clock.mostMs, differenceMs);
    if (mostMs - leastMs > SCATTER_MS) {
      // The known skew holds until another difference has proved as steady.
      Object.assign(clock, begin(differenceMs, receivedAtMs, clock.skewMs));
      return clock.skewMs;
    }
    clock.lines++;
    clock.leastMs = leastMs;
    clock.mostMs = mostMs;
    if (clock.lines >= MIN_LINES && receivedAtMs - clock.sinceMs >= MIN_SPAN_MS) {
      // The least difference is the one with the least delay in it.
      clock.skewMs = Math.abs(leastMs) > WORTHWHILE_MS ? leastMs : 0;
    }
    return clock.skewMs;
  }

  /** Senders whose clock is being corrected, with the milliseconds added. */
  *skewed(): Generator<readonly [sender: string, skewMs: number]> {
    for (const [sender, { skewMs }] of this.#clocks.entries()) if (skewMs !== 0) yield [sender, skewMs];
  }
}

function begin(differenceMs: number, sinceMs: number, skewMs: number): Clock {
  return { lines: 1, sinceMs, leastMs: differenceMs, mostMs: differenceMs, skewMs };
}
