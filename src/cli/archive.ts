import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { visible } from '../lib/escape.ts';
import { plural } from '../notify/words.ts';
import { exportArchive } from '../store/archive-export.ts';
import { verifyArchive } from '../store/archive-verify.ts';
import { knownHead } from '../store/notes.ts';
import { archiveDirectory, storePath } from '../store/places.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io, paint, writeJson } from './io.ts';
import { withStore } from './open-store.ts';

function day(text: string): string {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text))
    throw new InvalidArgumentError('write a day (UTC) like 2026-11-23.');
  return text;
}

interface Period {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

function refuseReversed(from: string | undefined, to: string | undefined): void {
  if (from !== undefined && to !== undefined && from > to)
    throw new CliError(EXIT_USAGE, `--from ${from} is after --to ${to}: swap them`);
}

function whyNotWritten(file: string, { code, path, message }: NodeJS.ErrnoException): string {
  if (path !== file) return message;
  if (code === 'EEXIST') return `${file} exists already, and nothing is written over it: name another file`;
  return code === 'ENOENT' ? `${file}: there is no such directory` : message;
}

const today = () => new Date().toISOString().slice(0, 10);

/** `knockwatch archive export|verify`: hand evidence on, and prove that it is what was received. */
export function registerArchive(program: Command, io: Io): void {
  const archive = program
    .command('archive')
    .description('export archived lines with checksums, or prove that nothing was changed')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch archive verify\n  knockwatch archive export --from 2026-11-01 --to 2026-11-07 case-17.tar',
    );
  const from = new Option('--from <day>', 'first day, UTC (default: the oldest)').argParser(day);
  const to = new Option('--to <day>', 'last day, UTC (default: today)').argParser(day);
  archive
    .command('export')
    .description('write the files of a period, with checksums and a note on how to check them, into a tar')
    .argument('<file.tar>', 'made readable by its owner only; must not exist')
    .addOption(from)
    .addOption(to)
    .option('--json', 'what was written, as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch archive export --from 2026-11-01 --to 2026-11-07 case-17.tar',
    )
    .action(async (file: string, options: Period, command: Command) => {
      const { stateDir } = await configOrFail(io, command);
      const { from = '0000-00-00', to = today() } = options;
      refuseReversed(options.from, options.to);
      const written = await exportArchive(archiveDirectory(stateDir), from, to, file).catch(
        (error: NodeJS.ErrnoException) => {
          throw new CliError(EXIT_FAILURE, visible(whyNotWritten(file, error), 400));
        },
      );
      if (options.json) writeJson(io, { file, ...written });
      else
        io.stdout.write(
          `${file}: ${plural(written.members.length, 'file')}, ${written.bytes} bytes, SHA-256 ${written.sha256}\n`,
        );
    });
  archive
    .command('verify')
    .description('prove the chain of digests of the archive, or of the directory an export was unpacked into')
    .argument('[directory]', "default: the daemon's own archive, whose newest record the store knows")
    .addOption(from)
    .addOption(to)
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch archive verify\n  knockwatch archive verify unpacked/\nExit code 1 when a record is missing or changed.',
    )
    .action(async (directory: string | undefined, options: Period, command: Command) => {
      await verify(io, command, directory, options);
    });
}

async function verify(
  io: Io,
  command: Command,
  directory: string | undefined,
  { from, to, json }: Period,
): Promise<void> {
  refuseReversed(from, to);
  const { stateDir } = await configOrFail(io, command);
  if (directory !== undefined && !existsSync(directory))
    throw new CliError(EXIT_FAILURE, `there is no directory ${directory}`);
  // The store says up to where the chain must go; in an export or a period it may end before.
  const isWhole = directory === undefined && to === undefined && existsSync(storePath(stateDir));
  const head = isWhole ? await withStore(io, stateDir, knownHead) : undefined;
  const path = directory ?? archiveDirectory(stateDir);
  const { files, records, first, last, broken, brokenCount } = await verifyArchive(path, from, to, head);
  if (json) {
    const ends = [first, last].map((record) =>
      record === undefined
        ? undefined
        : { seq: record.seq, receivedAt: record.receivedAt, sha256: record.sha256 },
    );
    writeJson(io, { files, records, first: ends[0], last: ends[1], broken, brokenCount });
  } else {
    for (const { file, line, seq, because } of broken) {
      const where = `${file}${line === undefined ? '' : `:${line}`}${seq === undefined ? '' : ` (record ${seq})`}`;
      io.stderr.write(`${paint(io, 'stderr', 'red', visible(`${where}: ${because}`))}\n`);
    }
    const span =
      first === undefined || last === undefined
        ? ''
        : `, ${first.receivedAt} to ${last.receivedAt}, records ${first.seq} to ${last.seq}`;
    io.stdout.write(`${plural(records, 'sound record')} in ${plural(files.length, 'file')}${span}\n`);
    if (last !== undefined) io.stdout.write(`newest digest ${last.sha256}\n`);
  }
  if (brokenCount > 0)
    throw new CliError(
      EXIT_FAILURE,
      `${brokenCount} ${brokenCount === 1 ? 'place is not as it was' : 'places are not as they were'} written`,
    );
}
