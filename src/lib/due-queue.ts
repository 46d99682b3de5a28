/** Items with a due time, earliest first, those of one time as they came: a binary heap (TAOCP 5.2.3). */
export class DueQueue<Item> {
  readonly #times: number[] = [];
  /** Which item it was, counted from the first. */
  readonly #arrivals: number[] = [];
  readonly #items: Item[] = [];
  #arrived = 0;

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
      this.#move(parent, i);
      i = parent;
    }
    this.#put(i, dueMs, this.#arrived++, item);
  }

  /** Removes and returns the earliest item if its time is before `nowMs`; at exactly `nowMs` too. */
  popDue(nowMs: number): Item | undefined {
    if (this.#items.length === 0 || this.#times[0]! > nowMs) return undefined;
    const first = this.#items[0]!;
    const time = this.#times.pop()!;
    const arrival = this.#arrivals.pop()!;
    const item = this.#items.pop()!;
    if (this.#items.length > 0) this.#sink(time, arrival, item);
    return first;
  }

  #sink(time: number, arrival: number, item: Item): void {
    const { length } = this.#items;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#isBefore(child + 1, this.#times[child]!, this.#arrivals[child]!))
        child++;
      if (!this.#isBefore(child, time, arrival)) break;
      this.#move(child, i);
      i = child;
    }
    this.#put(i, time, arrival, item);
  }

  #isBefore(i: number, time: number, arrival: number): boolean {
    return this.#times[i]! < time || (this.#times[i] === time && this.#arrivals[i]! < arrival);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#arrivals[from]!, this.#items[from]!);
  }

  #put(i: number, time: number, arrival: number, item: Item): void {
    this.#times[i] = time;
    this.#arrivals[i] = arrival;
    this.#items[i] = item;
  }
}
