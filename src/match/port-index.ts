import type { PortRange, PortSet } from '../rule.ts';

/** A run of ports and who asked for it. */
interface Interval {
  readonly from: number;
  readonly to: number;
  readonly transport: string | undefined;
  readonly id: number;
}

/**
 * Which of many port sets hold a port: an interval tree, so a look-up costs the logarithm of the number of ranges
 * plus what it finds, and memory stays proportional to the ranges however they overlap.
 */
export class PortIndex {
  /** Sorted by `from`; the middle of every run is its root. */
  readonly #intervals: readonly Interval[];
  /** Largest `to` in the run whose root stands here. */
  readonly #reach: Int32Array;
  /** Sets that hold every port, and attempts without one. */
  readonly #any: readonly number[];

  constructor(sets: Iterable<readonly [id: number, ports: PortSet]>) {
    const any: number[] = [];
    const intervals: Interval[] = [];
    for (const [id, ports] of sets)
      if (ports.any) any.push(id);
      else for (const { from, to, transport } of ports.ranges) intervals.push({ from, to, transport, id });
    this.#any = any;
    this.#intervals = intervals.sort((a, b) => a.from - b.from);
    this.#reach = new Int32Array(intervals.length);
    this.#measure(0, intervals.length);
  }

  /**
   * Calls `found` for every set that holds the port (-1: the attempt has none), possibly more than once for a set
   * whose ranges overlap. A transport the line did not state could be any.
   */
  find(port: number, transport: string | undefined, found: (id: number) => void): void {
    for (const id of this.#any) found(id);
    if (port >= 0) this.#search(0, this.#intervals.length, port, transport, found);
  }

  #measure(start: number, end: number): number {
    if (start >= end) return -1;
    const middle = (start + end) >>> 1;
    const sides = Math.max(this.#measure(start, middle), this.#measure(middle + 1, end));
    this.#reach[middle] = Math.max(this.#intervals[middle]!.to, sides);
    return this.#reach[middle]!;
  }

  #search(
    start: number,
    end: number,
    port: number,
    transport: string | undefined,
    found: (id: number) => void,
  ): void {
    if (start >= end) return;
    const middle = (start + end) >>> 1;
    if (this.#reach[middle]! < port) return;
    this.#search(start, middle, port, transport, found);
    const interval = this.#intervals[middle]!;
    if (interval.from > port) return;
    if (holdsPort(interval, port, transport)) found(interval.id);
    this.#search(middle + 1, end, port, transport, found);
  }
}

/** Whether a range holds a port of a transport; an absent transport on either side means any. */
export function holdsPort(
  range: Pick<PortRange, 'from' | 'to'> & { transport?: string | undefined },
  port: number,
  transport: string | undefined,
): boolean {
  if (port < range.from || port > range.to) return false;
  return range.transport === undefined || transport === undefined || range.transport === transport;
}
