import { type Command, Option } from 'commander';
import { numberSteps, spanSteps } from '../lib/steps.ts';
import {
  type CollectedHits,
  collectHits,
  countIncidents,
  THRESHOLDS,
  type Threshold,
  type TunableSpec,
  withSetting,
} from '../replay/tune.ts';
import type { Rule, RuleSet } from '../rule.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io, writeJson } from './io.ts';
import { openLogs } from './log-files.ts';
import { pipelineOptions } from './pipeline-options.ts';
import { Progress } from './progress.ts';
import { numberRange, spanRange, writeSpan } from './range-option.ts';
import { rulesOrFail } from './rules-option.ts';
import { heatTable, type Setting } from './tune-table.ts';

type Options = { readonly [K in Threshold]?: number[] } & {
  readonly rules?: string;
  readonly rule?: string;
  readonly within?: number[];
  readonly json?: boolean;
};

/** One detector of one rule. */
interface Subject {
  readonly rule: Rule;
  readonly spec: TunableSpec;
  readonly threshold: Threshold;
}

const NAMES = [...new Set(Object.values(THRESHOLDS))];
const MAX_MS = 31 * 86_400_000;

function thresholdIn(options: Options): Threshold | undefined {
  const given = NAMES.filter((name) => options[name] !== undefined);
  if (given.length > 1) throw new CliError(EXIT_USAGE, `one threshold at a time: --${given.join(' or --')}`);
  return given[0];
}

/** The one detector that is meant; says which there are when it is not clear. */
function subjectOf({ rules }: RuleSet, options: Options): Subject {
  const wanted = thresholdIn(options);
  const named = options.rule === undefined ? rules : rules.filter(({ id }) => id === options.rule);
  if (named.length === 0)
    throw new CliError(
      EXIT_USAGE,
      options.rule === undefined
        ? 'there are no rules'
        : `no rule is called ${options.rule}; there are ${rules.map(({ id }) => id).join(', ')}`,
    );
  const subjects = named.flatMap((rule) =>
    rule.detect.flatMap((spec): Subject[] =>
      spec.kind === 'any' ? [] : [{ rule, spec, threshold: THRESHOLDS[spec.kind] }],
    ),
  );
  const fitting = subjects.filter(({ threshold }) => wanted === undefined || threshold === wanted);
  if (fitting.length === 1) return fitting[0]!;
  const choices = (fitting.length === 0 ? subjects : fitting).map(
    ({ rule, spec, threshold }) => `--rule ${rule.id} --${threshold} (${spec.kind})`,
  );
  if (choices.length === 0)
    throw new CliError(EXIT_USAGE, 'there is nothing to tune: `any` has no threshold');
  const what = fitting.length === 0 ? `nothing is detected by ${wanted}` : 'several detectors could be meant';
  throw new CliError(EXIT_USAGE, `${what}; say which: ${choices.join(', or ')}`);
}

/** The values to try, ascending, today's among them. */
function axis(asked: readonly number[] | undefined, today: number, around: () => number[]): number[] {
  return [...new Set([...(asked ?? around()), today])].sort((a, b) => a - b);
}

/** Nobody writes a window of 1667 ms. */
function wholeSeconds(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}

function settingsOf(
  { spec, threshold }: Subject,
  options: Options,
  run: (spec: TunableSpec) => number,
): Setting[] {
  const today = (spec as unknown as Record<Threshold, number>)[threshold];
  const least = threshold === 'packets' ? 1 : 2;
  const thresholds = axis(options[threshold], today, () =>
    numberSteps(least, Math.max(today * 2, today + 3)),
  );
  if (thresholds[0]! < least)
    throw new CliError(EXIT_USAGE, `--${threshold} begins at ${least}: a rule can not ask for less`);
  const spans = axis(options.within, spec.withinMs, () =>
    spanSteps(Math.max(1_000, wholeSeconds(spec.withinMs / 6)), Math.min(spec.withinMs * 60, MAX_MS)),
  );
  return thresholds.flatMap((value) =>
    spans.map((withinMs) => ({
      threshold: value,
      withinMs,
      incidents: run(withSetting(spec, value, withinMs)),
      today: value === today && withinMs === spec.withinMs,
    })),
  );
}

function print(io: Io, subject: Subject, collected: CollectedHits, settings: readonly Setting[]): void {
  const { rule, spec, threshold } = subject;
  const of = (n: number) => n.toLocaleString('en');
  io.stdout.write(
    `${rule.id}, ${spec.kind}: incidents by ${threshold} and window, from ${of(collected.hits.length)} matching lines of ${of(collected.lines)}\n\n`,
  );
  for (const line of heatTable(io, threshold, settings)) io.stdout.write(`${line}\n`);
}

function json(
  { rule, spec, threshold }: Subject,
  { lines, hits }: CollectedHits,
  settings: readonly Setting[],
): object {
  return {
    rule: rule.id,
    kind: spec.kind,
    lines,
    hits: hits.length,
    settings: settings.map(({ threshold: value, withinMs, ...rest }) => ({
      [threshold]: value,
      within: writeSpan(withinMs),
      ...rest,
    })),
  };
}

/** `knockwatch tune FILE...`: how many incidents other thresholds and windows would have given. */
export function registerTune(program: Command, io: Io): void {
  const verb = program
    .command('tune')
    .description('show how many incidents other thresholds and windows would have given in old logs')
    .argument('<file...>', 'log files, plain or gzip; - reads standard input; several are merged by time')
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .option('--rule <id>', 'the rule to tune, when there are several');
  for (const name of NAMES) {
    const kinds = Object.entries(THRESHOLDS)
      .filter(([, threshold]) => threshold === name)
      .map(([kind]) => kind);
    verb.addOption(
      new Option(`--${name} <range>`, `values to try for ${kinds.join(', ')}: 2..6, or 2,3,5`).argParser(
        numberRange,
      ),
    );
  }
  verb
    .addOption(new Option('--within <range>', 'windows to try: 10s..1h, or 10s,60s,5m').argParser(spanRange))
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch tune --hosts 2..6 --within 10s..1h --rule classic-probe /var/log/router.log*',
    )
    .action(async (paths: string[], options: Options, self: Command) => {
      const config = await configOrFail(io, self);
      const ruleSet = await rulesOrFail(io, options.rules ?? config.rules);
      const subject = subjectOf(ruleSet, options);
      const { mode: _, ruleSet: __, ...pipeline } = pipelineOptions(config, ruleSet, 'replay');
      const files = await openLogs(paths);
      const progress = new Progress(io, files);
      let collected: CollectedHits;
      try {
        const { maxLineBytes } = config.limits;
        collected = await collectHits(files, subject.rule, ruleSet, pipeline, {
          maxLineBytes,
          nowMs: Date.now(),
          onLines: (lines) => progress.show(lines),
        });
      } catch (error) {
        throw new CliError(EXIT_FAILURE, (error as Error).message);
      } finally {
        progress.clear();
        await Promise.all(files.map((file) => file.close()));
      }
      const settings = settingsOf(subject, options, (spec) => countIncidents(collected, spec, pipeline));
      if (options.json) writeJson(io, json(subject, collected, settings));
      else print(io, subject, collected, settings);
    });
}
