import type { Command } from 'commander';
import { visible } from '../lib/escape.ts';
import { textTable } from '../lib/text-table.ts';
import { runningPid } from '../store/pid-file.ts';
import type { OutboxEntry } from '../types.ts';
import { configOrFail } from './config-option.ts';
import { second } from './incident-text.ts';
import { CliError, EXIT_FAILURE, type Io, writeJson } from './io.ts';
import { withConfiguredStore } from './open-shared-store.ts';

interface Row {
  readonly state: 'waiting' | 'given up';
  readonly entry: OutboxEntry;
}

function print(io: Io, rows: readonly Row[], json: boolean | undefined): void {
  if (json) {
    for (const { state, entry } of rows) {
      const { alert, channel, attempts, createdAtMs, because } = entry;
      writeJson(io, {
        state,
        alert: alert.id,
        channel,
        subject: alert.subject,
        severity: alert.severity,
        attempts,
        accepted: new Date(createdAtMs).toISOString(),
        because,
      });
    }
    return;
  }
  const cells = rows.map(({ state, entry: { alert, channel, attempts, createdAtMs, because = '' } }) => [
    alert.id,
    channel,
    state,
    second(createdAtMs),
    String(attempts),
    visible(alert.subject, 100),
    visible(because, 200),
  ]);
  if (rows.length > 0)
    io.stdout.write(
      `${textTable([['ALERT', 'CHANNEL', 'STATE', 'ACCEPTED', 'TRIES', 'SUBJECT', 'BECAUSE'], ...cells], { align: ['left', 'left', 'left', 'left', 'right'] }).join('\n')}\n`,
    );
  const dead = rows.filter(({ state }) => state === 'given up').length;
  io.stderr.write(`${rows.length - dead} on their way, ${dead} given up\n`);
}

/** `knockwatch outbox`: alerts on their way and those given up; `--retry` sends the latter again. */
export function registerOutbox(program: Command, io: Io): void {
  program
    .command('outbox')
    .description('list alerts on their way and those that were given up, and why; --retry tries those again')
    .option('--retry [alert]', 'let what was given up wait again: all of it, or one alert')
    .option('--json', 'one JSON object per alert and channel')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch outbox\n  knockwatch outbox --retry\n  knockwatch outbox --retry 3f2a9c01b7de.first',
    )
    .action(async (options: { retry?: string | true; json?: boolean }, command: Command) => {
      const config = await configOrFail(io, command);
      await withConfiguredStore(io, config, async (store) => {
        if (options.retry !== undefined) {
          const alert = options.retry === true || options.retry === 'all' ? undefined : options.retry;
          const count = await store.retryDead(Date.now(), alert);
          if (count === 0 && alert !== undefined)
            throw new CliError(EXIT_FAILURE, `nothing called ${alert} was given up`);
          const pid = runningPid(config.stateDir);
          const shared = config.state !== 'embedded';
          const next = shared ? 'any node that runs' : pid === undefined ? undefined : `process ${pid}`;
          const who = next === undefined ? 'the next daemon tries them' : `${next} tries them within seconds`;
          if (options.json) writeJson(io, { retried: count, ...(pid === undefined ? {} : { pid }) });
          else io.stdout.write(`${count} ${count === 1 ? 'alert waits' : 'alerts wait'} again; ${who}\n`);
          return;
        }
        const waiting = store.outbox().map((entry): Row => ({ state: 'waiting', entry }));
        const dead = store.deadLetters().map((entry): Row => ({ state: 'given up', entry }));
        print(io, [...waiting, ...dead], options.json);
      });
    });
}
