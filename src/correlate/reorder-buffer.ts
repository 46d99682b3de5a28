import type { Hit } from '../types.ts';

/** A hit and the stream's clock at its arrival. */
interface Held {
  readonly hit: Hit;
  readonly clockMs: number;
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
  /** Held hits by event time, oldest first; `#head` avoids shifting. */
  #held: Held[] = [];
  #head = 0;
  /** The same in arrival order. */
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
    return this.#held.length - this.#head;
  }

  /** The clock at which the next hit leaves, if no more come; Infinity when none is held. */
  get nextMs(): number {
    const next = this.#arrivals[this.#arrivalHead];
    return next === undefined ? Number.POSITIVE_INFINITY : next.clockMs + this.#latenessMs;
  }

  /** Hits that are held now, in order of arrival. */
  held(): readonly { readonly hit: Hit; readonly clockMs: number }[] {
    const held = new Set(this.#held.slice(this.#head));
    return this.#arrivals.slice(this.#arrivalHead).filter((arrival) => held.has(arrival));
  }

  push(hit: Hit, clockMs: number): void {
    const atMs = hit.attempt.atMs;
    let i = this.#held.length;
    // Arrivals are nearly sorted: walking back from the end is short.
    while (i > this.#head && this.#held[i - 1]!.hit.attempt.atMs > atMs) i--;
    const held: Held = { hit, clockMs };
    if (i === this.#held.length) this.#held.push(held);
    else this.#held.splice(i, 0, held);
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
    while (this.#head < this.#held.length && this.#held[this.#head]!.hit.attempt.atMs <= upToMs) {
      const held = this.#held[this.#head++]!;
      take(held.hit, held.clockMs);
    }
    this.#compact();
  }

  /** Hands over everything, oldest first: the stream has ended. */
  flush(take: TakeHit): void {
    this.release(Number.POSITIVE_INFINITY, take);
  }

  #compact(): void {
    if (this.#head > 1024 && this.#head * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#head);
      this.#head = 0;
    }
    if (this.#arrivalHead > 1024 && this.#arrivalHead * 2 > this.#arrivals.length) {
      this.#arrivals = this.#arrivals.slice(this.#arrivalHead);
      this.#arrivalHead = 0;
    }
  }
}
