import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadRules } from '../../src/rules/load.ts';

const rules = fileURLToPath(new URL('../../rules', import.meta.url));

it('the shipped rules load without any problem', async () => {
  const { ruleSet, problems } = await loadRules(rules);
  expect(problems).toEqual([]);
  expect(ruleSet?.rules.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      'classic-probe',
      'perimeter-sweep',
      'perimeter-port-scan',
      'failed-logins',
      'web-probes',
      'stealth',
      'decoys',
    ]),
  );
});

it('every shipped rule has tests that alert and tests that stay silent, with lines that exist', async () => {
  const { ruleSet } = await loadRules(rules);
  for (const { id, tests } of ruleSet!.rules) {
    expect(
      tests.some(({ expect }) => expect.length > 0),
      id,
    ).toBe(true);
    expect(
      tests.some(({ expect }) => expect.length === 0),
      id,
    ).toBe(true);
    for (const { lines } of tests) expect(existsSync(lines), lines).toBe(true);
  }
});

it('every shipped rule file names the schema', async () => {
  const { ruleSet } = await loadRules(rules);
  for (const file of ruleSet!.files)
    expect(readFileSync(file, 'utf8').split('\n')[0]).toBe(
      '# yaml-language-server: $schema=./knockwatch.schema.json',
    );
});
