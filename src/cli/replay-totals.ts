import type { CorrelatorStats } from '../correlate/correlator.ts';
import { plural } from '../notify/words.ts';
import type { Outcome } from '../pipeline.ts';
import type { Frame } from '../types.ts';

/** Counts of one replay, and the sentences that tell them. */
export class ReplayTotals {
  lines = 0;
  #passedOver = 0;
  #attempts = 0;
  #hits = 0;
  #unknown = 0;
  #malformed = 0;
  #ignored = 0;
  #truncated = 0;
  #lost = 0;
  #noVerdict = 0;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  readonly #parsers = new Map<string, number>();
  readonly #prefixes = new Set<string>();

  add({ result, attempt, hits }: Outcome, frame: Frame): void {
    this.lines++;
    if (frame.truncated) this.#truncated++;
    if (result === undefined) this.#unknown++;
    else if (result.kind === 'malformed') this.#malformed++;
    else if (result.kind === 'ignored') this.#ignored++;
    else if (result.kind === 'loss') this.#lost += result.loss.count ?? 1;
    if (attempt === undefined) return;
    this.#attempts++;
    if (hits.length > 0) this.#hits++;
    this.#firstMs = Math.min(this.#firstMs, attempt.atMs);
    this.#lastMs = Math.max(this.#lastMs, attempt.atMs);
    this.#parsers.set(attempt.parser, (this.#parsers.get(attempt.parser) ?? 0) + 1);
    if (attempt.action !== 'unknown') return;
    this.#noVerdict++;
    if (this.#prefixes.size < 5) this.#prefixes.add(attempt.rule ?? '(none)');
  }

  /** Lines that name no watched host and port: nothing else is known about them. */
  passOver(lines: number): void {
    this.lines += lines;
    this.#passedOver += lines;
  }

  /** The totals as sentences, one a line; what is zero is not mentioned. */
  sentences(incidents: number, stats: CorrelatorStats): string[] {
    const parsers = [...this.#parsers].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${name} ${n}`);
    const span =
      this.#attempts === 0
        ? ''
        : `, ${new Date(this.#firstMs).toISOString()} to ${new Date(this.#lastMs).toISOString()}`;
    // What is counted comes first, in the plural: `lines cut ...`.
    const of = (n: number, what: string) =>
      n === 0 ? [] : [`${n} ${n === 1 ? what.replace(/^(malformed )?(\w+)s\b/, '$1$2') : what}`];
    return [
      `${plural(this.lines, 'line')}${span}`,
      ...of(this.#passedOver, 'of them passed over, since they name no watched host and port'),
      `${plural(this.#attempts, 'attempt')} (${parsers.join(', ') || 'none'}), ${this.#hits} on watched hosts and ports, ${plural(incidents, 'incident')}`,
      ...of(this.#unknown, 'lines of no known format'),
      ...of(this.#malformed, 'malformed lines'),
      ...of(this.#ignored, 'lines about something else'),
      ...of(this.#truncated, 'lines cut at the size limit'),
      ...of(this.#lost, 'messages lost at the devices, by their own notices'),
      ...of(
        this.#noVerdict,
        `lines without a verdict, not counted; say what their prefix means under \`prefixes\`: ${[...this.#prefixes].join(', ')}`,
      ),
      ...of(stats.evictedKeys, 'keys forgotten early, memory was short'),
      ...of(stats.releasedEarly, 'hits judged early, memory was short'),
      ...of(stats.closedEarly, 'incidents closed early, memory was short'),
    ];
  }
}
