/** The clock and the alarm of whoever has to wait; tests bring their own. */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after so many milliseconds; the result cancels. */
  after(ms: number, call: () => void): () => void;
}

/** Longer waits overflow setTimeout, which then fires at once. Whoever waits looks at the clock again anyway. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemTimers: Timers = {
  now: Date.now,
  after(ms, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, ms), LONGEST_MS));
    return () => clearTimeout(timer);
  },
};

/** The result of `work`, or a rejection when it is not there within so many milliseconds. What is late is ignored. */
export async function within<T>(ms: number, timers: Timers, work: () => Promise<T>): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = timers.after(ms, () => reject(new Error('it took too long')));
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    cancel();
  }
}
