/** More values than these are not all tried; a table must fit a screen. */
const MAX_STEPS = 12;

/** Round steps, as people choose them: 1 2 5 10 20 50 ... */
function roundNumbers(from: number, to: number): number[] {
  const steps: number[] = [];
  for (let power = 1; power <= to; power *= 10) for (const digit of [1, 2, 5]) steps.push(digit * power);
  return steps.filter((step) => step > from && step < to);
}

/** Spans of time people choose, in milliseconds. */
const SPANS = [
  1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800,
  604_800,
].map((seconds) => seconds * 1_000);

/** Whole numbers to try between two, both included: all of them when they are few, else round ones. */
export function numberSteps(from: number, to: number): number[] {
  if (to - from < MAX_STEPS) return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return [from, ...roundNumbers(from, to), to];
}

/** Spans of time to try between two (milliseconds), both included. */
export function spanSteps(fromMs: number, toMs: number): number[] {
  return [...new Set([fromMs, ...SPANS.filter((span) => span > fromMs && span < toMs), toMs])];
}
