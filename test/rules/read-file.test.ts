import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemList, parseRuleFile, readRuleText } from '../../src/rules/read-file.ts';

const shipped = ['classic-probe', 'perimeter'].map((name) =>
  readFileSync(new URL(`../../rules/${name}.yaml`, import.meta.url), 'utf8'),
);

/** Reads a text; every problem must point into it. */
function check(text: string): ProblemList {
  const problems = new ProblemList();
  const source = parseRuleFile('a.yaml', text, problems);
  const lines = text.split(/\r\n|\n|\r/);
  expect(source === undefined).toBe(problems.hasErrors);
  for (const { position, message } of problems.sorted()) {
    expect(position.line).toBeGreaterThanOrEqual(1);
    expect(position.line).toBeLessThanOrEqual(lines.length);
    expect(position.column).toBeGreaterThanOrEqual(1);
    expect(message.length).toBeLessThan(1_000);
  }
  return problems;
}

describe('parseRuleFile() never throws', () => {
  it('for shipped rules with a piece cut out, repeated or replaced', () => {
    const piece = fc.constantFrom(
      '',
      ':',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '*',
      '&a ',
      '*a',
      '!',
      '|',
      '"',
      "'",
      '#',
      '\t',
      '\n',
      ', ',
      '? ',
      '<<: ',
      '__proto__',
      'null',
      '~',
      '1e999',
      '%YAML 1.1\n',
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...shipped),
        fc.nat(4_000),
        fc.nat(40),
        piece,
        (text, at, length, insert) => {
          check(text.slice(0, at) + insert + text.slice(at + length));
          check(text.slice(0, at) + insert + text.slice(at));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        check(text);
      }),
    );
  });

  it('for any value in any place', () => {
    const anything = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(
        anything,
        fc.constantFrom('hosts', 'ignore', 'rules', 'id', 'watch', 'detect', 'severity', 'tests', 'notify'),
        (value, key) => {
          const rule = { id: 'a', watch: { hosts: 'any', ports: 'imap' }, detect: { any: {} }, tests: [] };
          const file = ['hosts', 'ignore', 'rules'].includes(key)
            ? { [key]: value }
            : { rules: [{ ...rule, [key]: value }] };
          check(JSON.stringify(file));
        },
      ),
      { numRuns: 500 },
    );
  });
});

it('ProblemList sorts by place and stops at a hundred of each level', () => {
  const problems = new ProblemList();
  for (let line = 300; line > 0; line--)
    problems.add({ file: 'b.yaml', line, column: 1 }, 'x', line % 2 ? 'error' : 'warning');
  problems.add({ file: 'a.yaml', line: 9, column: 9 }, 'dropped: the errors are full');
  const sorted = problems.sorted();
  expect(sorted).toHaveLength(200);
  expect(sorted.map(({ position }) => position.line)).toEqual(
    [...sorted.map(({ position }) => position.line)].sort((a, b) => a - b),
  );
  expect(problems.hasErrors).toBe(true);
});

describe('readRuleText() points at the first octet that is not UTF-8', () => {
  const octets = (...parts: (string | number)[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));

  it.each([
    ['at the very beginning', octets(0xff, 'rules: []\n'), 1, 1],
    ['behind a replacement character that was written', octets('# \uFFFD\n\n\n# caf', 0xe9, '\n'), 4, 6],
    ['behind several on one line', octets('# \uFFFD\uFFFD ok ', 0xe9), 1, 9],
    ['in front of one that was written', octets('# ', 0xe9, ' \uFFFD\n'), 1, 3],
    ['where a replacement character is cut', octets('# \uFFFD\n# ', 0xef, 0xbf, 'A'), 2, 3],
    ['where the file ends inside a character', octets('# \uFFFD\n# ', 0xef, 0xbf), 2, 3],
    ['behind other letters', octets('# grüße \u{1f600}\n# é', 0xc3), 2, 4],
  ])('%s', async (_, bytes, line, column) => {
    const dir = mkdtempSync(join(tmpdir(), 'knockwatch-'));
    try {
      const file = join(dir, 'a.yaml');
      writeFileSync(file, bytes);
      const problems = new ProblemList();
      expect(await readRuleText(file, problems)).toBeUndefined();
      expect(problems.sorted()).toEqual([
        { position: { file, line, column }, message: 'is not UTF-8 text', level: 'error' },
      ]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
