/** A clock that moves only when told to, and rings what was set on the way (src/notify/timers.ts). */
export class JumpingClock {
  startMs;
  #nowMs;
  #alarms = new Set();

  constructor(startMs) {
    this.startMs = startMs;
    this.#nowMs = startMs;
  }

  now() {
    return this.#nowMs;
  }

  after(ms, call) {
    const alarm = { atMs: this.#nowMs + ms, call };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Moves on, rings what is due in order, and lets what follows from it happen. */
  async advance(ms) {
    const endMs = this.#nowMs + ms;
    await turn();
    for (;;) {
      let next;
      for (const alarm of this.#alarms) {
        if (alarm.atMs <= endMs && (next === undefined || alarm.atMs < next.atMs)) next = alarm;
      }
      if (next === undefined) break;
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.call();
      await turn();
    }
    this.#nowMs = endMs;
  }
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}
