import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../src/cli/cli.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PAGE = join(ROOT, 'man/knockwatch.1');
const text = readFileSync(PAGE, 'utf8').replaceAll('\\-', '-');
const silent = { write: () => true };
const program = await createProgram({ stdout: silent, stderr: silent, env: {} });
/** Every verb, and what it is divided into, under the whole name. */
const verbs = program.commands
  .filter((verb) => verb.name() !== 'help')
  .flatMap((verb) => [
    [verb.name(), verb] as const,
    ...verb.commands.map((part) => [`${verb.name()} ${part.name()}`, part] as const),
  ]);

const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
if (!has('mandoc')) console.log('skipped: there is no mandoc here to read the man page');

describe('the man page', () => {
  it.each(verbs)('has %s with all its options', (name, command) => {
    const section = text.split('.SS ').find((part) => new RegExp(`^knockwatch ${name}( [<[]|\n)`).test(part));
    expect(section).toBeDefined();
    for (const { flags } of command.options) expect(section).toContain(flags);
  });

  it('is what the program says of itself (npm run man)', () => {
    const check = spawnSync(process.execPath, ['scripts/make-man.mjs', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(check).toMatchObject({ stderr: '', status: 0 });
  });

  it('is packed, and man finds it', () => {
    const { man, files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(man).toBe('./man/knockwatch.1');
    expect(files).toContain('man');
  });

  it.runIf(has('mandoc'))('is sound roff', () => {
    const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', PAGE], { encoding: 'utf8' });
    expect(
      lint.stdout.split('\n').filter((line) => /WARNING|ERROR/.test(line) && !line.includes('missing date')),
    ).toEqual([]);
  });
});
