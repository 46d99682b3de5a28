/** Items with a due time, earliest first: a binary heap (TAOCP 5.2.3). */
export class DueQueue<Item> {
  readonly #times: number[] = [];
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The earliest due time, or Infinity when empty. */
  get nextMs(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(dueMs: number, item: Item): void {
    let i = this.#items.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#times[parent]! <= dueMs) break;
      this.#times[i] = this.#times[parent]!;
      this.#items[i] = this.#items[parent]!;
      i = parent;
    }
    this.#times[i] = dueMs;
    this.#items[i] = item;
  }

  /** Removes and returns the earliest item if its time is before `nowMs`; at exactly `nowMs` too. */
  popDue(nowMs: number): Item | undefined {
    if (this.#items.length === 0 || this.#times[0]! > nowMs) return undefined;
    const first = this.#items[0]!;
    const time = this.#times.pop()!;
    const item = this.#items.pop()!;
    if (this.#items.length > 0) this.#sink(time, item);
    return first;
  }

  #sink(time: number, item: Item): void {
    const { length } = this.#items;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#times[child + 1]! < this.#times[child]!) child++;
      if (this.#times[child]! >= time) break;
      this.#times[i] = this.#times[child]!;
      this.#items[i] = this.#items[child]!;
      i = child;
    }
    this.#times[i] = time;
    this.#items[i] = item;
  }
}
