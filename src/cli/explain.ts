import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { attemptToEcs, incidentToEcs } from '../lib/ecs.ts';
import { visible } from '../lib/escape.ts';
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

/** `router.log:12` when there is such a file; everything else is a line, unless it can only be meant for a file. */
function fileAndLine(argument: string): { readonly path: string; readonly line: number } | undefined {
  const match = /^(.+):([1-9]\d{0,14})$/.exec(argument);
  if (match === null) return undefined;
  const [, path, line] = match as unknown as [string, string, string];
  if (existsSync(path)) return { path, line: Number(line) };
  if (/^\S*[/.]\S*$/.test(path)) throw new CliError(EXIT_USAGE, `${visible(path)}: there is no such file`);
  return undefined;
}

async function explain(
  argument: string,
  explainer: Explainer,
  logs: readonly string[],
): Promise<Explanation> {
  const place = fileAndLine(argument);
  const wanted = Buffer.from(argument);
  if (logs.length > 0) {
    const found = await explainer.find(
      await openLogs(logs),
      ({ bytes }) => place === undefined && bytes.equals(wanted),
    );
    if (found !== undefined) return found;
  }
  if (place === undefined) return explainer.explain(argument);
  const found = await explainer.find(await openLogs([place.path]), ({ peer }) => peer.port === place.line);
  if (found === undefined)
    throw new CliError(EXIT_USAGE, `${place.path} has no line ${place.line}, or it is empty`);
  return found;
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
    .argument('<line>', 'a log line, or FILE:NUMBER for a line of a file after all lines before it')
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .option(
      '--log <file...>',
      'log files to read first, up to the line if it is in them, so that windows hold what they held',
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
