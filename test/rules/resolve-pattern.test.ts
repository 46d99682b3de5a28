import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadRules } from '../../src/rules/load.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'knockwatch-patterns-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function load(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const { ruleSet, problems } = await loadRules(directory);
  const lines = problems.map(
    ({ position: { file, line, column }, level, message }) =>
      `${file.slice(directory.length + 1)}:${line}:${column} ${level} ${message}`,
  );
  return { ruleSet, problems: lines };
}

/** A pattern and a rule that watches it; each may be written differently. */
const file = (regex: string, { extra = '', patterns = '[vpn]' } = {}) =>
  `patterns:\n  - id: vpn\n    regex: '${regex}'\n${extra}rules:\n  - id: r\n    watch: { hosts: any, ports: any, patterns: ${patterns} }\n    detect: { repeat: { count: 5, within: 60s } }\n`;

const GOOD = 'vpnd: login of (?P<user>\\S+) from (?P<source>\\S+) failed';

describe('loadRules() names the place and the remedy of', () => {
  it.each([
    [
      'Perl in a regex',
      file('from (?P<source>x)(?=y)'),
      'a.yaml:3:12 error not a regular expression (RE2): look-around is Perl and has no linear time: `(?=`',
    ],
    [
      'a bracket left open',
      file('from (\\S+'),
      'a.yaml:3:12 error not a regular expression (RE2): missing closing ): `from (\\S+`',
    ],
    [
      'a field nobody knows',
      file('from (?P<sorce>\\S+)'),
      'a.yaml:3:12 error no field is called `sorce` - did you mean `source`?',
    ],
    ['a regex that matches every line', file('.*'), 'a.yaml:3:12 error this matches every line'],
    ['no source', file('vpnd: intruder'), 'a.yaml:3:12 warning has no group `source`'],
    ['nothing to look for first', file('(?P<source>\\S+) \\d'), 'a.yaml:3:12 warning holds no plain text'],
    [
      'a pattern nobody has',
      file(GOOD, { patterns: '[vpnn]' }),
      'a.yaml:6:49 error no pattern is called `vpnn` - did you mean `vpn`?',
    ],
    [
      'a kind nobody knows',
      file(GOOD, { extra: '    kind: logon\n' }),
      'a.yaml:4:11 error `logon` is not valid for `kind` - did you mean `login`?',
    ],
    ['a regex beyond 2 KiB', file('x'.repeat(2_049)), 'a.yaml:3:12 error'],
    ['an unknown key', file(GOOD, { extra: '    exec: rm\n' }), 'a.yaml:4:5 error unknown key `exec`'],
  ])('%s', async (_, text, expected) => {
    const { problems } = await load({ 'a.yaml': text });
    expect(
      problems.find((problem) => problem.startsWith(expected)),
      problems.join('\n'),
    ).toBeDefined();
  });

  it('two patterns of one id, also in two files', async () => {
    const { problems } = await load({
      'a.yaml': file(GOOD),
      'b.yaml': `patterns:\n  - { id: vpn, regex: 'x from (?P<source>y)' }\n`,
    });
    expect(problems).toEqual([
      `b.yaml:2:11 error pattern \`vpn\` already exists in ${join(directory, 'a.yaml')}:2`,
    ]);
  });

  it('more than a thousand of them', async () => {
    const many = (from: number) =>
      `patterns:\n${Array.from({ length: 600 }, (_, i) => `  - { id: p${from + i}, regex: 'p${from + i} from (?P<source>x)' }\n`).join('')}`;
    const { problems } = await load({ 'a.yaml': many(0), 'b.yaml': many(600) });
    expect(problems.some((problem) => problem.includes('more than 1000 patterns'))).toBe(true);
  });
});

describe('loadRules()', () => {
  it('reads patterns, and what rules take of attempts', async () => {
    const extra =
      '    contains: vpnd\n    kind: login\n    action: failed\n    port: 1194\n    transport: udp\n    service: vpn\n';
    const kinds = `rules:\n  - id: k\n    watch: { hosts: any, ports: any, kinds: [login, login, request] }\n    detect: { any: {} }\n`;
    const { ruleSet, problems } = await load({ 'a.yaml': file(GOOD, { extra }), 'b.yaml': kinds });
    expect(problems).toEqual([]);
    expect(ruleSet!.patterns).toEqual([
      {
        id: 'vpn',
        regex: GOOD,
        contains: 'vpnd',
        kind: 'login',
        action: 'failed',
        port: 1194,
        transport: 'udp',
        service: 'vpn',
        position: { file: join(directory, 'a.yaml'), line: 2, column: 5 },
      },
    ]);
    expect(ruleSet!.rules.map(({ kinds: only, patterns }) => [only, patterns])).toEqual([
      [undefined, ['vpn']],
      [['login', 'request'], undefined],
    ]);
  });

  it('takes patterns of another file', async () => {
    const [patterns, rules] = file(GOOD).split('rules:');
    const { ruleSet, problems } = await load({ 'a.yaml': `rules:${rules}`, 'b.yaml': patterns! });
    expect(problems).toEqual([]);
    expect(ruleSet!.rules[0]!.patterns).toEqual(['vpn']);
  });
});
