import { visible } from '../lib/escape.ts';
import { withoutSecrets } from '../lib/secrets.ts';
import type { Problem } from '../rule.ts';

/** Widest part of a source line shown. */
const MAX_WIDTH = 100;

/**
 * A problem for a terminal: `file:line:column: error: what is wrong`, which editors can follow, and with the
 * file's text the line it stands on and a caret under the place. Secrets are starred out: what is printed ends in logs.
 */
export function formatProblem(problem: Problem, sourceText?: string): string {
  const { file, line, column } = problem.position;
  const headline = `${visible(file)}:${line}:${column}: ${problem.level}: ${visible(problem.message)}`;
  const source = sourceText?.split(/\r\n|\n|\r/)[line - 1];
  if (source === undefined || source.trim() === '') return headline;

  // Long lines are shown from a little before the place; every character takes one column.
  const from = column > MAX_WIDTH - 20 ? column - 40 : 0;
  const shown = plain(withoutSecrets(source).slice(from, from + MAX_WIDTH));
  const margin = String(line);
  return [
    headline,
    `  ${margin} | ${shown}`,
    `  ${' '.repeat(margin.length)} | ${' '.repeat(Math.max(0, column - 1 - from))}^`,
  ].join('\n');
}

/** The text with one column a character: what `visible` would escape becomes a single `?`, so the caret stays right. */
function plain(text: string): string {
  return Array.from(text.replaceAll('\t', ' '), (char) => (visible(char) === char ? char : '?')).join('');
}
