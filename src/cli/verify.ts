import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config/config.ts';
import { listenPlan } from '../daemon/listeners.ts';
import { visible } from '../lib/escape.ts';
import { plural } from '../notify/words.ts';
import { Pipeline, type PipelineMode } from '../pipeline.ts';
import { createReceivers } from '../receive/index.ts';
import { replay } from '../replay/replay.ts';
import type { RuleSet } from '../rule.ts';
import { archiveDirectory } from '../store/places.ts';
import type { Frame } from '../types.ts';
import { archivedFrames } from './archived-frames.ts';
import { configOrFail } from './config-option.ts';
import { Coverage } from './coverage.ts';
import { coverageJson, coverageTable } from './coverage-text.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io, writeJson } from './io.ts';
import { openLogs } from './log-files.ts';
import { pipelineOptions } from './pipeline-options.ts';
import { Progress } from './progress.ts';
import { ReplayTotals } from './replay-totals.ts';
import { rulesOrFail } from './rules-option.ts';

/** Exit code of `--fail-on-never` when something watched was never logged. */
const EXIT_NEVER = 3;
const MAX_LISTEN_MS = 7 * 86_400_000;

interface Options {
  readonly rules?: string;
  readonly listen?: number;
  readonly json?: boolean;
  readonly failOnNever?: boolean;
}

function span(text: string): number {
  const match = /^(\d{1,6})(s|m|h|d)$/.exec(text);
  const ms =
    match === null
      ? 0
      : Number(match[1]) * { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 's'];
  if (ms < 1_000 || ms > MAX_LISTEN_MS)
    throw new InvalidArgumentError('write a span between 1s and 7d: 90s, 5m, 2h.');
  return ms;
}

function pipelineFor(config: Config, ruleSet: RuleSet, mode: PipelineMode): Pipeline {
  return new Pipeline({ ...pipelineOptions(config, ruleSet, mode), onTransition: () => {} });
}

async function readFiles(
  io: Io,
  paths: readonly string[],
  config: Config,
  ruleSet: RuleSet,
  coverage: Coverage,
  totals: ReplayTotals,
): Promise<void> {
  const files = await openLogs(paths);
  const progress = new Progress(io, files);
  try {
    await replay(files, pipelineFor(config, ruleSet, 'replay'), {
      maxLineBytes: config.limits.maxLineBytes,
      nowMs: Date.now(),
      onOutcome: (outcome, frame) => {
        totals.add(outcome, frame);
        for (const hit of outcome.hits) coverage.add(hit);
      },
      onProgress: () => progress.show(totals.lines),
    });
  } catch (error) {
    throw new CliError(EXIT_FAILURE, (error as Error).message);
  } finally {
    progress.clear();
    await Promise.all(files.map((file) => file.close()));
  }
}

/** Takes what the daemon has archived: every line that touched a watch list. The daemon may go on meanwhile. */
async function readArchive(
  config: Config,
  ruleSet: RuleSet,
  coverage: Coverage,
  totals: ReplayTotals,
): Promise<void> {
  const directory = archiveDirectory(config.stateDir);
  const pipeline = pipelineFor(config, ruleSet, 'live');
  try {
    for await (const frame of archivedFrames(directory)) take(frame, pipeline, coverage, totals);
  } catch (error) {
    throw new CliError(EXIT_FAILURE, (error as Error).message);
  }
  if (totals.lines === 0)
    throw new CliError(
      EXIT_USAGE,
      `nothing is archived in ${visible(directory)} yet; give log files, or --listen 5m to take what arrives`,
    );
}

function take(frame: Frame, pipeline: Pipeline, coverage: Coverage, totals: ReplayTotals): void {
  const outcome = pipeline.process(frame);
  totals.add(outcome, frame);
  for (const hit of outcome.hits) coverage.add(hit);
}

/** Takes what arrives at the configured listeners for a while; SIGINT ends it early, with what there is. */
async function listen(
  io: Io,
  ms: number,
  config: Config,
  ruleSet: RuleSet,
  coverage: Coverage,
  totals: ReplayTotals,
): Promise<void> {
  const pipeline = pipelineFor(config, ruleSet, 'live');
  const receivers = createReceivers(
    // How far the daemon has read a file is the daemon's to remember.
    listenPlan({ ...config, traps: [] }).listeners.map((listener) => ({ ...listener, stateDir: undefined })),
    (frame) => take(frame, pipeline, coverage, totals),
    ({ level, message }) => {
      if (level !== 'info') io.stderr.write(`${visible(message)}\n`);
    },
  );
  const early = new AbortController();
  const stop = () => early.abort();
  process.once('SIGINT', stop);
  try {
    for (const receiver of receivers) await receiver.start();
    io.stderr.write(
      `listening for ${ms / 1_000} s on ${receivers.map(({ name }) => name).join(', ')}; Ctrl-C shows what there is\n`,
    );
    await sleep(ms, undefined, { signal: early.signal }).catch(() => {});
  } catch (error) {
    throw new CliError(
      EXIT_FAILURE,
      `${(error as Error).message}. While the daemon runs, \`knockwatch verify\` alone asks its archive.`,
    );
  } finally {
    process.off('SIGINT', stop);
    await Promise.all(receivers.map((receiver) => receiver.stop()));
  }
}

/** `knockwatch verify`: is what the rules watch really being logged? */
export function registerVerify(program: Command, io: Io): void {
  program
    .command('verify')
    .description('say from log lines which watched host and port is really being logged, and which never was')
    .argument(
      '[file...]',
      "log files, plain or gzip; - reads standard input (default: the daemon's archive, where every line is that touched a watch list)",
    )
    .option(
      '--listen <time>',
      'take what arrives at the configured listeners for so long instead of files: 90s, 5m',
      span,
    )
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .option('--json', 'one JSON object per host and port')
    .option('--fail-on-never', `exit with code ${EXIT_NEVER} when something watched was never logged`)
    .addHelpText(
      'after',
      `
"never" is a host nobody knocks at, or a device that does not log it. To tell them apart, knock from outside (nc, nmap) at
your own hosts and look again. The JSON of a row: rule, host, port, logged, lines, last, device.

Examples:
  knockwatch verify
  knockwatch verify /var/log/router.log*
  knockwatch verify --listen 5m`,
    )
    .action(async (paths: string[], options: Options, command: Command) => {
      if (options.listen !== undefined && paths.length > 0)
        throw new CliError(EXIT_USAGE, 'give log files, or --listen 5m to take what arrives: one of the two');
      const config = await configOrFail(io, command);
      const ruleSet = await rulesOrFail(io, options.rules ?? config.rules);
      const coverage = new Coverage(ruleSet);
      const totals = new ReplayTotals();
      if (paths.length > 0) await readFiles(io, paths, config, ruleSet, coverage, totals);
      else if (options.listen === undefined) await readArchive(config, ruleSet, coverage, totals);
      else await listen(io, options.listen, config, ruleSet, coverage, totals);
      const { rows } = coverage;
      if (options.json) for (const row of rows) writeJson(io, coverageJson(row));
      else io.stdout.write(`${coverageTable(io, rows).join('\n')}\n`);
      const never = rows.filter(({ lines }) => lines === 0).length;
      io.stderr.write(
        `${rows.length - never} of ${rows.length} watched hosts and ports were logged, ${never} never; ${plural(totals.lines, 'line')} read\n`,
      );
      if (options.failOnNever && never > 0) throw new CliError(EXIT_NEVER);
    });
}
