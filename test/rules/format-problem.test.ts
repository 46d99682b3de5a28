import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/rule.ts';
import { formatProblem } from '../../src/rules/format-problem.ts';

const problem = (
  line: number,
  column: number,
  message = 'unknown key `port` - did you mean `ports`?',
): Problem => ({
  position: { file: 'rules/site.yaml', line, column },
  message,
  level: 'error',
});

/** The character of the shown line that the caret points at. */
function pointedAt(formatted: string): string | undefined {
  const [, shown = '', caret = ''] = formatted.split('\n');
  return shown[caret.indexOf('^')];
}

describe('formatProblem', () => {
  it('formatProblem() is one line without the text', () => {
    expect(formatProblem(problem(5, 23))).toBe(
      'rules/site.yaml:5:23: error: unknown key `port` - did you mean `ports`?',
    );
    expect(formatProblem({ ...problem(1, 1, 'old'), level: 'warning' })).toBe(
      'rules/site.yaml:1:1: warning: old',
    );
  });

  it('formatProblem() shows the line and a caret under the place', () => {
    expect(formatProblem(problem(2, 12), 'rules:\n  watch: { port: [imap] }\n')).toBe(
      [
        'rules/site.yaml:2:12: error: unknown key `port` - did you mean `ports`?',
        '  2 |   watch: { port: [imap] }',
        '    |            ^',
      ].join('\n'),
    );
  });

  it('formatProblem() keeps the caret right behind tabs, control characters and in long lines', () => {
    expect(pointedAt(formatProblem(problem(1, 3), '\t\tX\tb'))).toBe('X');
    expect(pointedAt(formatProblem(problem(1, 4), 'a\x1b\u202eX'))).toBe('X');
    const long = formatProblem(problem(1, 5_001), `${'a'.repeat(5_000)}X${'b'.repeat(5_000)}`);
    expect(pointedAt(long)).toBe('X');
    expect(Math.max(...long.split('\n').map((line) => line.length))).toBeLessThan(120);
  });

  it('formatProblem() lets nothing through to the terminal', () => {
    const hostile = formatProblem(
      { ...problem(1, 1, 'bad \x1b]0;x\x07\n\u202e'), position: { file: 'a\x1b.yaml', line: 1, column: 1 } },
      'x\x1b[2J\r\n',
    );
    expect(hostile.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f\u202e]/);
    expect(hostile.split('\n')).toHaveLength(3);
  });

  it('formatProblem() does without the line when there is none', () => {
    expect(formatProblem(problem(9, 1), 'one line').split('\n')).toHaveLength(1);
    expect(formatProblem(problem(1, 1), '').split('\n')).toHaveLength(1);
  });

  it.each([
    ['via: smtp://admin:hunter2@mail.example.org', 'via: smtp:***************@mail.example.org'],
    [
      "url: 'https://hooks.example.org/T0/hunter2', x: 1",
      'url: **************************************, x: 1',
    ],
    ['{ password: hunter2, to: [a@example.org] }', '{ password: *******, to: [a@example.org] }'],
    ['token: { a: hunter2 }', 'token: **************'],
    ['passwordFile: /run/secrets/smtp', 'passwordFile: /run/secrets/smtp'],
    ['from: knockwatch@example.org', 'from: knockwatch@example.org'],
  ])('formatProblem() stars secrets out: %s', (source, shown) => {
    expect(formatProblem(problem(1, 1), source).split('\n')[1]).toBe(`  1 | ${shown}`);
  });

  it('formatProblem() shows no part of a secret that is cut', () => {
    const source = `via: smtp://admin:${'hunter2'.repeat(40)}@mail.example.org`;
    expect(formatProblem(problem(1, 6), source)).not.toContain('hunter2');
  });
});
