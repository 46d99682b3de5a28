import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { isPlain } from '../config/listeners.ts';
import { visible } from '../lib/escape.ts';
import { didYouMean } from '../lib/nearest.ts';
import { plural } from '../notify/words.ts';
import type { RuleSet } from '../rule.ts';
import { runningPid } from '../store/pid-file.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io } from './io.ts';
import { rulesOrFail } from './rules-option.ts';
import { deliveries } from './self-test-delivery.ts';
import { MARK, type SelfTest, selfTest } from './self-test-knocks.ts';
import { type Place, reachable, sendSyslog } from './send-syslog.ts';

interface Options {
  readonly rules?: string;
  readonly rule?: string;
  readonly via?: Place['protocol'];
}

/** What the daemon may take beside the waiting it is configured for. */
const GRACE_MS = 15_000;
const LOOK_MS = 200;
/** The lines of a test are stamped a little before they are sent. */
const AGE_MS = 5_000;

/** Where the alert goes: the directories mails are put into instead of being sent, and channels that really send. */
function destinations(
  { channels }: Config,
  { notify }: SelfTest['rule'],
): { readonly folders: readonly string[]; readonly sending: readonly string[] } {
  const folders: string[] = [];
  const sending: string[] = [];
  for (const channel of channels) {
    if (notify.length > 0 && !notify.includes(channel.name)) continue;
    if (channel.kind === 'email' && channel.via === 'mailbox' && channel.mailbox !== undefined)
      folders.push(channel.mailbox);
    else sending.push(channel.name);
  }
  return { folders, sending };
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** The text of a mail, the soft line breaks of quoted-printable taken out, or nothing when it is gone. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/=\r?\n/g, '');
  } catch {
    return '';
  }
}

async function mailAbout(
  { sources }: SelfTest,
  folders: readonly string[],
  old: ReadonlySet<string>,
  deadlineMs: number,
): Promise<string | undefined> {
  while (Date.now() < deadlineMs) {
    for (const path of folders.flatMap(filesIn)) {
      if (old.has(path)) continue;
      const text = textOf(path);
      if (text.includes(MARK) && sources.some((source) => text.includes(source))) return path;
    }
    await sleep(LOOK_MS);
  }
  return undefined;
}

function placeOf({ listeners }: Config, via: Place['protocol'] | undefined): Place {
  const listener = listeners.filter(isPlain).find(({ protocol }) => via === undefined || protocol === via);
  if (listener === undefined)
    throw new CliError(EXIT_USAGE, `the configuration has no ${via ?? 'network'} listener to knock at`);
  return { protocol: listener.protocol, host: reachable(listener.host), port: listener.port };
}

/** Why a rule can not be tried: it is not there, or asks for something else. */
function whyNot({ rules }: RuleSet, id: string): string {
  const ids = rules.map((rule) => rule.id);
  return ids.includes(id)
    ? `rule ${id} can not be tripped by denied packets, and a self-test sends nothing else`
    : `no rule is called ${id}${didYouMean(id, ids)}`;
}

function whyNothing({ allowedSenders }: Config, { lines }: SelfTest): string {
  return [
    'no mail came, or not everywhere. What to look at:',
    '  - the daemon: does it run (knockwatch run), with this configuration and these rules?',
    ...(allowedSenders.length === 0
      ? []
      : ['  - allowedSenders: the lines come from this machine itself (127.0.0.1 or ::1)']),
    '  - its log, and `knockwatch outbox`: alerts that could not be delivered are there, with the reason',
    `  - knockwatch explain '${lines.at(-1)}'`,
  ].join('\n');
}

/** `knockwatch self-test`: marked lines through the real listener, rules and channels, to a real mail. */
export function registerSelfTest(program: Command, io: Io): void {
  program
    .command('self-test')
    .description(
      'knock at the running daemon with marked lines that one of your rules calls a probe, and wait until the alert is delivered',
    )
    .option('--rule <id>', 'the rule to trip (default: the first that lines can trip)')
    .addOption(
      new Option('--via <protocol>', 'the listener to knock at (default: the first)').choices(['udp', 'tcp']),
    )
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .addHelpText(
      'after',
      `
The source is an address that belongs to nobody (RFC 5737), and the router calls itself ${MARK}: so you know the
mail when you see it. To the daemon the lines are lines like any others. The word is no pass: it hides nothing and forges
nothing that other lines could not.

Examples:
  knockwatch self-test
  knockwatch self-test --rule classic-probe --via tcp`,
    )
    .action(async (options: Options, command: Command) => {
      const config = await configOrFail(io, command);
      const ruleSet = await rulesOrFail(io, options.rules ?? config.rules, config.channels);
      const place = placeOf(config, options.via);
      const test = selfTest(config, ruleSet, Date.now(), options.rule);
      if (test === undefined)
        throw new CliError(
          EXIT_USAGE,
          options.rule === undefined
            ? 'no rule can be tripped by denied packets'
            : whyNot(ruleSet, options.rule),
        );
      if (runningPid(config.stateDir) === undefined)
        io.stderr.write(
          visible(`No daemon has left word in ${config.stateDir}; knocking all the same.`).concat('\n'),
        );
      const { folders, sending } = destinations(config, test.rule);
      if (folders.length + sending.length === 0)
        throw new CliError(EXIT_USAGE, 'the configuration has no channels: nobody would be told');
      const startedMs = Date.now();
      const old = new Set(folders.flatMap(filesIn));
      try {
        await sendSyslog(place, test.lines);
      } catch (error) {
        throw new CliError(
          EXIT_FAILURE,
          `nobody answers on ${place.protocol} ${place.host}:${place.port} (${(error as Error).message}): start knockwatch run first`,
        );
      }
      const waitMs =
        config.correlation.lateness + (test.rule.settleMs ?? config.correlation.settle) + GRACE_MS;
      io.stdout.write(
        `${plural(test.lines.length, 'line')} to ${place.protocol} ${place.host}:${place.port}, for rule ${test.rule.id}, from ${test.sources.slice(0, 3).join(', ')}\n`,
      );
      const deadlineMs = Date.now() + waitMs;
      if (folders.length > 0) {
        const mail = await mailAbout(test, folders, old, deadlineMs);
        if (mail === undefined) throw new CliError(EXIT_FAILURE, whyNothing(config, test));
        io.stdout.write(`${visible(`The mail is there: ${mail}`)}\n`);
      }
      if (sending.length === 0) return;
      const results = await deliveries(io, config, test, sending, {
        sinceMs: startedMs - AGE_MS,
        deadlineMs,
      });
      for (const { channel, state, because } of results)
        io.stdout.write(
          `${visible(`channel ${channel}: ${state === 'waiting' ? '' : `${state}: `}${because}`, 400)}\n`,
        );
      if (results.some(({ state }) => state !== 'delivered'))
        throw new CliError(EXIT_FAILURE, whyNothing(config, test));
      io.stdout.write(`The alert names ${test.sources[0]} and ${MARK}.\n`);
    });
}
