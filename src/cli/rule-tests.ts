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

/** What a log is under a rule set. */
interface LogResult {
  /** All of them, closed, in order of opening. */
  readonly incidents: readonly Incident[];
  /** Lines a parser knows. */
  readonly known: number;
}

/** Reads a log under a rule set. Rejects when it can not be read to its end. */
async function readLog(path: string, config: Config, ruleSet: RuleSet): Promise<LogResult> {
  const closed: Incident[] = [];
  let known = 0;
  const pipeline = new Pipeline({
    ...pipelineOptions(config, ruleSet, 'replay'),
    onTransition: (incident, transition) => {
      if (transition === 'closed') closed.push(incident);
    },
  });
  const file = await LogFile.open(path);
  try {
    const { maxLineBytes } = config.limits;
    await replay([file], pipeline, {
      maxLineBytes,
      nowMs: Date.now(),
      onOutcome: ({ result }) => {
        if (result !== undefined && result.kind !== 'malformed') known++;
      },
    });
  } finally {
    await file.close();
  }
  closed.sort((a, b) => a.openedAtMs - b.openedAtMs || (a.identifier < b.identifier ? -1 : 1));
  return { incidents: closed, known };
}

/** All incidents of a log under a rule set, closed, in order of opening. Rejects when it can not be read to its end. */
export async function incidentsIn(
  path: string,
  config: Config,
  ruleSet: RuleSet,
): Promise<readonly Incident[]> {
  return (await readLog(path, config, ruleSet)).incidents;
}

/**
 * Runs the tests in the rule files, in the order of the rules. The lines go through the whole rule set, as they would in
 * the daemon; only incidents of the rule the test belongs to are compared.
 */
export async function runRuleTests(config: Config, ruleSet: RuleSet): Promise<RuleTestResult[]> {
  const logs = new Map<string, Promise<LogResult>>();
  const results: RuleTestResult[] = [];
  for (const { id: ruleId, tests } of ruleSet.rules) {
    for (const test of tests) {
      const log = logs.get(test.lines) ?? readLog(test.lines, config, ruleSet);
      logs.set(test.lines, log);
      results.push(await judge(ruleId, test, log));
    }
  }
  return results;
}

async function judge(ruleId: string, test: RuleTest, log: Promise<LogResult>): Promise<RuleTestResult> {
  const failed = (problem: string) => ({ ruleId, test, passed: false, problem, differences: [] });
  try {
    const { incidents: all, known } = await log;
    // Silence proves nothing about lines nobody understood.
    if (known === 0) return failed(`no line of ${test.lines} could be read: \`knockwatch parse\` says why`);
    const incidents = all.filter((incident) => incident.ruleId === ruleId);
    const found = differences(test.expect, incidents);
    return { ruleId, test, passed: found.length === 0, differences: found };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failed(code === 'ENOENT' ? `${test.lines}: there is no such file` : message);
  }
}
