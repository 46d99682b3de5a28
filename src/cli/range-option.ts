import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { duration } from '../lib/duration-schema.ts';
import { numberSteps, spanSteps } from '../lib/steps.ts';

/** Values somebody asks for: `3`, `2,3,5`, or `2..6` for the steps between. */
function values(
  text: string,
  read: (word: string) => number,
  steps: (from: number, to: number) => number[],
): number[] {
  const [from, to, ...rest] = text.split('..');
  if (to === undefined)
    return [...new Set(text.split(',').map((word) => read(word.trim())))].sort((a, b) => a - b);
  const [low, high] = [read(from!.trim()), read(to.trim())];
  if (rest.length > 0 || low > high)
    throw new InvalidArgumentError('write a range from the smaller to the larger, like 2..6.');
  return steps(low, high);
}

/** Whole numbers from 1: `2..6`, `3`, `2,3,5`. */
export function numberRange(text: string): number[] {
  const read = (word: string) => {
    if (!/^[1-9]\d{0,5}$/.test(word)) throw new InvalidArgumentError('write numbers like 2..6 or 2,3,5.');
    return Number(word);
  };
  return values(text, read, numberSteps);
}

/** Spans of time in milliseconds: `10s..1h`, `60s`, `10s,60s,5m`. */
export function spanRange(text: string): number[] {
  const read = (word: string) => {
    const span = duration().safeParse(word);
    if (!span.success) throw new InvalidArgumentError(`\`${word}\` is ${span.error.issues[0]!.message}.`);
    return span.data;
  };
  return values(text, read, spanSteps);
}

/** A span of time as it is written in a rule file, in the largest unit that divides it. */
export function writeSpan(ms: number): string {
  return z.encode(duration(), ms);
}
