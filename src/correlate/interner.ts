/** Small numbers for repeated values, so that flat tables can refer to them. Bounded: `intern` gives -1 when full. */
export class Interner<Value> {
  readonly #ids = new Map<string, number>();
  readonly #values: Value[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  intern(key: string, make: () => Value): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#values.length >= this.#max) return -1;
    this.#ids.set(key, this.#values.length);
    return this.#values.push(make()) - 1;
  }

  get(id: number): Value | undefined {
    return this.#values[id];
  }
}
