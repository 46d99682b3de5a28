import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { visible } from '../lib/escape.ts';
import { importSwatch } from '../rules/import-swatch.ts';
import { CliError, EXIT_FAILURE, type Io, paint } from './io.ts';

const MAX_BYTES = 1 << 20;

/** `knockwatch import swatch FILE`: a rule file on standard output, and on standard error what was not translated. */
export function registerImport(program: Command, io: Io): void {
  const group = program
    .command('import')
    .description('translate the configuration of another program to rules')
    .addHelpText('after', '\nExample:\n  knockwatch import swatch ~/.swatchrc > rules/swatch.yaml');
  group
    .command('swatch')
    .description(
      'translate a swatchrc (swatch 3, swatchdog) to patterns and rules, and say what it could not',
    )
    .argument('<file>', 'the swatchrc')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch import swatch ~/.swatchrc > rules/swatch.yaml\n  knockwatch check --rules rules/swatch.yaml',
    )
    .action((file: string) => {
      const { notes, patterns, yaml } = importSwatch(read(file), basename(file));
      for (const { line, message } of notes)
        io.stderr.write(`${paint(io, 'stderr', 'yellow', visible(`${file}:${line}: ${message}`))}\n`);
      io.stdout.write(yaml);
      if (patterns === 0) throw new CliError(EXIT_FAILURE, `nothing in ${file} could be translated`);
    });
}

function read(file: string): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new CliError(EXIT_FAILURE, `${file}: there is no such file`);
  if (size > MAX_BYTES) throw new CliError(EXIT_FAILURE, `${file}: larger than ${MAX_BYTES} bytes`);
  return readFileSync(file, 'utf8');
}
