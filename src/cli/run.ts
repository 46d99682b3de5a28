import { closeSync, openSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { App } from '../daemon/app.ts';
import { channelSentence } from '../daemon/notifications.ts';
import { Persistence } from '../daemon/persistence.ts';
import { plural } from '../notify/words.ts';
import { type InheritedSocket, inheritedSockets } from '../receive/inherited.ts';
import { StoreLocked } from '../store/store.ts';
import { Telemetry } from '../telemetry.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io } from './io.ts';
import { logDestination } from './log-destination.ts';
import { pipelineOptions } from './pipeline-options.ts';
import { rulesOrFail } from './rules-option.ts';
import { runnableConfigOrFail } from './start-problems.ts';
import { packageVersion } from './version.ts';

const ENDING = ['SIGINT', 'SIGTERM'] as const;

/** Resolves with the first of these signals; a second one ends the process at once, as impatient people expect. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const hear = (signal: NodeJS.Signals) => {
      // Whichever comes next finds nobody who listens, and does what it does to any process.
      for (const each of ENDING) process.off(each, hear);
      resolve(signal);
    };
    for (const each of ENDING) process.on(each, hear);
  });
}

function terminalIsGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}

/** The store and the archive; a second daemon on the same state directory ends here. */
async function persistenceOrFail(config: Config, telemetry: Telemetry): Promise<Persistence> {
  try {
    return await Persistence.open(config, telemetry);
  } catch (error) {
    const { message } = error as Error;
    const advice =
      error instanceof StoreLocked
        ? ': another knockwatch has this state directory; stop it, or give this one a stateDir of its own'
        : '';
    throw new CliError(EXIT_FAILURE, `${message}${advice}`);
  }
}

/** The sockets of socket activation; programs that we start must not take them for theirs, sd_listen_fds(3). */
function takeInherited(): InheritedSocket[] {
  const sockets = inheritedSockets();
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
  return sockets;
}

/** `knockwatch run`: the daemon, in the foreground. */
export function registerRun(program: Command, io: Io): void {
  program
    .command('run')
    .description(
      'listen for syslog, watch, and send alerts; stays in the foreground until SIGTERM or SIGINT; SIGHUP reads the rules again',
    )
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch run\n  knockwatch run --config /etc/knockwatch/knockwatch.yaml',
    )
    .action(async (options: { rules?: string }, command: Command) => {
      const config = await runnableConfigOrFail(io, command);
      const rulesPath = options.rules ?? config.rules;
      const ruleSet = await rulesOrFail(io, rulesPath, config.channels);
      const telemetry = new Telemetry(config.log.level, logDestination(io));
      const persistence = await persistenceOrFail(config, telemetry);
      let app: App;
      try {
        app = new App({
          config,
          ruleSet,
          rulesPath,
          telemetry,
          persistence,
          inherited: takeInherited(),
          version: packageVersion(),
          pipeline: pipelineOptions(config, ruleSet, 'live'),
        });
      } catch (error) {
        throw new CliError(EXIT_USAGE, (error as Error).message);
      }
      const stopped = untilSignal();
      process.on('SIGHUP', () => {
        // The same signal says that the terminal is gone: a daemon that somebody watched there ends with it.
        if (io.stderr.isTTY && terminalIsGone()) process.kill(process.pid, 'SIGTERM');
        else void app.reload('SIGHUP');
      });
      try {
        await app.start();
      } catch (error) {
        throw new CliError(EXIT_FAILURE, (error as Error).message);
      }
      telemetry.log.info(`${plural(ruleSet.rules.length, 'rule')} from ${ruleSet.files.join(', ')}`);
      for (const channel of config.channels) telemetry.log.info(channelSentence(channel));
      telemetry.log.info({ signal: await stopped }, 'stopping');
      await app.stop();
      telemetry.log.info('stopped');
    });
}
