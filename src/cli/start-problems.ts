import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { startFaults } from '../daemon/start-faults.ts';
import type { Problem } from '../rule.ts';
import { configIn, loadedConfig } from './config-option.ts';
import type { Io } from './io.ts';

/** Reads the configuration for a verb that starts the daemon: what it can not start with is a problem too, exit code 2. */
export async function runnableConfigOrFail(io: Io, command: Command): Promise<Config> {
  return configIn(io, await withStartProblems(loadedConfig(io, command)));
}

/** Adds what the daemon can not start with to what is wrong with a configuration. */
export async function withStartProblems(loaded: LoadedConfig): Promise<LoadedConfig> {
  const { config, locate } = loaded;
  if (config === undefined) return loaded;
  const problems = (await startFaults(config)).map(
    ({ path, message }): Problem => ({ position: locate(path), message, level: 'error' }),
  );
  if (problems.length === 0) return loaded;
  const { config: _, ...rest } = loaded;
  return { ...rest, problems: [...loaded.problems, ...problems] };
}
