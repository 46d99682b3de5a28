/** A map that holds at most `max` entries; the least recently set one goes first. `evicted` counts those that went. */
export class BoundedMap<Key, Value> {
  readonly #map = new Map<Key, Value>();
  readonly #max: number;
  #evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#map.size;
  }

  get evicted(): number {
    return this.#evicted;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  set(key: Key, value: Value): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#max) return;
    this.#map.delete(this.#map.keys().next().value!);
    this.#evicted++;
  }

  delete(key: Key): boolean {
    return this.#map.delete(key);
  }

  entries(): IterableIterator<[Key, Value]> {
    return this.#map.entries();
  }
}
