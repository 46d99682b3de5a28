import type { Command } from 'commander';
import { visible } from '../lib/escape.ts';
import { type Difference, expectationOf, writeExpectation } from '../rules/expectations.ts';
import type { Incident } from '../types.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, type Io, paint, writeJson } from './io.ts';
import { type RuleTestResult, runRuleTests } from './rule-tests.ts';
import { rulesOrFail } from './rules-option.ts';

/** An incident as a test would ask for it, and what such a test could not say. */
function incidentText(incident: Incident): string {
  const more = [
    ...(incident.ports.length > 1 ? [`${incident.ports.length} ports`] : []),
    ...(incident.sources.length > 1 ? [`${incident.sources.length} sources`] : []),
  ];
  return writeExpectation(expectationOf(incident)) + (more.length === 0 ? '' : ` (${more.join(', ')})`);
}

function differenceText(difference: Difference): string[] {
  const wanted = difference.expected === undefined ? 'nothing' : writeExpectation(difference.expected);
  const got = difference.got === undefined ? 'nothing' : incidentText(difference.got);
  const because = difference.expected === undefined || difference.got === undefined ? [] : difference.because;
  return [`expected  ${wanted}`, `got       ${got}`, ...because.map((fault) => `because   ${fault}`)];
}

function print(io: Io, { ruleId, test, passed, problem, differences }: RuleTestResult): void {
  if (passed) {
    io.stdout.write(`${paint(io, 'stdout', 'green', 'ok')}    ${ruleId}: ${visible(test.name)}\n`);
    return;
  }
  const { file, line, column } = test.position;
  const details = [...(problem === undefined ? [] : [problem]), ...differences.flatMap(differenceText)];
  io.stdout.write(`${paint(io, 'stdout', 'red', 'FAIL')}  ${ruleId}: ${visible(test.name)}\n`);
  for (const detail of [visible(`${file}:${line}:${column}`), ...details.map((text) => visible(text))])
    io.stdout.write(`      ${detail}\n`);
}

function json({ ruleId, test, passed, problem, differences }: RuleTestResult): object {
  return {
    rule: ruleId,
    test: test.name,
    file: test.position.file,
    line: test.position.line,
    lines: test.lines,
    passed,
    problem,
    differences: differences.map(({ expected, got, ...rest }) => ({
      expected,
      got: got && expectationOf(got),
      ...rest,
    })),
  };
}

/** `knockwatch test`: do the rules do what their tests say? */
export function registerTest(program: Command, io: Io): void {
  program
    .command('test')
    .description('run the tests that are written in the rule files')
    .argument('[path]', 'rule directory or file (default: the one the configuration names)')
    .option('--json', 'one JSON object per test')
    .addHelpText('after', '\nExamples:\n  knockwatch test\n  knockwatch test rules/office.yaml --json')
    .action(async (path: string | undefined, options: { json?: boolean }, command: Command) => {
      const config = await configOrFail(io, command);
      const rulesPath = path ?? config.rules;
      const results = await runRuleTests(config, await rulesOrFail(io, rulesPath));
      for (const result of results) {
        if (options.json) writeJson(io, json(result));
        else print(io, result);
      }
      const failed = results.filter(({ passed }) => !passed).length;
      const sum =
        results.length === 0
          ? `there are no tests in ${rulesPath}`
          : `${results.length - failed} passed, ${failed} failed`;
      if (!options.json) io.stdout.write(`${visible(sum)}\n`);
      if (failed > 0) throw new CliError(EXIT_FAILURE);
    });
}
