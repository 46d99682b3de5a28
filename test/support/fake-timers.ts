import type { Timers } from '../../src/notify/timers.ts';

/** A clock that moves only when told to. */
export class FakeTimers implements Timers {
  #nowMs: number;
  #alarms: { readonly atMs: number; readonly call: () => void }[] = [];

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, call: () => void): () => void {
    const alarm = { atMs: this.#nowMs + ms, call };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** Alarms set and neither rung nor cancelled. */
  get pending(): number {
    return this.#alarms.length;
  }

  /** Moves the clock, rings what is due on the way in order, and lets everything that follows from it happen. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#alarms.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.call();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** Lets promises that wait for nothing but each other resolve. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
