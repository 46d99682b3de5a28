import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { visible } from '../lib/escape.ts';
import { plural } from '../notify/words.ts';
import type { AppStatus } from '../status.ts';
import { runningPid } from '../store/pid-file.ts';
import { readStatusFile } from '../store/status-file.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, type Io, paint, writeJson } from './io.ts';

const ANSWER_MS = 10_000;
const LOOK_MS = 50;

/** The daemon's status once it has looked at its rules after `sinceMs`; undefined when it does not in time. */
async function answer(stateDir: string, pid: number, sinceMs: number): Promise<AppStatus | undefined> {
  for (const deadline = performance.now() + ANSWER_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const status = readStatusFile(stateDir);
    if (status?.pid === pid && status.rules.checkedAtMs > sinceMs) return status;
  }
  return undefined;
}

/** `knockwatch reload`: tells the running daemon to read its rules again, and says what it made of them. */
export function registerReload(program: Command, io: Io): void {
  program
    .command('reload')
    .description('tell the running daemon to read its rules again; wrong ones change nothing')
    .option('--json', 'what the daemon says about its rules, as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch reload\n  knockwatch reload --config /etc/knockwatch/knockwatch.yaml',
    )
    .action(async (options: { json?: boolean }, command: Command) => {
      const { stateDir } = await configOrFail(io, command);
      const pid = runningPid(stateDir);
      if (pid === undefined)
        throw new CliError(EXIT_FAILURE, `no daemon is running on the state directory ${stateDir}`);
      const sinceMs = readStatusFile(stateDir)?.rules.checkedAtMs ?? 0;
      try {
        process.kill(pid, 'SIGHUP');
      } catch (error) {
        throw new CliError(EXIT_FAILURE, `process ${pid} can not be told: ${(error as Error).message}`);
      }
      const rules = (await answer(stateDir, pid, sinceMs))?.rules;
      if (rules === undefined)
        throw new CliError(
          EXIT_FAILURE,
          `process ${pid} was told, but gave no answer in ${ANSWER_MS / 1_000} s`,
        );
      if (options.json) writeJson(io, { pid, ...rules });
      for (const problem of options.json ? [] : (rules.problems ?? []))
        io.stderr.write(`${paint(io, 'stderr', 'red', visible(problem))}\n`);
      if (rules.problems !== undefined)
        throw new CliError(EXIT_FAILURE, 'the new rules can not be used, the old ones stay');
      if (!options.json)
        io.stdout.write(
          `ok: ${plural(rules.rules, 'rule')} from ${plural(rules.files.length, 'file')} ${rules.rules === 1 ? 'is' : 'are'} in force in process ${pid}\n`,
        );
    });
}
