import type { Hit } from '../types.ts';

/**
 * The hits of one key within the last `withinMs`, and how many distinct values they have. Exact: a window of W holds hits
 * with `t > now - W`, `now` being the newest event time seen. Bounded: past `2 * holds` hits it is thinned to `holds`, of
 * which repeats of a value that is already in the window are given up first, then the oldest. So it is exact up to `holds`.
 */
export class SlidingWindow<Value> {
  #hits: Hit[] = [];
  #values: Value[] = [];
  readonly #occurrences = new Map<Value, number>();
  readonly #withinMs: number;
  readonly #holds: number;
  #attempts = 0;
  newestMs = Number.NEGATIVE_INFINITY;
  /** True once the condition was met and its hits were handed over, until the window runs empty. */
  met = false;

  constructor(withinMs: number, holds: number) {
    this.#withinMs = withinMs;
    this.#holds = holds;
  }

  get distinct(): number {
    return this.#occurrences.size;
  }

  get length(): number {
    return this.#hits.length;
  }

  /** Attempts by the devices' own counts: a line may stand for several. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Oldest first; a view, not to be kept. */
  get hits(): readonly Hit[] {
    return this.#hits;
  }

  has(value: Value): boolean {
    return this.#occurrences.has(value);
  }

  add(hit: Hit, value: Value): void {
    const atMs = hit.attempt.atMs;
    if (atMs > this.newestMs) this.newestMs = atMs;
    this.expire(this.newestMs);
    if (atMs <= this.newestMs - this.#withinMs) return;
    let i = this.#hits.length;
    while (i > 0 && this.#hits[i - 1]!.attempt.atMs > atMs) i--;
    this.#hits.splice(i, 0, hit);
    this.#values.splice(i, 0, value);
    this.#occurrences.set(value, (this.#occurrences.get(value) ?? 0) + 1);
    this.#attempts += hit.attempt.count;
    if (this.#hits.length > 2 * this.#holds) this.#thin();
  }

  /** Drops hits with `t <= now - W`. */
  expire(nowMs: number): void {
    const horizonMs = nowMs - this.#withinMs;
    let gone = 0;
    while (gone < this.#hits.length && this.#hits[gone]!.attempt.atMs <= horizonMs) {
      this.#forget(this.#hits[gone]!, this.#values[gone]!);
      gone++;
    }
    if (gone === 0) return;
    this.#hits.splice(0, gone);
    this.#values.splice(0, gone);
    if (this.#hits.length === 0) this.met = false;
  }

  /** Drops hits that happened after `nowMs`: the clock was set back. */
  setBack(nowMs: number): void {
    while (this.#hits.length > 0 && this.#hits[this.#hits.length - 1]!.attempt.atMs > nowMs) {
      this.#forget(this.#hits.pop()!, this.#values.pop()!);
    }
    this.newestMs = Math.min(this.newestMs, nowMs);
    if (this.#hits.length === 0) this.met = false;
  }

  #forget(hit: Hit, value: Value): void {
    this.#attempts -= hit.attempt.count;
    const left = this.#occurrences.get(value)! - 1;
    if (left === 0) this.#occurrences.delete(value);
    else this.#occurrences.set(value, left);
  }

  /** Halves the window: keeps the newest hit of as many values as fit, then as many of the newest others. */
  #thin(): void {
    const seen = new Set<Value>();
    const keep = new Array<boolean>(this.#hits.length).fill(false);
    let kept = 0;
    for (let i = this.#hits.length - 1; i >= 0 && kept < this.#holds; i--) {
      if (seen.has(this.#values[i]!)) continue;
      seen.add(this.#values[i]!);
      keep[i] = true;
      kept++;
    }
    for (let i = this.#hits.length - 1; i >= 0 && kept < this.#holds; i--) {
      if (keep[i]) continue;
      keep[i] = true;
      kept++;
    }
    for (let i = 0; i < keep.length; i++) if (!keep[i]) this.#forget(this.#hits[i]!, this.#values[i]!);
    this.#hits = this.#hits.filter((_, i) => keep[i]);
    this.#values = this.#values.filter((_, i) => keep[i]);
  }
}

/** Attempts in a window by the devices' own counts. */
export function attemptsIn(window: SlidingWindow<string | number>): number {
  return window.attempts;
}
