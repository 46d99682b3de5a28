import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** How many rows each letter of the matrix has. */
const ROWS = { F: 23, E: 16, P: 18, O: 12, S: 15, M: 13, C: 14, R: 5, L: 3, X: 3, W: 6, G: 2, D: 2, N: 5 };

interface Row {
  readonly id: string;
  /** File and a part of the title of the test in it. */
  readonly tests: readonly (readonly [file: string, title: string])[];
}

const rows: Row[] = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')
  .split('\n')
  .map((line) => /^\| ([A-Z]\d+) \| [^|]+ \| (.*) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, id = '', cell = '']) => ({
    id,
    tests: cell
      .replaceAll('\\|', '|')
      .split('<br>')
      .map((entry) => /^`([^`]+)`: (.+)$/.exec(entry))
      .filter((match) => match !== null)
      .map(([, file = '', title = '']) => [file, title] as const),
  }));

describe('docs/threat-model.md', () => {
  it('has every row of the matrix, once, in order', () => {
    const wanted = Object.entries(ROWS).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
    );
    expect(rows.map(({ id }) => id)).toEqual(wanted);
  });

  it.each(rows)('$id has a test that exists', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const [file, title] of tests) {
      expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
      expect([file, title, readFileSync(join(ROOT, file), 'utf8').includes(title)]).toEqual([
        file,
        title,
        true,
      ]);
    }
  });
});
