/**
 * The most frequent keys of an endless stream in room for `max` of them (Misra and Gries 1982): a count is never too high and
 * at most `error` too low. Takes constant time a key on average, whoever chooses the keys.
 */
export class HeavyHitters<Key> {
  readonly #counts = new Map<Key, number>();
  readonly #max: number;
  #error = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** By how much any count may be too low; 0 while no key had to be forgotten. */
  get error(): number {
    return this.#error;
  }

  add(key: Key): void {
    const count = this.#counts.get(key);
    if (count !== undefined || this.#counts.size < this.#max) this.#counts.set(key, (count ?? 0) + 1);
    else this.#decrement();
  }

  /** The `n` keys with the highest counts, highest first. */
  top(n: number): [key: Key, count: number][] {
    return [...this.#counts].sort((a, b) => b[1] - a[1]).slice(0, n);
  }

  /** Every key gives one up for the key that has no room; each such pass is paid for by the additions before it. */
  #decrement(): void {
    this.#error++;
    for (const [key, count] of this.#counts) {
      if (count === 1) this.#counts.delete(key);
      else this.#counts.set(key, count - 1);
    }
  }
}
