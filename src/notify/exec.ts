import { isAbsolute } from 'node:path';
import { alertToEcs } from '../lib/ecs.ts';
import { jsonLine, oneLine } from '../lib/escape.ts';
import type { Alert } from '../types.ts';
import type { Channel, SendResult } from './channel.ts';
import { runProgram } from './exec/run-program.ts';
import type { ExecOptions } from './options.ts';
import { RunLimit } from './run-limit.ts';

const TIMEOUT_MS = 30_000;
const MAX_BECAUSE = 300;
/** sysexits.h: wrong usage, bad data. Trying again gives the same; everything else may be mended meanwhile. */
const FINAL_EXITS = new Set([64, 65]);
/** Programs at once, all channels together. */
export const MAX_RUNS = 4;

/** All a program finds in its environment: where programs are, and that text is UTF-8. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
} as const;

/** What may stand in an argument; the value goes into that one argument, whatever is in it. */
const PLACEHOLDER = /\{(id|severity|reason|subject|source)\}/g;

/**
 * A program of the operator's, with the alert as JSON on its standard input. No shell is involved, nothing of the alert is in
 * the environment, and it is stopped when it takes too long.
 */
export class ExecChannel implements Channel {
  readonly kind = 'exec';
  readonly name: string;
  readonly #options: ExecOptions;
  readonly #limit: RunLimit;
  readonly #now: () => number;
  readonly #runs = new Set<Promise<SendResult>>();

  /** Throws TypeError for a program that is not given by its absolute path. */
  constructor(options: ExecOptions, limit = new RunLimit(MAX_RUNS), now: () => number = Date.now) {
    const [program] = options.command;
    if (program === undefined || !isAbsolute(program))
      throw new TypeError(`channel ${options.name}: command starts with the absolute path of a program`);
    if (options.command.some((part) => part.includes('\0')))
      throw new TypeError(`channel ${options.name}: command holds a NUL character`);
    this.name = options.name;
    this.#options = options;
    this.#limit = limit;
    this.#now = now;
  }

  async send(alert: Alert, signal: AbortSignal): Promise<SendResult> {
    if (!(await this.#limit.enter(signal))) {
      return { ok: false, retry: true, because: 'as many programs run already as may run at once' };
    }
    const run = this.#run(alert, signal);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
      this.#limit.leave();
    }
  }

  /** Waits for programs that are being stopped: who goes first would leave them behind. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#runs);
  }

  async #run(alert: Alert, signal: AbortSignal): Promise<SendResult> {
    const { command, timeoutMs = TIMEOUT_MS } = this.#options;
    const [program = '', ...args] = command;
    const argv = [program, ...args.map((arg) => filledIn(arg, alert))];
    const input = `${jsonLine(alertToEcs(alert, this.#now()))}\n`;
    const { code, because, stdout, stderr } = await runProgram({
      argv,
      env: ENVIRONMENT,
      input,
      timeoutMs,
      signal,
    });
    const said = [stderr, stdout].find((text) => text.trim() !== '');
    const told = oneLine(`${program} ${because}${said === undefined ? '' : `: ${said}`}`, MAX_BECAUSE);
    if (code === 0) return { ok: true, because: told };
    return { ok: false, retry: code === undefined || !FINAL_EXITS.has(code), because: told };
  }
}

/** One pass: what a value holds is not looked at again. The system takes no NUL in an argument. */
function filledIn(argument: string, alert: Alert): string {
  const values: Readonly<Record<string, string>> = {
    id: alert.id,
    severity: alert.severity,
    reason: alert.reason,
    subject: alert.subject,
    source: alert.incident?.sources[0] ?? '',
  };
  return argument.replace(PLACEHOLDER, (_, name: string) => values[name]!.replaceAll('\0', ''));
}
