/** Tells when something that repeats is worth a line again: at once the first time, then once an interval. */
export class BurstReport {
  readonly #intervalMs: number;
  #untold = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs = 60_000) {
    this.#intervalMs = intervalMs;
  }

  /** Counts one more; gives how many there were since the last report when it is time to report, else undefined. */
  hit(nowMs: number): number | undefined {
    this.#untold++;
    if (nowMs - this.#toldAtMs < this.#intervalMs) return undefined;
    const count = this.#untold;
    this.#untold = 0;
    this.#toldAtMs = nowMs;
    return count;
  }
}
