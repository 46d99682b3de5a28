import type { Command } from 'commander';
import { visible } from '../lib/escape.ts';
import { plural } from '../notify/words.ts';
import type { Problem } from '../rule.ts';
import { loadRules } from '../rules/load.ts';
import { inOrder, loadedConfig } from './config-option.ts';
import { CliError, EXIT_USAGE, type Io, writeJson } from './io.ts';
import { printProblem } from './print-problem.ts';
import { withStartProblems } from './start-problems.ts';

/** `knockwatch check`: are the configuration and the rules right? Starts nothing. */
export function registerCheck(program: Command, io: Io): void {
  program
    .command('check')
    .description('check the configuration and the rules, and say what is wrong and where')
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .option('--json', 'one JSON object per problem')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch check\n  knockwatch check --rules rules/office.yaml --json',
    )
    .action(async (options: { rules?: string; json?: boolean }, command: Command) => {
      const loaded = loadedConfig(io, command);
      const { problems, text } = await withStartProblems(loaded);
      tell(io, inOrder(problems), () => text, options.json);
      // Settings that are wrong for the daemon alone still say where the rules are.
      if (loaded.config === undefined)
        throw new CliError(EXIT_USAGE, options.json ? '' : 'the configuration can not be used');
      const path = options.rules ?? loaded.config.rules;
      const channels = loaded.config.channels.map(({ name }) => name);
      const rules = await loadRules(path, { channels });
      tell(io, rules.problems, ({ position }) => rules.sources.get(position.file), options.json);
      if (rules.ruleSet === undefined || problems.length > 0) throw new CliError(EXIT_USAGE);
      const { rules: all, ignores, files } = rules.ruleSet;
      if (options.json) return;
      const from = files.length === 1 ? files[0]! : path;
      io.stdout.write(
        `${visible(`ok: ${plural(all.length, 'rule')} and ${plural(ignores.length, 'ignore')} in ${plural(files.length, 'file')} (${from})`, 1_000)}\n`,
      );
    });
}

function tell(
  io: Io,
  problems: readonly Problem[],
  textOf: (problem: Problem) => string | undefined,
  json: boolean | undefined,
): void {
  for (const problem of problems) {
    const { position, ...rest } = problem;
    if (json) writeJson(io, { ...position, ...rest });
    else printProblem(io, problem, textOf(problem));
  }
}
