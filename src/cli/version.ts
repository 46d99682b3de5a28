import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { PACKAGE_ROOT } from '../lib/package-root.ts';
import { type Io, writeJson } from './io.ts';

/** The version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** `knockwatch version`. */
export function registerVersion(program: Command, io: Io): void {
  program
    .command('version')
    .description('print the version')
    .option('--json', 'as JSON, with the versions it runs on')
    .action((options: { json?: boolean }) => {
      const version = packageVersion();
      if (options.json)
        writeJson(io, {
          version,
          node: process.versions.node,
          platform: `${process.platform}-${process.arch}`,
        });
      else io.stdout.write(`knockwatch ${version}\n`);
    });
}
