import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { childEnvironment } from '../lib/child-environment.ts';
import { oneLine } from '../lib/escape.ts';
import { canonicalIp } from '../lib/ip.ts';

export interface CaptureOptions {
  /** Interface to listen on, as tcpdump names it. */
  readonly interface: string;
  /** Where captures go; made 0700 when missing. */
  readonly directory: string;
  readonly packets?: number;
  readonly seconds?: number;
  /** Octets kept of each packet. */
  readonly snapLength?: number;
  readonly maxRunning?: number;
  /** Files kept; the oldest go first. */
  readonly maxFiles?: number;
  /** The program and arguments in front of ours. */
  readonly command?: readonly [string, ...string[]];
  readonly onEvent?: (event: CaptureEvent) => void;
  readonly now?: () => number;
}

export interface CaptureEvent {
  readonly kind: 'capture-ended' | 'capture-failed';
  readonly source: string;
  readonly path: string;
  readonly because: string;
}

export type CaptureStart =
  | { readonly started: true; readonly path: string }
  | { readonly started: false; readonly because: string };

const DEFAULTS = {
  packets: 5_000,
  seconds: 300,
  snapLength: 2_048,
  maxRunning: 2,
  maxFiles: 100,
  now: Date.now,
};
const KILL_AFTER_MS = 2_000;
const MAX_STDERR = 2_000;

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  readonly stop: () => void;
}

/**
 * Records the packets of a source with tcpdump: a bounded number for a bounded time, few at once, in files only we can read.
 * Off unless the main configuration turns it on; the source decides nothing but when.
 */
export class Captures {
  readonly #options: Required<Omit<CaptureOptions, 'onEvent'>>;
  readonly #onEvent: (event: CaptureEvent) => void;
  readonly #running = new Map<string, Running>();

  /** Throws RangeError for an interface name or bounds tcpdump could take for something else. */
  constructor(options: CaptureOptions) {
    const { onEvent = () => undefined, ...rest } = options;
    this.#options = { command: ['tcpdump'], ...DEFAULTS, ...rest };
    this.#onEvent = onEvent;
    if (!/^[A-Za-z0-9][\w.:@-]{0,30}$/.test(options.interface)) {
      throw new RangeError(`not the name of an interface: ${oneLine(options.interface, 60)}`);
    }
    for (const key of ['packets', 'seconds', 'snapLength', 'maxRunning', 'maxFiles'] as const) {
      const value = this.#options[key];
      if (!Number.isInteger(value) || value < 1)
        throw new RangeError(`${key} must be a whole number of 1 or more`);
    }
  }

  get running(): number {
    return this.#running.size;
  }

  /** Begins to record a source's packets, or says why not. Returns at once. */
  start(source: string): CaptureStart {
    const ip = canonicalIp(source);
    if (ip === undefined) return { started: false, because: 'the source is no address' };
    if (this.#running.has(ip)) return { started: false, because: 'its packets are being recorded already' };
    const { maxRunning } = this.#options;
    if (this.#running.size >= maxRunning)
      return { started: false, because: `${maxRunning} captures are running already` };
    try {
      return { started: true, path: this.#spawn(ip) };
    } catch (error) {
      return { started: false, because: oneLine((error as Error).message, 200) };
    }
  }

  /** Ends all captures; what was recorded stays. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { stop } of running) stop();
    await Promise.all(running.map(({ ended }) => ended));
  }

  #spawn(ip: string): string {
    const { command, packets, snapLength, now } = this.#options;
    const [program, ...first] = command;
    this.#makeRoom();
    const stamp = new Date(now()).toISOString().replace(/[-:.]/g, '');
    const path = join(this.#options.directory, `${stamp}-${ip.replaceAll(':', '_')}.pcap`);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      fchmodSync(fd, 0o600);
      // Written to a descriptor of ours: tcpdump gives up its rights before it would open a file.
      const args = [
        '-n',
        '-U',
        '-i',
        this.#options.interface,
        '-s',
        String(snapLength),
        '-c',
        String(packets),
        '-w',
        '-',
        'host',
        ip,
      ];
      const env = childEnvironment();
      const child = spawn(program!, [...first, ...args], {
        stdio: ['ignore', fd, 'pipe'],
        env,
        detached: true,
      });
      this.#watch(ip, path, child);
    } finally {
      closeSync(fd);
    }
    return path;
  }

  /** Ends the whole process group in time, first kindly. */
  #watch(ip: string, path: string, child: ChildProcess): void {
    let killer: NodeJS.Timeout | undefined;
    let stopping = false;
    const signal = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // It has ended already.
      }
    };
    const stop = () => {
      stopping = true;
      signal('SIGTERM');
      killer ??= setTimeout(() => signal('SIGKILL'), KILL_AFTER_MS);
    };
    const timer = setTimeout(stop, this.#options.seconds * 1000);
    timer.unref();
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < MAX_STDERR) said += chunk.toString('utf8').slice(0, MAX_STDERR);
    });
    const ended = new Promise<void>((resolve) => {
      const end = (kind: CaptureEvent['kind'], because: string) => {
        clearTimeout(timer);
        clearTimeout(killer);
        // Whatever it started and left behind ends with it.
        signal('SIGKILL');
        child.stderr?.destroy();
        if (!this.#running.delete(ip)) return;
        this.#onEvent({ kind, source: ip, path, because });
        resolve();
      };
      child.once('error', (error) => end('capture-failed', oneLine(error.message, 200)));
      child.once('exit', (code, killed) =>
        // Its last words may still be in the pipe.
        setImmediate(() => {
          const words = oneLine(said, 300);
          if (code === 0 || killed !== null || stopping) end('capture-ended', words || 'recorded');
          else end('capture-failed', `exit code ${code}: ${words}`);
        }),
      );
    });
    this.#running.set(ip, { child, ended, stop });
  }

  /** The oldest captures go when there are as many as may be. */
  #makeRoom(): void {
    const { directory, maxFiles } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const files = readdirSync(directory)
      .filter((name) => name.endsWith('.pcap'))
      .map((name) => ({ path: join(directory, name), atMs: statSync(join(directory, name)).mtimeMs }))
      .sort((a, b) => a.atMs - b.atMs);
    for (const { path } of files.slice(0, Math.max(0, files.length - maxFiles + 1))) unlinkSync(path);
  }
}
