import type { Problem } from '../rule.ts';
import { formatProblem } from '../rules/format-problem.ts';
import { type Io, paint } from './io.ts';

/** A problem as people read it, on stderr; with its file's text, the line it stands on. */
export function printProblem(io: Io, problem: Problem, text: string | undefined): void {
  const colour = problem.level === 'error' ? 'red' : 'yellow';
  io.stderr.write(`${paint(io, 'stderr', colour, formatProblem(problem, text))}\n`);
}
