import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from '../../src/parse/index.ts';
import { textsOfKind } from '../../src/parse/spellings.ts';
import { decodeLine } from '../support/decode-line.ts';
import { readLineFixtures } from '../support/line-fixtures.ts';

it.each(readdirSync('fixtures/lines').filter((name) => name.endsWith('.log')))(
  'textsOfKind has a text of every login and request in %s',
  (file) => {
    const missed: string[] = [];
    for (const { line } of readLineFixtures(`fixtures/lines/${file}`)) {
      const result = parse(decodeLine(line), { prefixes: [] });
      // Without a source address it can be no hit.
      if (result?.kind !== 'attempt' || result.attempt.source.ip === undefined) continue;
      const { kind } = result.attempt;
      if (kind !== 'packet' && !textsOfKind[kind].some((text) => line.includes(text))) missed.push(line);
    }
    expect(missed).toEqual([]);
  },
);
