/**
 * Milliseconds of work a call costs: the best of three, each by the processor's time or by the clock, whichever is less. A busy
 * machine makes the clock late and threads beside us (the compiler, the collector) make the processor's time long; code
 * that is slow makes both so, every time.
 */
export function costMs(work: () => unknown): number {
  return Math.min(...[1, 2, 3].map(() => onceMs(work)));
}

function onceMs(work: () => unknown): number {
  const clock = performance.now();
  const processor = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(processor);
  return Math.min(performance.now() - clock, (user + system) / 1_000);
}
