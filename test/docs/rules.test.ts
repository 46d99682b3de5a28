import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRules } from '../../src/rules/load.ts';
import { ruleFileSchema } from '../../src/rules/schema.ts';
import { readStatusFile } from '../../src/store/status-file.ts';
import { runForTest } from '../support/cli.ts';
import { type Daemon, eventually, freePort, listening, startDaemon } from '../support/daemon.ts';
import { docBlocks, docCommands, shellWords } from '../support/docs-commands.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOC = join(ROOT, 'docs/rules.md');
const SCAN = join(ROOT, 'fixtures/scenarios/same-port-on-three-hosts-alerts-once/input.log');
const TYPO = join(ROOT, 'fixtures/scenarios/two-hosts-is-a-typo-and-stays-silent/input.log');

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-docs-'));
let daemon: Daemon | undefined;
afterAll(async () => {
  await daemon?.stop();
  rmSync(dir, { recursive: true });
});

beforeAll(() => {
  mkdirSync(join(dir, 'rules'));
  mkdirSync(join(dir, 'log'));
  writeFileSync(join(dir, 'rules/office.yaml'), docBlocks(DOC, 'yaml')[0]!.text);
  writeFileSync(join(dir, 'knockwatch.yaml'), 'zone: UTC\n');
  for (const [from, to] of [
    [SCAN, 'rules/probe.log'],
    [TYPO, 'rules/typo.log'],
    [SCAN, 'log/router.log'],
    [TYPO, 'log/router.log.1'],
  ]) {
    copyFileSync(from!, join(dir, to!));
  }
});

/** The paths of the document, in the directory of this test, and back. */
const here = (arg: string) =>
  arg.replace(/^\/var\/log\//, `${dir}/log/`).replace(/^rules\//, `${dir}/rules/`);
/** Without what depends on the day the test runs. */
const told = (text: string) =>
  text
    .replaceAll(`${dir}/`, '')
    .replace(/\b20\d\d-01-24T/g, '2026-01-24T')
    .replace(/ +$/gm, '');

describe('docs/rules.md', () => {
  it.each(docCommands(DOC).map((command) => [command.text.slice(0, 100), command] as const))(
    '%s',
    { timeout: 30_000 },
    async (_, command) => {
      let config = join(dir, 'knockwatch.yaml');
      if (command.args[0] === 'reload') {
        daemon = startDaemon(
          `rules: rules.yaml\nlisteners: [{ protocol: tcp, host: 127.0.0.1, port: ${await freePort()} }]\n`,
          {
            'rules.yaml': docBlocks(DOC, 'yaml')[0]!.text,
          },
        );
        const { dir: home } = daemon;
        await listening(daemon);
        await eventually('the status file', () => readStatusFile(join(home, 'var'))?.state === 'listening');
        config = join(home, 'knockwatch.yaml');
      }
      const { exitCode, stdout, stderr } = await runForTest(command.args.map(here), {
        KNOCKWATCH_CONFIG: config,
      });
      expect(exitCode, stderr).toBe(0);
      if (command.output !== undefined) expect(told(stdout)).toBe(told(command.output));
    },
  );

  it.each(docBlocks(DOC, 'yaml').map(({ text, line }) => [line, text] as const))(
    'the rule file in line %i is valid',
    async (line, text) => {
      const path = join(dir, `block-${line}.yaml`);
      writeFileSync(path, text);
      const { problems } = await loadRules(path);
      expect(problems.filter(({ message }) => !message.startsWith('no rules'))).toEqual([]);
    },
  );

  it('names every key a rule file can have', () => {
    const text = readFileSync(DOC, 'utf8');
    const keys = new Set<string>();
    const collect = (schema: unknown): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, value] of Object.entries(schema)) {
        if (key === 'properties') for (const name of Object.keys(value as object)) keys.add(name);
        collect(value);
      }
    };
    collect(ruleFileSchema.toJSONSchema({ io: 'input' }));
    expect(keys.size).toBeGreaterThan(25);
    expect(
      [...keys].filter(
        (key) =>
          !text.includes(`\`${key}\``) && !new RegExp(`^#+ ${key}$|^\\s*(?:- )?${key}:`, 'm').test(text),
      ),
    ).toEqual([]);
  });
});

describe('shellWords()', () => {
  it('splits as a shell does', () => {
    expect(shellWords(`knockwatch explain 'a b "c"' --x="d e" f  # comment`)).toEqual([
      'knockwatch',
      'explain',
      'a b "c"',
      '--x=d e',
      'f',
    ]);
  });
});
