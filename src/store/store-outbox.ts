import { crashPoint } from '../lib/crash-point.ts';
import type { Alert, OutboxEntry, PutResult } from '../types.ts';
import type { Store } from './store.ts';

/**
 * A store's outbox with the asynchronous calls the notifier makes: a promise that is fulfilled stands for a commit. `put` writes
 * the newest state of the alert's incidents in the same transaction.
 */
export class StoreOutbox {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  async put(alert: Alert, channel: string, nowMs: number): Promise<PutResult> {
    crashPoint('before-commit');
    const result = this.#store.accept([], [{ alert, channel }], nowMs)[0]!;
    crashPoint('after-commit');
    return result;
  }

  async due(channel: string, nowMs: number): Promise<OutboxEntry | undefined> {
    return this.#store.due(channel, nowMs);
  }

  async nextDueMs(channel: string): Promise<number | undefined> {
    return this.#store.nextDueMs(channel);
  }

  async delivered(alertId: string, channel: string): Promise<void> {
    crashPoint('before-mark');
    this.#store.delivered(alertId, channel, this.#now());
  }

  async retryAt(alertId: string, channel: string, atMs: number, because: string): Promise<void> {
    this.#store.retryAt(alertId, channel, atMs, because);
  }

  async release(alertId: string, channel: string): Promise<void> {
    this.#store.release(alertId, channel);
  }

  async dead(alertId: string, channel: string, because: string): Promise<void> {
    this.#store.dead(alertId, channel, because);
  }

  async list(channel?: string): Promise<readonly OutboxEntry[]> {
    return this.#store.outbox(channel);
  }

  async deadLetters(): Promise<readonly OutboxEntry[]> {
    return this.#store.deadLetters();
  }
}
