import type { ReceiverStats } from './receiver.ts';

/** The counters behind `Receiver.stats()`. */
export class Counters {
  #frames = 0;
  #bytes = 0;
  readonly #drops = new Map<string, number>();

  frame(bytes: number): void {
    this.frames(1, bytes);
  }

  frames(count: number, bytes: number): void {
    this.#frames += count;
    this.#bytes += bytes;
  }

  drop(reason: string, count = 1): void {
    if (count > 0) this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + count);
  }

  /** A copy, with drops that are counted elsewhere (the kernel, a worker) added; zeros are left out. */
  snapshot(counted: Iterable<readonly [reason: string, count: number]> = []): ReceiverStats {
    const drops = new Map(this.#drops);
    for (const [reason, count] of counted) {
      if (count > 0) drops.set(reason, (drops.get(reason) ?? 0) + count);
    }
    return { frames: this.#frames, bytes: this.#bytes, drops };
  }
}
