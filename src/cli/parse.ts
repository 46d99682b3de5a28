import type { Command } from 'commander';
import { attemptToEcs } from '../lib/ecs.ts';
import { visible } from '../lib/escape.ts';
import type { Outcome } from '../pipeline.ts';
import { Pipeline } from '../pipeline.ts';
import type { LogFile } from '../receive/file.ts';
import { replay } from '../replay/replay.ts';
import type { RuleSet } from '../rule.ts';
import type { Attempt, Frame } from '../types.ts';
import { attemptFields, whyNot } from './attempt-text.ts';
import { configOrFail } from './config-option.ts';
import { type Io, writeJson } from './io.ts';
import { openLogs } from './log-files.ts';
import { pipelineOptions } from './pipeline-options.ts';

const NO_RULES: RuleSet = { rules: [], ignores: [], names: new Map(), files: [] };

/** One attempt on one line for people. */
function describe(attempt: Attempt): string {
  return [new Date(attempt.atMs).toISOString(), attempt.parser, ...attemptFields(attempt)].join('  ');
}

function parsedLine(frame: Frame, outcome: Outcome): object {
  const line = frame.peer.port;
  if (outcome.attempt === undefined) return { line, parsed: false, reason: whyNot(outcome) };
  const stated = outcome.time !== undefined && outcome.time.source !== 'receipt';
  return { line, parsed: true, ...attemptToEcs(outcome.attempt, stated ? outcome.attempt.atMs : undefined) };
}

/** `knockwatch parse FILE`: what each line is read as, in order. */
export function registerParse(program: Command, io: Io): void {
  program
    .command('parse')
    .description('show what each line of a log is read as, or why it is not')
    .argument('<file...>', 'log files, plain or gzip; - reads standard input')
    .option('--json', 'one JSON object per line, in ECS names')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch parse /var/log/router.log | less\n  knockwatch parse --json - < one-line.log',
    )
    .action(async (paths: string[], options: { json?: boolean }, command: Command) => {
      const config = await configOrFail(io, command);
      const print = (outcome: Outcome, frame: Frame) => {
        if (options.json) writeJson(io, parsedLine(frame, outcome));
        else if (outcome.attempt !== undefined) io.stdout.write(`${visible(describe(outcome.attempt))}\n`);
        else io.stdout.write(`- ${visible(whyNot(outcome), 200)}: ${visible(outcome.message.text, 200)}\n`);
      };
      // One file after the other: a line is read the same whatever stands in the other files.
      for (const path of paths) {
        const pipeline = new Pipeline({
          ...pipelineOptions(config, NO_RULES, 'replay'),
          onTransition: () => {},
        });
        const [file] = (await openLogs([path])) as [LogFile];
        const onEmpty = (line: number) => {
          if (options.json) writeJson(io, { line, parsed: false, reason: 'empty line' });
        };
        const { maxLineBytes } = config.limits;
        await replay([file], pipeline, { maxLineBytes, nowMs: Date.now(), onOutcome: print, onEmpty });
      }
    });
}
