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
  /** Held hits by event time, then arrival. In order as nearly all come, each costs a comparison or two to put there. */
  readonly #byTime = new DueQueue<Held>();
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
    return this.#byTime.size;
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
    this.#byTime.push(hit.attempt.atMs, held);
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
    for (let held = this.#byTime.popDue(upToMs); held !== undefined; held = this.#byTime.popDue(upToMs)) {
      held.isReleased = true;
      take(held.hit, held.clockMs);
    }
    this.#compact();
  }

  /** Hands over everything, oldest first: the stream has ended. */
  flush(take: TakeHit): void {
    this.release(Number.POSITIVE_INFINITY, take);
  }

  #compact(): void {
    if (this.#arrivalHead > 1024 && this.#arrivalHead * 2 > this.#arrivals.length) {
      this.#arrivals = this.#arrivals.slice(this.#arrivalHead);
      this.#arrivalHead = 0;
    }
  }
}
