import { existsSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { attemptToEcs, incidentToEcs } from '../lib/ecs.ts';
import { visible } from '../lib/escape.ts';
import { forEachLine } from '../receive/file.ts';
import { configOrFail } from './config-option.ts';
import { explanationText } from './explain-text.ts';
import { Explainer, type Explanation } from './explanation.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io, paint, writeJson } from './io.ts';
import { openLogs } from './log-files.ts';
import { rulesOrFail } from './rules-option.ts';

interface Options {
  readonly rules?: string;
  readonly log?: readonly string[];
  readonly json?: boolean;
}

interface Place {
  readonly path: string;
  readonly line: number;
}

const usage = (message: string) => new CliError(EXIT_USAGE, visible(message));

/** `router.log:12` when there is such a file; everything else is a line, unless it can only be meant for a file. */
function fileAndLine(argument: string): Place | undefined {
  const match = /^(.+):(\d{1,15})$/.exec(argument);
  const [, path = argument, line] = match ?? [];
  const isPath = /^\S*[/.]\S*$/.test(path) && (match !== null || /^[\w./~-]+$/.test(path));
  if (!existsSync(path)) {
    if (isPath) throw usage(`${path}: there is no such file`);
    return undefined;
  }
  if (Number(line) > 0) return { path, line: Number(line) };
  const which = line === undefined ? 'which line of it?' : 'lines are counted from 1.';
  throw usage(`${path}: ${which} Write ${path}:NUMBER`);
}

/** The first line of standard input. */
async function lineFromInput(): Promise<string> {
  const [input] = await openLogs(['-']);
  const block = await input!.next();
  await input!.close();
  let first: string | undefined;
  if (block !== undefined) forEachLine(block, (line) => (first ??= line.toString('utf8') || undefined));
  if (first === undefined) throw usage('there is no line on standard input');
  return first;
}

function isSameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (one === undefined || other === undefined) return a === b;
  return one.dev === other.dev && one.ino === other.ino;
}

/** A line of a file after what came before it: there, and in the other logs. */
async function explainPlace(
  { path, line }: Place,
  explainer: Explainer,
  logs: readonly string[],
): Promise<Explanation> {
  // The file itself may be among them, as in `router.log*`: it is read once.
  const others = logs.filter((log) => !isSameFile(log, path));
  const found = await explainer.find(
    await openLogs([...others, path]),
    ({ peer }) => peer.address === path && peer.port === line,
  );
  if (found === undefined) throw usage(`${path} has no line ${line}, or it is empty`);
  return found;
}

async function explain(
  argument: string,
  explainer: Explainer,
  logs: readonly string[],
): Promise<Explanation> {
  const place = argument === '-' ? undefined : fileAndLine(argument);
  if (place !== undefined) return explainPlace(place, explainer, logs);
  const line = argument === '-' ? await lineFromInput() : argument;
  if (logs.length > 0) {
    const wanted = Buffer.from(line);
    const found = await explainer.find(await openLogs(logs), ({ bytes }) => bytes.equals(wanted));
    if (found !== undefined) return found;
  }
  return explainer.explain(line);
}

function json({ text, lineNumber, outcome, whyNot, rules, incidents, decision }: Explanation): object {
  const { message, attempt, time } = outcome;
  const { text: _, structuredData, ...envelope } = message;
  const sd =
    structuredData &&
    Object.fromEntries([...structuredData].map(([id, params]) => [id, Object.fromEntries(params)]));
  return {
    line: { text, number: lineNumber },
    envelope: { ...envelope, structuredData: sd },
    ...(attempt === undefined
      ? { parsed: false, reason: whyNot }
      : { parsed: true, attempt: attemptToEcs(attempt, attempt.atMs) }),
    time: time && { at: new Date(time.atMs).toISOString(), source: time.source, because: time.because },
    rules: rules.map(({ ruleId, ...rest }) => ({ rule: ruleId, ...rest })),
    incidents: incidents.map(incidentToEcs),
    decision,
  };
}

/** `knockwatch explain LINE`: what every stage makes of one line, and why there is a mail or none. */
export function registerExplain(program: Command, io: Io): void {
  program
    .command('explain')
    .description('show what every stage makes of one line: format, fields, time, rules, windows, decision')
    .argument(
      '<line>',
      'a log line, - for the first of standard input, or FILE:NUMBER for a line of a file after all lines before it',
    )
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .option(
      '--log <file...>',
      'log files to read first, up to the line if it is in them, or up to its time, so that windows hold what they held',
    )
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
The budget of mails is left out of the decision: it depends on what else was mailed.

Examples:
  knockwatch explain /var/log/router.log:812
  knockwatch explain 'Jan 24 18:47:46 gw1 312: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet'
  knockwatch explain /var/log/router.log:3 --log /var/log/router.log.1`,
    )
    .action(async (argument: string, options: Options, command: Command) => {
      const config = await configOrFail(io, command);
      const ruleSet = await rulesOrFail(io, options.rules ?? config.rules);
      const explainer = new Explainer(config, ruleSet, Date.now());
      let explanation: Explanation;
      try {
        explanation = await explain(argument, explainer, options.log ?? []);
      } catch (error) {
        throw error instanceof CliError ? error : new CliError(EXIT_FAILURE, (error as Error).message);
      }
      if (options.json) writeJson(io, json(explanation));
      else io.stdout.write(explanationText(io, explanation));
      const alone = explanation.lineNumber === undefined && options.log === undefined;
      if (alone && explanation.outcome.hits.length > 0) {
        io.stderr.write(
          `${paint(io, 'stderr', 'dim', 'One line alone: the windows were empty. --log FILE reads what came before it.')}\n`,
        );
      }
    });
}
