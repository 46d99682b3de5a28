import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PATTERN_GROUPS } from '../../src/rule.ts';
import { loadRules } from '../../src/rules/load.ts';
import { pattern } from '../../src/rules/schema-pattern.ts';
import { docBlocks } from '../support/docs-commands.ts';

const DOC = resolve(import.meta.dirname, '../../docs/patterns.md');
const TEXT = readFileSync(DOC, 'utf8');
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-docs-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('docs/patterns.md', () => {
  it.each(docBlocks(DOC, 'yaml').map(({ text, line }) => [line, text] as const))(
    'the rule file in line %i is valid',
    async (line, text) => {
      const path = join(dir, `block-${line}.yaml`);
      writeFileSync(path, text);
      const { problems } = await loadRules(path);
      expect(problems.filter(({ message }) => !message.startsWith('no rules'))).toEqual([]);
    },
  );

  it('has every key of a pattern and every group', () => {
    for (const name of [...Object.keys(pattern.shape), ...PATTERN_GROUPS])
      expect(TEXT, name).toContain(`\`${name}\``);
  });
});
