import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { incidentsIn, runRuleTests } from '../src/cli/rule-tests.ts';
import type { RuleTestExpectation } from '../src/rule.ts';
import { differences, expectationOf } from '../src/rules/expectations.ts';
import { loadRules } from '../src/rules/load.ts';
import type { DetectionKind, Incident } from '../src/types.ts';
import { runForTest } from './support/cli.ts';
import { testConfig } from './support/config.ts';

/*
 * fixtures/scenarios/<sentence>/: input.log, rules.yaml (the shipped rules when there is none), and expected.json: every
 * incident these lines open, and nothing else. The folder's name is the sentence that is proved.
 */
const ROOT = resolve(import.meta.dirname, '..');
const SCENARIOS = join(ROOT, 'fixtures/scenarios');
const folders = readdirSync(SCENARIOS).sort();
const config = testConfig();

type Expected = RuleTestExpectation & { readonly rule: string };

function rulesPathOf(folder: string): string {
  const own = join(SCENARIOS, folder, 'rules.yaml');
  return existsSync(own) ? own : join(ROOT, 'rules');
}

function expectedIn(folder: string): Expected[] {
  return JSON.parse(readFileSync(join(SCENARIOS, folder, 'expected.json'), 'utf8')) as Expected[];
}

async function rulesIn(path: string) {
  const { ruleSet, problems } = await loadRules(path);
  expect(problems).toEqual([]);
  return ruleSet!;
}

/** Differences told so that a failing test can be read. */
function told(expected: readonly Expected[], incidents: readonly Incident[]): unknown[] {
  const rules = new Set([...expected.map(({ rule }) => rule), ...incidents.map(({ ruleId }) => ruleId)]);
  return [...rules].flatMap((rule) => {
    const wanted = expected.filter((one) => one.rule === rule).map(({ rule: _, ...rest }) => rest);
    const found = incidents.filter(({ ruleId }) => ruleId === rule);
    return differences(wanted, found).map((one) => ({
      rule,
      ...one,
      got: one.got && expectationOf(one.got),
    }));
  });
}

describe('scenarios', () => {
  it.each(folders)('%s', async (folder) => {
    const log = join(SCENARIOS, folder, 'input.log');
    const incidents = await incidentsIn(log, config, await rulesIn(rulesPathOf(folder)));
    expect(told(expectedIn(folder), incidents)).toEqual([]);
  });

  it.each(folders)(
    'every line of %s is read as an attempt: silence is not a misread line',
    async (folder) => {
      const { stdout } = await runForTest(['parse', '--json', join(SCENARIOS, folder, 'input.log')]);
      const read = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { parsed: boolean });
      expect(read.filter(({ parsed }) => !parsed)).toEqual([]);
    },
  );

  it.each<DetectionKind>(['address-scan', 'port-scan', 'distributed-scan', 'stealth-scan', 'repeat', 'any'])(
    '%s has a scenario that fires and at least two near misses that do not',
    async (kind) => {
      let fires = 0;
      let misses = 0;
      for (const folder of folders) {
        const { rules } = await rulesIn(rulesPathOf(folder));
        if (!rules.some(({ detect }) => detect.some((spec) => spec.kind === kind))) continue;
        if (expectedIn(folder).some((one) => one.kind === kind)) fires++;
        else if (expectedIn(folder).length === 0) misses++;
      }
      expect(fires).toBeGreaterThanOrEqual(1);
      expect(misses).toBeGreaterThanOrEqual(2);
    },
  );
});

describe('tests in rule files', () => {
  const files = [join(ROOT, 'rules'), ...folders.map(rulesPathOf)];
  it.each([...new Set(files)].map((file) => file.slice(ROOT.length + 1)))(
    '%s passes its own tests',
    async (file) => {
      const results = await runRuleTests(config, await rulesIn(join(ROOT, file)));
      expect(results.filter(({ passed }) => !passed)).toEqual([]);
    },
  );
});
