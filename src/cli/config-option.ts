import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import type { Problem } from '../rule.ts';
import { CliError, EXIT_USAGE, type Io } from './io.ts';
import { printProblem } from './print-problem.ts';

/** Reads the configuration `--config` names (a global option), or the one that is found; problems end the verb with exit code 2. */
export async function configOrFail(io: Io, command: Command): Promise<Config> {
  return configIn(io, loadedConfig(io, command));
}

/** The configuration `--config` names, or the one that is found, and what is wrong with it. */
export function loadedConfig(io: Io, command: Command): LoadedConfig {
  return loadConfig(command.optsWithGlobals<{ config?: string }>().config, io.env);
}

/** Prints what is wrong with a configuration; ends the verb with exit code 2 when it can not be used. */
export function configIn(io: Io, { config, problems, text }: LoadedConfig): Config {
  for (const problem of inOrder(problems)) printProblem(io, problem, text);
  if (config === undefined) throw new CliError(EXIT_USAGE, 'the configuration can not be used');
  return config;
}

/** Problems of one file in the order of its lines. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(({ position: a }, { position: b }) => a.line - b.line || a.column - b.column);
}
