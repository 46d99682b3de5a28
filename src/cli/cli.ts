import { Command, CommanderError } from 'commander';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io, paint } from './io.ts';
import { packageVersion } from './version.ts';

type Register = (program: Command, io: Io) => void;

/** Every verb, in the order of `--help`. One is loaded when it is wanted: all of them together take longer than most runs. */
const VERBS: Readonly<Record<string, () => Promise<Register>>> = {
  init: async () => (await import('./init.ts')).registerInit,
  run: async () => (await import('./run.ts')).registerRun,
  'self-test': async () => (await import('./self-test.ts')).registerSelfTest,
  status: async () => (await import('./status.ts')).registerStatus,
  incidents: async () => (await import('./incidents.ts')).registerIncidents,
  report: async () => (await import('./report.ts')).registerReport,
  outbox: async () => (await import('./outbox.ts')).registerOutbox,
  archive: async () => (await import('./archive.ts')).registerArchive,
  reload: async () => (await import('./reload.ts')).registerReload,
  replay: async () => (await import('./replay.ts')).registerReplay,
  parse: async () => (await import('./parse.ts')).registerParse,
  formats: async () => (await import('./formats.ts')).registerFormats,
  explain: async () => (await import('./explain.ts')).registerExplain,
  check: async () => (await import('./check.ts')).registerCheck,
  test: async () => (await import('./test.ts')).registerTest,
  tune: async () => (await import('./tune.ts')).registerTune,
  router: async () => (await import('./router.ts')).registerRouter,
  verify: async () => (await import('./verify.ts')).registerVerify,
  schema: async () => (await import('./schema.ts')).registerSchema,
  import: async () => (await import('./import-swatch.ts')).registerImport,
  version: async () => (await import('./version.ts')).registerVersion,
};

/** The verbs a command line may be about; without a word that is one, all of them, for help, completion and good advice. */
function verbsIn(args: readonly string[]): string[] {
  const all = Object.keys(VERBS);
  const named = all.filter((verb) => args.includes(verb));
  const wantsAll = named.length === 0 || args[0] === 'complete' || args[0] === 'help';
  return wantsAll ? all : named;
}

/** The whole command line with all verbs, or with those that `args` name; the man page is written from it. */
export async function createProgram(io: Io, args: readonly string[] = []): Promise<Command> {
  const program = new Command('knockwatch')
    .description(
      'Watches router and firewall logs for people knocking on the door, and sends one mail that is right.',
    )
    .option(
      '-c, --config <file>',
      "configuration file (default: ./knockwatch.yaml, then the user's, then /etc/knockwatch)",
    )
    .version(`knockwatch ${packageVersion()}`, '-V, --version', 'print the version')
    .showHelpAfterError('(knockwatch --help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .addHelpText('after', '\nExit codes: 0 ok, 1 failure, 2 wrong usage or configuration.');
  const verbs = verbsIn(args);
  for (const verb of verbs) (await VERBS[verb]!())(program, io);
  for (const command of program.commands) {
    command.exitOverride().copyInheritedSettings(program);
    for (const one of [command, ...command.commands]) one.showHelpAfterError(helpHint(one));
  }
  if (verbs.length === Object.keys(VERBS).length) (await import('./complete.ts')).registerComplete(program);
  return program;
}

/** Where to look after a wrong command line. */
function helpHint(command: Command): string {
  const names = [command.name()];
  for (let { parent } = command; parent !== null; { parent } = parent) names.unshift(parent.name());
  return `(${names.join(' ')} --help shows how it is used)`;
}

/** Runs one command line (without node and script name); resolves to the exit code and never rejects. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  try {
    const program = await createProgram(io, args);
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    const { message } = error as Error;
    if (message !== '') io.stderr.write(`${paint(io, 'stderr', 'red', `knockwatch: ${message}`)}\n`);
    return error instanceof CliError ? error.exitCode : EXIT_FAILURE;
  }
}
