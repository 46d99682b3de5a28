import { DueQueue } from '../lib/due-queue.ts';
import type { Hit } from '../types.ts';

/** A hit and the stream's clock at its arrival. */
interface Held {
  readonly hit: Hit;
  readonly clockMs: number;
  isReleased: boolean;
}

/** Takes a hit that was released, with the stream's clock at its arrival. */
export type TakeHit = (hit: Hit, arrivedMs: number) => void;

/**
 * Puts hits back into event-time order. Each hit is held for `latenessMs` of the stream's clock (receipt time when live,
 * the newest event time when replaying), then released oldest first. Two hits that arrive within that time of each other
 * leave in event-time order, however late both are, so that live, delayed and replayed logs are seen alike.
 */
export class ReorderBuffer {
  readonly #latenessMs: number;
  readonly #maxHeld: number;
  /** Held hits that are no older than all before them, as nearly all are: so in order already. `#orderedHead` avoids shifting. */
  #ordered: Held[] = [];
  #orderedHead = 0;
  /** The others, each older than the last of `#ordered`, which leaves behind them. */
  readonly #late = new DueQueue<Held>();
  /** The same in arrival order, with some that have left; `#arrivalHead` avoids shifting. */
  #arrivals: Held[] = [];
  #arrivalHead = 0;
  #forced = 0;

  constructor(latenessMs: number, maxHeld = 65_536) {
    this.#latenessMs = latenessMs;
    this.#maxHeld = maxHeld;
  }

  /** Hits released before their time because the buffer was full. */
  get forced(): number {
    return this.#forced;
  }

  get size(): number {
    return this.#ordered.length - this.#orderedHead + this.#late.size;
  }

  /** The clock at which the next hit leaves, if no more come; Infinity when none is held. */
  get nextMs(): number {
    const next = this.#arrivals[this.#arrivalHead];
    return next === undefined ? Number.POSITIVE_INFINITY : next.clockMs + this.#latenessMs;
  }

  /** Hits that are held now, in order of arrival. */
  held(): readonly { readonly hit: Hit; readonly clockMs: number }[] {
    return this.#arrivals.slice(this.#arrivalHead).filter(({ isReleased }) => !isReleased);
  }

  push(hit: Hit, clockMs: number): void {
    const held: Held = { hit, clockMs, isReleased: false };
    const { atMs } = hit.attempt;
    const isLate = this.#orderedHead < this.#ordered.length && this.#ordered.at(-1)!.hit.attempt.atMs > atMs;
    if (isLate) this.#late.push(atMs, held);
    else this.#ordered.push(held);
    this.#arrivals.push(held);
  }

  /** Hands over, oldest first, every hit whose holding time is over at `clockMs`. */
  release(clockMs: number, take: TakeHit): void {
    const dueMs = clockMs - this.#latenessMs;
    let upToMs = Number.NEGATIVE_INFINITY;
    while (this.#arrivalHead < this.#arrivals.length) {
      const arrival = this.#arrivals[this.#arrivalHead]!;
      const overfull = this.#arrivals.length - this.#arrivalHead > this.#maxHeld;
      if (arrival.clockMs > dueMs && !overfull) break;
      if (arrival.clockMs > dueMs) this.#forced++;
      if (arrival.hit.attempt.atMs > upToMs) upToMs = arrival.hit.attempt.atMs;
      this.#arrivalHead++;
    }
    for (let held = this.#next(upToMs); held !== undefined; held = this.#next(upToMs)) {
      held.isReleased = true;
      take(held.hit, held.clockMs);
    }
    this.#compact();
  }

  /** Hands over everything, oldest first: the stream has ended. */
  flush(take: TakeHit): void {
    this.release(Number.POSITIVE_INFINITY, take);
  }

  /** Takes out the oldest hit up to a time; of those of one time the ordered ones came first. */
  #next(upToMs: number): Held | undefined {
    const ordered = this.#ordered[this.#orderedHead];
    const orderedMs = ordered?.hit.attempt.atMs ?? Number.POSITIVE_INFINITY;
    if (this.#late.nextMs < orderedMs) return this.#late.popDue(upToMs);
    if (ordered === undefined || orderedMs > upToMs) return undefined;
    this.#orderedHead++;
    return ordered;
  }

  #compact(): void {
    if (this.#orderedHead > 1024 && this.#orderedHead * 2 > this.#ordered.length) {
      this.#ordered = this.#ordered.slice(this.#orderedHead);
      this.#orderedHead = 0;
    }
    if (this.#arrivalHead > 1024 && this.#arrivalHead * 2 > this.#arrivals.length) {
      this.#arrivals = this.#arrivals.slice(this.#arrivalHead);
      this.#arrivalHead = 0;
    }
  }
}
