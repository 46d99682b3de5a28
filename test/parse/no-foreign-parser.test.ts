import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, registrations } from '../../src/parse/index.ts';
import { decodeLine } from '../support/decode-line.ts';
import { type LineFixture, readLineFixtures } from '../support/line-fixtures.ts';

const OPTIONS = { prefixes: [] };
const FOLDER = 'fixtures/lines';
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.log'));

/** The samples a file calls its own; the others show what its parser leaves alone. */
function samplesOf(file: string): LineFixture[] {
  return readLineFixtures(`${FOLDER}/${file}`).filter(({ expectation }) => !('foreign' in expectation));
}

describe('no parser claims another’s lines', () => {
  it('has a fixture file for every parser and a parser for every file', () => {
    const names = registrations.map(({ parser }) => parser.name);
    expect(FILES.map((file) => file.replace('.log', '')).sort()).toEqual([...names].sort());
  });

  it.each(FILES)('%s', (file) => {
    const owner = file.replace('.log', '');
    const claimed: string[] = [];
    for (const { line, lineNumber } of samplesOf(file)) {
      const message = decodeLine(line);
      for (const { parser } of registrations) {
        if (parser.name === owner) continue;
        const result = parser.parse(message, OPTIONS);
        if (result !== undefined)
          claimed.push(`${parser.name} takes ${file}:${lineNumber} as ${result.kind}`);
      }
    }
    expect(claimed).toEqual([]);
  });

  it.each(FILES)('%s: the registry finds the owner', (file) => {
    const owner = registrations.find(({ parser }) => parser.name === file.replace('.log', ''))?.parser;
    expect(owner).toBeDefined();
    for (const { line } of samplesOf(file)) {
      const message = decodeLine(line);
      expect(parse(message, OPTIONS)).toEqual(owner?.parse(message, OPTIONS));
    }
  });
});
