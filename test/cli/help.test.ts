import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/cli.ts';
import { runForTest } from '../support/cli.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const silent = { write: () => true };
const program = await createProgram({ stdout: silent, stderr: silent, env: {} });
/** `replay`, `archive export`: everything that does something. */
const verbs = program.commands
  .flatMap((verb) =>
    verb.commands.length === 0
      ? [verb.name()]
      : verb.commands.map((command) => `${verb.name()} ${command.name()}`),
  )
  .filter((verb) => !verb.endsWith('help'));
const complete = (...words: string[]) => {
  const { stdout } = spawnSync(process.execPath, [MAIN, 'complete', '--', ...words], {
    encoding: 'utf8',
    cwd: resolve(MAIN, '../..'),
  });
  return stdout.split('\n').map((line) => line.split('\t')[0]);
};

describe.each(verbs)('knockwatch %s --help', (verb) => {
  it('describes it', async () => {
    const { exitCode, stdout } = await runForTest([...verb.split(' '), '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Usage: knockwatch ${verb}`);
  });

  // There is nothing to say about `knockwatch version` that its name does not say.
  it('has examples that begin with the verb', async () => {
    if (verb === 'version') return;
    expect((await runForTest([...verb.split(' '), '--help'])).stdout).toMatch(
      new RegExp(`Examples?:[^]*knockwatch.* ${verb}`),
    );
  });
});

describe('knockwatch complete', () => {
  it.each([
    ['a verb', ['rout'], 'router'],
    ['an option', ['replay', '--js'], '--json'],
    ['the choices of an option', ['router', '--for', 'cisco'], 'cisco-asa'],
    ['the choices of an argument', ['schema', ''], 'config'],
    ['a file as an argument', ['replay', 'pack'], 'package.json'],
    ['a file as the value of an option', ['check', '--rules', 'rul'], 'rules/'],
    ['a file in a folder', ['check', '--rules', 'rules/cl'], 'rules/classic-probe.yaml'],
  ])('completes %s', (_, words, expected) => {
    expect(complete(...words)).toContain(expected);
  });

  it.each(['bash', 'zsh', 'fish', 'powershell'])('writes a script for %s', (shell) => {
    const { stdout, status } = spawnSync(process.execPath, [MAIN, 'complete', shell], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toContain('knockwatch');
  });

  it('the script for bash is one', () => {
    const { stdout } = spawnSync(process.execPath, [MAIN, 'complete', 'bash'], { encoding: 'utf8' });
    expect(spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it.each([[[]], [['tcsh']]])('refuses %j with exit code 2', async (args) => {
    expect((await runForTest(['complete', ...args])).exitCode).toBe(2);
  });
});

describe('knockwatch schema', () => {
  it.each([
    ['rules', 'watch'],
    ['config', 'listeners'],
  ])('%s is a JSON Schema', async (file, word) => {
    const { exitCode, stdout } = await runForTest(['schema', file]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).$schema).toContain('json-schema.org');
    expect(stdout).toContain(`"${word}"`);
  });

  it.each([
    ['rules', 'rules/knockwatch.schema.json'],
    ['config', 'rules/knockwatch.config.schema.json'],
  ])('%s is what ships as %s', async (file, path) => {
    const { stdout } = await runForTest(['schema', file]);
    expect(JSON.parse(readFileSync(resolve(MAIN, '../..', path), 'utf8'))).toEqual(JSON.parse(stdout));
  });

  it('holds nothing of this machine', async () => {
    const { properties } = JSON.parse((await runForTest(['schema', 'config'])).stdout);
    expect(properties.hostName).not.toHaveProperty('default');
    expect(properties.zone).not.toHaveProperty('default');
  });

  it('knows no other file', async () => {
    expect((await runForTest(['schema', 'cookies'])).exitCode).toBe(2);
  });
});
