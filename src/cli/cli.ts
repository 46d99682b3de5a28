import { Command, CommanderError } from 'commander';
import { registerCheck } from './check.ts';
import { registerComplete } from './complete.ts';
import { registerExplain } from './explain.ts';
import { registerImport } from './import-swatch.ts';
import { registerInit } from './init.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io, paint } from './io.ts';
import { registerParse } from './parse.ts';
import { registerReload } from './reload.ts';
import { registerReplay } from './replay.ts';
import { registerRouter } from './router.ts';
import { registerRun } from './run.ts';
import { registerSchema } from './schema.ts';
import { registerSelfTest } from './self-test.ts';
import { registerStatus } from './status.ts';
import { registerTest } from './test.ts';
import { registerTune } from './tune.ts';
import { registerVerify } from './verify.ts';
import { registerVersion } from './version.ts';

/** Every verb, in the order of `--help`. */
const VERBS = [
  registerInit,
  registerRun,
  registerSelfTest,
  registerStatus,
  registerReload,
  registerReplay,
  registerParse,
  registerExplain,
  registerCheck,
  registerTest,
  registerTune,
  registerRouter,
  registerVerify,
  registerSchema,
  registerImport,
  registerVersion,
];

/** The whole command line, verbs and all; the man page is written from it. */
export function createProgram(io: Io): Command {
  const program = new Command('knockwatch')
    .description(
      'Watches router and firewall logs for people knocking on the door, and sends one mail that is right.',
    )
    .option(
      '-c, --config <file>',
      "configuration file (default: ./knockwatch.yaml, then the user's, then /etc/knockwatch)",
    )
    .showHelpAfterError('(knockwatch --help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .addHelpText('after', '\nExit codes: 0 ok, 1 failure, 2 wrong usage or configuration.');
  for (const register of VERBS) register(program, io);
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  registerComplete(program);
  return program;
}

/** Runs one command line (without node and script name); resolves to the exit code and never rejects. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    const { message } = error as Error;
    if (message !== '') io.stderr.write(`${paint(io, 'stderr', 'red', `knockwatch: ${message}`)}\n`);
    return error instanceof CliError ? error.exitCode : EXIT_FAILURE;
  }
}
