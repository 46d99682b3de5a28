import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { formatProblem } from '../rules/format-problem.ts';
import { CliError, EXIT_USAGE, type Io, paint } from './io.ts';

/** Reads the configuration `--config` names (a global option), or the one that is found; problems end the verb with exit code 2. */
export async function configOrFail(io: Io, command: Command): Promise<Config> {
  const { config: named } = command.optsWithGlobals<{ config?: string }>();
  const { config, problems, text } = loadConfig(named, io.env);
  for (const problem of problems)
    io.stderr.write(`${paint(io, 'stderr', 'red', formatProblem(problem, text))}\n`);
  if (config === undefined) throw new CliError(EXIT_USAGE, 'the configuration can not be used');
  return config;
}
