import { setFlagsFromString } from 'node:v8';
import { type Command, InvalidArgumentError } from 'commander';
import { incidentToEcs } from '../lib/ecs.ts';
import { jsonLine, visible } from '../lib/escape.ts';
import { serviceName } from '../lib/services.ts';
import { textTable } from '../lib/text-table.ts';
import { Pipeline } from '../pipeline.ts';
import type { LogFile } from '../receive/file.ts';
import { replay } from '../replay/replay.ts';
import type { Incident } from '../types.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, type Io, paint } from './io.ts';
import { openLogs } from './log-files.ts';
import { pipelineOptions } from './pipeline-options.ts';
import { Progress } from './progress.ts';
import { ReplayReport } from './replay-report.ts';
import { ReplayTotals } from './replay-totals.ts';
import { rulesOrFail } from './rules-option.ts';

/** Exit code of `--fail-on-incident` when there was one. */
const EXIT_INCIDENT = 3;

function ports(incident: Incident): string {
  const names = incident.ports
    .slice(0, 4)
    .map((port) => serviceName(port, incident.transports[0]) ?? String(port));
  return incident.ports.length > 4
    ? `${names.join(', ')} and ${incident.ports.length - 4} more`
    : names.join(', ') || '-';
}

function table(incidents: readonly Incident[]): string[] {
  const rows = incidents.map((incident) => [
    new Date(incident.openedAtMs).toISOString().replace('.000Z', 'Z'),
    incident.severity,
    incident.kind,
    incident.sources.length === 1 ? incident.sources[0]! : `${incident.sources.length} sources`,
    ports(incident),
    String(new Set(incident.targets.map((target) => target.ip)).size),
    String(incident.count),
    incident.ruleId,
  ]);
  const head = ['OPENED', 'SEVERITY', 'KIND', 'SOURCE', 'PORTS', 'HOSTS', 'PACKETS', 'RULE'];
  return textTable([head, ...rows], {
    align: ['left', 'left', 'left', 'left', 'left', 'right', 'right', 'left'],
  });
}

/** Incidents close in any order and are printed in order of opening: one waits for those that opened before it. */
function byOpening(a: Opening, b: Opening): number {
  return (
    a.openedAtMs - b.openedAtMs || (a.identifier < b.identifier ? -1 : a.identifier > b.identifier ? 1 : 0)
  );
}

function milliseconds(text: string): number {
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('write a number and a unit: 500ms, 5s, 2m.');
  return Number(match[1]) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h'];
}

function threadCount(text: string): number {
  if (!/^[12]$/.test(text)) throw new InvalidArgumentError('write 1 or 2.');
  return Number(text);
}

/** Logs of this size leave more garbage behind than they need memory. */
const LONG_BYTES = 512 << 20;

/**
 * Tells V8 what it can not know: hardly any code runs often enough to be worth optimising, which would take a third of the
 * time, and what is allocated dies at once, so that a growing nursery only costs memory. In a long run hits that have left
 * their windows would fill the memory before they are collected; collecting them sooner costs one part in twenty-five.
 */
function expectLittleWork(files: readonly LogFile[]): void {
  setFlagsFromString('--interrupt-budget=600000');
  setFlagsFromString('--semi-space-growth-factor=1');
  const bytes = files.reduce((sum, { sizeBytes = LONG_BYTES }) => sum + sizeBytes, 0);
  if (bytes >= LONG_BYTES) setFlagsFromString('--optimize-for-size');
}

type Opening = Pick<Incident, 'openedAtMs' | 'identifier'>;

/** What is kept of an incident until it is printed: its text needs a quarter of the memory. */
interface ClosedJson extends Opening {
  readonly json: string;
}

interface Options {
  readonly rules?: string;
  readonly json?: boolean;
  readonly lateness?: number;
  readonly threads: number;
  readonly failOnIncident?: boolean;
}

async function readAll(
  files: readonly LogFile[],
  pipeline: Pipeline,
  totals: ReplayTotals,
  report: ReplayReport | undefined,
  io: Io,
  { maxLineBytes, threads }: { readonly maxLineBytes: number; readonly threads: number },
): Promise<void> {
  const progress = new Progress(io, files);
  try {
    await replay(files, pipeline, {
      maxLineBytes,
      nowMs: Date.now(),
      onOutcome: (outcome, frame) => {
        totals.add(outcome, frame);
        report?.add(outcome);
      },
      // The report tells what was denied elsewhere too; without one, lines about nothing watched need not be read.
      ...(report === undefined ? { onPassedOver: (lines: number) => totals.passOver(lines) } : {}),
      ...(threads > 1 ? { searchAhead: {} } : {}),
      onProgress: () => progress.show(totals.lines),
    });
  } finally {
    progress.clear();
    await Promise.all(files.map((file) => file.close()));
  }
}

/** `knockwatch replay FILE...`: what would have happened, by the time in the logs. Sends nothing. */
export function registerReplay(program: Command, io: Io): void {
  program
    .command('replay')
    .description('run old logs through the rules, by the time in the logs; sends nothing')
    .argument('<file...>', 'log files, plain or gzip; - reads standard input; several are merged by time')
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .option('--json', 'one JSON object per incident on stdout, in order of opening')
    .option('--lateness <time>', 'how far out of order lines may be (default: as configured)', milliseconds)
    .option(
      '--threads <count>',
      '2: search plain logs of more than 256 MB in a second thread, a third faster where a processor is free, in 115 MB',
      threadCount,
      1,
    )
    .option('--fail-on-incident', `exit with code ${EXIT_INCIDENT} when there was an incident`)
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch replay /var/log/router.log*\n  zcat old.gz | knockwatch replay --rules rules/office.yaml --json -',
    )
    .action(async (paths: string[], options: Options, command: Command) => {
      const config = await configOrFail(io, command);
      const ruleSet = await rulesOrFail(io, options.rules ?? config.rules);
      const files = await openLogs(paths);
      const closed: Incident[] = [];
      const closedJson: ClosedJson[] = [];
      const totals = new ReplayTotals();
      const report = options.json ? undefined : new ReplayReport(config);
      if (report === undefined) expectLittleWork(files);
      const pipeline = new Pipeline({
        ...pipelineOptions(config, ruleSet, 'replay'),
        ...(options.lateness === undefined ? {} : { latenessMs: options.lateness }),
        onTransition: (incident, transition) => {
          report?.note(incident, transition, pipeline.rule(incident.ruleId)!);
          if (transition !== 'closed') return;
          const { openedAtMs, identifier } = incident;
          if (report !== undefined) closed.push(incident);
          else closedJson.push({ openedAtMs, identifier, json: jsonLine(incidentToEcs(incident)) });
        },
      });
      let failure: Error | undefined;
      try {
        await readAll(files, pipeline, totals, report, io, {
          maxLineBytes: config.limits.maxLineBytes,
          threads: options.threads,
        });
      } catch (error) {
        // What was read so far has been judged; it is worth showing before the failure is.
        failure = error as Error;
        pipeline.flush();
      }
      closed.sort(byOpening);
      for (const { json } of closedJson.sort(byOpening)) io.stdout.write(`${json}\n`);
      if (closed.length > 0)
        io.stdout.write(
          `${table(closed)
            .map((line) => visible(line))
            .join('\n')}\n`,
        );
      const incidents = closed.length + closedJson.length;
      for (const line of report?.lines(io, closed, ruleSet.rules) ?? []) io.stdout.write(`${line}\n`);
      for (const line of totals.sentences(incidents, pipeline.stats()))
        io.stderr.write(`${paint(io, 'stderr', 'dim', visible(line))}\n`);
      if (failure !== undefined) throw new CliError(EXIT_FAILURE, failure.message);
      if (options.failOnIncident && incidents > 0) throw new CliError(EXIT_INCIDENT);
    });
}
