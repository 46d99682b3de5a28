import type { Rule } from '../rule.ts';
import type { Attempt } from '../types.ts';

/** Whether an attempt comes from one of the patterns a rule watches; a rule that names none takes all attempts. */
export function isFromPattern({ patterns }: Rule, attempt: Attempt): boolean {
  return patterns === undefined || (attempt.parser === 'pattern' && patterns.includes(attempt.rule ?? ''));
}
