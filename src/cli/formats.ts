import type { Command } from 'commander';
import { formats } from '../parse/formats.ts';
import { type Io, paint, writeJson } from './io.ts';

/** `knockwatch formats`: the log formats that are read, each with a sample line. */
export function registerFormats(program: Command, io: Io): void {
  program
    .command('formats')
    .description('list the log formats that are read, with a sample line each')
    .option('--json', 'one JSON object per format')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch formats | less\n  knockwatch formats --json | jq -r .sample | knockwatch parse -\n\nLines nobody reads yet need no code: say how with `patterns` in a rule file, see docs/patterns.md.',
    )
    .action((options: { json?: boolean }) => {
      for (const format of formats) {
        if (options.json) writeJson(io, format);
        else {
          const { parser, products, reads, sample } = format;
          io.stdout.write(`${paint(io, 'stdout', 'bold', parser)}: ${products}\n  ${reads}\n  ${sample}\n\n`);
        }
      }
    });
}
