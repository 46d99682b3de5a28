import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';

const SCENARIOS = resolve(import.meta.dirname, '../../fixtures/scenarios');
const SCAN = join(SCENARIOS, 'same-port-on-three-hosts-alerts-once/input.log');
const TYPO = join(SCENARIOS, 'two-hosts-is-a-typo-and-stays-silent/input.log');
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-test-'));
const config = join(dir, 'knockwatch.yaml');
writeFileSync(config, 'zone: UTC\n');
afterAll(() => rmSync(dir, { recursive: true }));

/** A rule file with one rule of the paper and these tests. */
function rules(name: string, tests: string, more = ''): string {
  const path = join(dir, name);
  writeFileSync(
    path,
    `rules:
  - id: probe
    watch: { hosts: any, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
    tests:
${tests}${more}`,
  );
  return path;
}
const test = (name: string, lines: string, expected: string) =>
  `      - { name: ${name}, lines: ${lines}, expect: ${expected} }\n`;
const run = (...args: string[]) => runForTest(['test', '--config', config, ...args]);

describe('knockwatch test', () => {
  it('prints a line per test and passes', async () => {
    const path = rules(
      'good.yaml',
      test('a scan', SCAN, '[{ kind: address-scan, hosts: 3 }]') + test('a typo', TYPO, '[]'),
    );
    expect(await run(path)).toEqual({
      exitCode: 0,
      stdout: 'ok    probe: a scan\nok    probe: a typo\n2 passed, 0 failed\n',
      stderr: '',
    });
  });

  it('fails with what was wanted, what happened instead, and where the test stands', async () => {
    const path = rules(
      'bad.yaml',
      test('four hosts', SCAN, '[{ kind: address-scan, hosts: 4 }]') +
        test('silent', SCAN, '[]') +
        test('loud', TYPO, '[{ kind: address-scan }]'),
    );
    const { exitCode, stdout } = await run(path);
    const got = '{ kind: address-scan, port: 143, hosts: 3, source: 198.51.100.7, count: 4 }';
    expect(exitCode).toBe(1);
    expect(stdout).toBe(
      `FAIL  probe: four hosts
      ${path}:6:9
      expected  { kind: address-scan, hosts: 4 }
      got       ${got}
      because   hosts is 3, not 4
FAIL  probe: silent
      ${path}:7:9
      expected  nothing
      got       ${got}
FAIL  probe: loud
      ${path}:8:9
      expected  { kind: address-scan }
      got       nothing
0 passed, 3 failed
`,
    );
  });

  it('a log that is not there is a failure that names it, and the other tests are run all the same', async () => {
    const missing = join(dir, 'missing.log');
    const { exitCode, stdout } = await run(
      rules('missing.yaml', test('gone', missing, '[]') + test('a typo', TYPO, '[]')),
    );
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(new RegExp(`FAIL  probe: gone\n.*\n +${missing}: there is no such file`));
    expect(stdout).toContain('1 passed, 1 failed');
  });

  it.each([
    ['is empty', ''],
    ['is of another format', 'hello\nworld\n'],
  ])('a log that %s is a failure: silence about it proves nothing', async (_, text) => {
    const log = join(dir, 'unread.log');
    writeFileSync(log, text);
    const { exitCode, stdout } = await run(rules('unread.yaml', test('silent', log, '[]')));
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`no line of ${log} could be read`);
  });

  it('looks at the incidents of the rule the test belongs to; other rules see the lines and do not count', async () => {
    const other = `  - id: other
    watch: { hosts: any, ports: [imap, http] }
    detect: { any: {} }
`;
    expect(
      await run(rules('two.yaml', test('a scan', SCAN, '[{ kind: address-scan }]'), other)),
    ).toMatchObject({ exitCode: 0 });
  });

  it('obeys the ignores of the rule set', async () => {
    const path = rules(
      'ignored.yaml',
      test('our own', SCAN, '[]'),
      'ignore: [{ sources: 198.51.100.7, because: ours }]\n',
    );
    expect(await run(path)).toMatchObject({ exitCode: 0 });
  });

  it('--json gives one object per test', async () => {
    const path = rules(
      'json.yaml',
      test('a scan', SCAN, '[{ kind: address-scan, hosts: 4 }]') + test('a typo', TYPO, '[]'),
    );
    const { exitCode, stdout } = await run('--json', path);
    expect(exitCode).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      {
        rule: 'probe',
        test: 'a scan',
        file: path,
        line: 6,
        lines: SCAN,
        passed: false,
        differences: [
          {
            expected: { hosts: 4 },
            got: { hosts: 3, source: '198.51.100.7' },
            because: ['hosts is 3, not 4'],
          },
        ],
      },
      { test: 'a typo', passed: true, differences: [] },
    ]);
  });

  it('says so when there are no tests, and refuses rules that are wrong', async () => {
    const path = join(dir, 'none.yaml');
    writeFileSync(
      path,
      'rules:\n  - id: x\n    watch: { hosts: any, ports: [imap] }\n    detect: { any: {} }\n',
    );
    expect(await run(path)).toMatchObject({ exitCode: 0, stdout: `there are no tests in ${path}\n` });
    writeFileSync(path, 'rules: 1\n');
    expect((await run(path)).exitCode).toBe(2);
    expect((await run(join(dir, 'nowhere'))).exitCode).toBe(2);
  });
});
