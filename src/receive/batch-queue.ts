import type { FrameSink } from './receiver.ts';
import { BATCH_BYTES, readBatch, type SharedCounters } from './udp-batch.ts';

/**
 * Batches on their way to the sink, one batch's worth of bytes a turn of the event loop: Node hands over every waiting
 * message of a thread in one go, and a full backlog delivered like that would stall everything else for seconds.
 */
export class BatchQueue {
  readonly #counters: SharedCounters;
  readonly #sink: FrameSink;
  #waiting: ArrayBuffer[] = [];
  #scheduled = false;
  #onEmpty: (() => void)[] = [];

  constructor(counters: SharedCounters, sink: FrameSink) {
    this.#counters = counters;
    this.#sink = sink;
  }

  push(batch: ArrayBuffer): void {
    this.#waiting.push(batch);
    this.#schedule();
  }

  /** Resolves once everything pushed so far has reached the sink. */
  emptied(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#deliverSome());
  }

  #deliverSome(): void {
    this.#scheduled = false;
    let delivered = 0;
    let count = 0;
    for (const batch of this.#waiting) {
      if (delivered >= BATCH_BYTES) break;
      readBatch(batch, this.#sink);
      this.#counters.add('pendingBytes', -batch.byteLength);
      delivered += batch.byteLength;
      count++;
    }
    this.#waiting.splice(0, count);
    if (this.#waiting.length > 0) this.#schedule();
    else for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}
