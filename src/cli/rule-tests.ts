import type { Config } from '../config/config.ts';
import { Pipeline } from '../pipeline.ts';
import { LogFile } from '../receive/file.ts';
import { replay } from '../replay/replay.ts';
import type { RuleSet, RuleTest } from '../rule.ts';
import { type Difference, differences } from '../rules/expectations.ts';
import type { Incident } from '../types.ts';
import { pipelineOptions } from './pipeline-options.ts';

/** What came of one test. */
export interface RuleTestResult {
  readonly ruleId: string;
  readonly test: RuleTest;
  readonly passed: boolean;
  /** Why the lines could not be read. */
  readonly problem?: string;
  readonly differences: readonly Difference[];
}

/** All incidents of a log under a rule set, closed, in order of opening. Rejects when it can not be read to its end. */
export async function incidentsIn(path: string, config: Config, ruleSet: RuleSet): Promise<Incident[]> {
  const closed: Incident[] = [];
  const pipeline = new Pipeline({
    ...pipelineOptions(config, ruleSet, 'replay'),
    onTransition: (incident, transition) => {
      if (transition === 'closed') closed.push(incident);
    },
  });
  const file = await LogFile.open(path);
  try {
    const { maxLineBytes } = config.limits;
    await replay([file], pipeline, { maxLineBytes, nowMs: Date.now(), onOutcome: () => {} });
  } finally {
    await file.close();
  }
  return closed.sort((a, b) => a.openedAtMs - b.openedAtMs || (a.identifier < b.identifier ? -1 : 1));
}

/**
 * Runs the tests in the rule files, in the order of the rules. The lines go through the whole rule set, as they would in
 * the daemon; only incidents of the rule the test belongs to are compared.
 */
export async function runRuleTests(config: Config, ruleSet: RuleSet): Promise<RuleTestResult[]> {
  const logs = new Map<string, Promise<Incident[]>>();
  const results: RuleTestResult[] = [];
  for (const { id: ruleId, tests } of ruleSet.rules) {
    for (const test of tests) {
      const incidents = logs.get(test.lines) ?? incidentsIn(test.lines, config, ruleSet);
      logs.set(test.lines, incidents);
      results.push(await judge(ruleId, test, incidents));
    }
  }
  return results;
}

async function judge(ruleId: string, test: RuleTest, lines: Promise<Incident[]>): Promise<RuleTestResult> {
  try {
    const incidents = (await lines).filter((incident) => incident.ruleId === ruleId);
    const found = differences(test.expect, incidents);
    return { ruleId, test, passed: found.length === 0, differences: found };
  } catch (error) {
    return { ruleId, test, passed: false, problem: (error as Error).message, differences: [] };
  }
}
