import type { Command } from 'commander';
import { plural } from '../notify/words.ts';
import { loadRules } from '../rules/load.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_USAGE, type Io, writeJson } from './io.ts';
import { printProblems } from './rules-option.ts';

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
      const config = await configOrFail(io, command);
      const loaded = await loadRules(options.rules ?? config.rules, {
        channels: config.channels.map(({ name }) => name),
      });
      if (options.json)
        for (const { position, ...rest } of loaded.problems) writeJson(io, { ...position, ...rest });
      else printProblems(io, loaded);
      if (loaded.ruleSet === undefined) throw new CliError(EXIT_USAGE);
      const { rules, ignores, files } = loaded.ruleSet;
      if (!options.json)
        io.stdout.write(
          `ok: ${plural(rules.length, 'rule')} and ${plural(ignores.length, 'ignore')} in ${plural(files.length, 'file')}\n`,
        );
    });
}
