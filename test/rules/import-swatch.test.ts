import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from '../../src/parse/index.ts';
import { compilePatterns } from '../../src/parse/pattern.ts';
import type { RuleSet } from '../../src/rule.ts';
import { importSwatch } from '../../src/rules/import-swatch.ts';
import { loadRules } from '../../src/rules/load.ts';
import { decodeLine } from '../support/decode-line.ts';
import { attemptOf } from '../support/host-line.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-swatch-'));
afterAll(() => rmSync(dir, { recursive: true }));

const SWATCHRC = readFileSync(resolve(import.meta.dirname, '../../fixtures/swatch/swatchrc'), 'utf8');

/** The rules that come out; fails when they do not load. */
async function rulesOf(text: string): Promise<RuleSet> {
  const file = join(dir, 'swatch.yaml');
  writeFileSync(file, importSwatch(text, 'swatchrc').yaml);
  const { ruleSet, problems } = await loadRules(file);
  expect(problems.filter(({ level }) => level === 'error')).toEqual([]);
  return ruleSet!;
}

const notesOf = (text: string) =>
  importSwatch(text, 'swatchrc').notes.map(({ line, message }) => `${line}: ${message}`);

describe('importSwatch() of a swatchrc of ten years', () => {
  it('gives rules that load', async () => {
    const { patterns, rules } = await rulesOf(SWATCHRC);
    expect(patterns!.map(({ id, regex, action, kind }) => [id, regex, action, kind])).toEqual([
      ['ignore-3', 'named\\[\\d+\\]: lame server', 'unknown', 'request'],
      ['ignore-4', '(?i)last message repeated', 'unknown', 'request'],
      [
        'swatch-7',
        '%SEC-6-IPACCESSLOGP.*denied tcp (?P<source>[\\d.]+)\\(\\d+\\) -> (\\S+)\\((\\d+)\\)',
        'failed',
        'request',
      ],
      ['swatch-13', 'vpnd: login of \\S+ from (?P<source>\\S+) failed', 'failed', 'login'],
      ['swatch-18', '(?i)su: BAD SU (\\w+) to root', 'failed', 'request'],
      ['swatch-24', '(?:panic|halt)|(?:file system full)', 'failed', 'request'],
      ['swatch-39', 'accounting: overrun on line (\\d+)', 'failed', 'request'],
    ]);
    expect(
      rules.map(({ id, detect, quietMs, patterns: watched }) => [id, detect[0]!.kind, quietMs, watched]),
    ).toEqual([
      ['swatch-7', 'any', 300_000, ['swatch-7']],
      ['swatch-13', 'repeat', undefined, ['swatch-13']],
      ['swatch-18', 'any', undefined, ['swatch-18']],
      ['swatch-24', 'any', undefined, ['swatch-24']],
      ['swatch-39', 'any', undefined, ['swatch-39']],
    ]);
    expect(rules[1]!.detect).toEqual([{ kind: 'repeat', count: 3, withinMs: 60_000, by: ['source'] }]);
  });

  it('says of everything else where it stands and why it was left out', () => {
    expect(notesOf(SWATCHRC)).toEqual([
      expect.stringMatching(/^3: ignored lines become a pattern/),
      expect.stringMatching(/^4: ignored lines become a pattern/),
      expect.stringMatching(/^7: Cisco access list lines are read by a built-in parser/),
      expect.stringMatching(/^9: bell is left out/),
      expect.stringMatching(/^10: use= of throttle is left out/),
      expect.stringMatching(/^11: the subject of the mail is left out/),
      expect.stringMatching(/^14: group 1 is taken for the source/),
      expect.stringMatching(/^16: exec becomes a channel of kind exec/),
      expect.stringMatching(/^18: names no source/),
      expect.stringMatching(/^19: exec is not translated: it needs a shell/),
      expect.stringMatching(/^20: pipe becomes a channel of kind exec/),
      expect.stringMatching(/^21: write is not translated/),
      expect.stringMatching(/^22: continue is left out/),
      expect.stringMatching(/^24: names no source/),
      expect.stringMatching(/^25: threshold type=limit/),
      expect.stringMatching(/^28: not translated: look-around is Perl/),
      expect.stringMatching(/^31: not translated: `&& \$hour > 20` behind the expression is Perl/),
      expect.stringMatching(/^34: not translated: `\$E/),
      expect.stringMatching(/^37: perlcode is not translated/),
      expect.stringMatching(/^39: names no source/),
      expect.stringMatching(/^41: when= is left out/),
    ]);
  });

  it('writes the notes and the channels beside the rules, as comments', () => {
    const { yaml } = importSwatch(SWATCHRC, 'swatchrc');
    for (const line of [
      '#   line 28: not translated: look-around is Perl and has no linear time: `(?!`',
      `#     - { kind: email, via: "smtp://mail.example.net:587", to: ['security@example.net', 'root@localhost'] }`,
      `#     - { kind: exec, command: ['/usr/local/bin/page', '--urgent', 'ops'] }`,
      '#     - { kind: stdout }',
    ])
      expect(yaml.split('\n')).toContain(line);
  });

  it('what it wrote reads the lines swatch read', async () => {
    const { patterns } = await rulesOf(SWATCHRC);
    const read = (line: string) =>
      parse(decodeLine(line), { prefixes: [], patterns: compilePatterns(patterns!) });
    expect(attemptOf(read('Nov 23 03:00:00 gw1 vpnd: login of joe from 198.51.100.7 failed'))).toMatchObject({
      source: { ip: '198.51.100.7' },
      rule: 'swatch-13',
    });
    expect(attemptOf(read('Nov 23 03:00:00 192.0.2.9 unix: file system full'))?.rule).toBe('swatch-24');
    expect(
      attemptOf(read('Nov 23 03:00:00 192.0.2.9 named[7]: lame server on x, file system full'))?.action,
    ).toBe('unknown');
  });
});

describe('importSwatch() never trips over', () => {
  it.each([
    ['nothing', '', 0],
    ['the old format', '/denied/\techo,bell=3\t5:00\t0:16\n', 0],
    ['an action without a watchfor', 'mail root@localhost\n', 0],
    ['a condition without slashes', 'watchfor "denied"\n', 0],
    ['an expression that never ends', 'watchfor /denied\n', 0],
    ['an expression that matches everything', 'watchfor /.*/\n', 0],
    ['an expression over two lines', 'watchfor /a (b) c/x\n', 0],
    ['a group that holds anything', 'watchfor /denied (.*) x/\n', 1],
    ['a quote in an expression', "watchfor /it's (?P<source>x)/\n", 1],
    ['other slashes', 'watchfor m{from ([\\d.]+)/}\n', 1],
    ['an escaped slash', 'watchfor /a\\/b from (\\d+\\.\\d+\\.\\d+\\.\\d+)/\n', 1],
    ['a threshold of nonsense', 'watchfor /denied x/\nthreshold track_by=$9,count=x\n', 1],
    ['a throttle of nonsense', 'watchfor /denied x/\nthrottle soon\n', 1],
    ['control characters', 'watchfor /denied \x1b[2J/\n', 0],
    ['a comment that would end its comment', 'watchfor /denied/ && "\u2028rules: []"\n', 0],
  ])('%s', async (_, text, patterns) => {
    const { ruleSet } = { ruleSet: await rulesOf(text) };
    expect(ruleSet.patterns?.length ?? 0).toBe(patterns);
    if (patterns === 0 && text !== '') expect(notesOf(text).length).toBeGreaterThan(0);
  });

  it('ten thousand blocks', async () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `watchfor /program${i} from ([\\d.]+)/\n`).join('');
    expect((await rulesOf(text)).patterns).toHaveLength(1_000);
    expect(notesOf(text).some((note) => note.includes('more than 1000 patterns'))).toBe(true);
  });
});
