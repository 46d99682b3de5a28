import type { Config } from '../config/config.ts';
import type { RuleSet } from '../rule.ts';
import { type LoadedRules, loadRules } from '../rules/load.ts';
import { CliError, EXIT_USAGE, type Io } from './io.ts';
import { printProblem } from './print-problem.ts';

/** Problems as people read them, one after the other, on stderr. */
export function printProblems(
  io: Io,
  { problems, sources }: Pick<LoadedRules, 'problems' | 'sources'>,
): void {
  for (const problem of problems) printProblem(io, problem, sources.get(problem.position.file));
}

/**
 * Loads a rule directory or file; errors are printed and end the verb with exit code 2, warnings are printed. A verb that
 * tells nobody needs no channels.
 */
export async function rulesOrFail(io: Io, path: string, channels?: Config['channels']): Promise<RuleSet> {
  const loaded = await loadRules(path, channels && { channels: channels.map(({ name }) => name) });
  printProblems(io, loaded);
  if (loaded.ruleSet === undefined) throw new CliError(EXIT_USAGE, `the rules in ${path} can not be used`);
  return loaded.ruleSet;
}
