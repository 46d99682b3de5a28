import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');

/** Polls until `probe` gives something; rejects after so many milliseconds with what it was waiting for. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

/** A knockwatch process of its own in a directory of its own. `stop` ends it (SIGTERM) and removes the directory. */
export interface Daemon {
  readonly dir: string;
  readonly child: ChildProcess;
  readonly log: () => string;
  readonly mails: () => string[];
  readonly exit: Promise<number | null>;
  /** Ends it; the directory stays, for `startDaemon` to go on in. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  stop(): Promise<number | null>;
}

/**
 * Starts `knockwatch run` with this configuration (YAML); the rules are `rules.yaml` beside it when given, else the shipped ones.
 * With `dir` it goes on in a directory where one ran before; `under` is a command that starts it (`nsenter ...`).
 */
export function startDaemon(
  config: string,
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
  dir: string = mkdtempSync(join(tmpdir(), 'knockwatch-daemon-')),
  under: readonly string[] = [],
): Daemon {
  writeFileSync(join(dir, 'knockwatch.yaml'), config);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const [program = '', ...args] = [...under, process.execPath, MAIN, 'run'];
  const child = spawn(program, args, {
    cwd: dir,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (chunk) => {
    log += chunk;
  });
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const exit = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  return {
    dir,
    child,
    exit,
    log: () => log,
    mails: () => {
      try {
        const box = join(dir, 'var/mail');
        // A file that is still being written has another name.
        return readdirSync(box)
          .filter((name) => name.endsWith('.eml'))
          .sort()
          .map((name) => readFileSync(join(box, name), 'utf8'));
      } catch {
        return [];
      }
    },
    end(signal) {
      child.kill(signal);
      return exit;
    },
    async stop() {
      child.kill('SIGTERM');
      const code = await exit;
      rmSync(dir, { recursive: true, force: true });
      return code;
    },
  };
}

/** Waits until the daemon says that it listens. */
export function listening(daemon: Daemon): Promise<boolean> {
  return eventually(
    `the daemon to listen; it said:\n${daemon.log()}`,
    () => daemon.log().includes('listening on tcp') || daemon.child.exitCode !== null,
  );
}

/** A port on loopback that is free now. */
export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** Sends each line as one datagram. */
export async function sendUdp(port: number, lines: readonly string[], host = '127.0.0.1'): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  for (const line of lines)
    await new Promise<void>((done, fail) =>
      socket.send(line, port, host, (error) => (error ? fail(error) : done())),
    );
  socket.close();
}

/** Sends lines over one connection, each ended by LF. */
export async function sendTcp(port: number, lines: readonly string[]): Promise<void> {
  await new Promise<void>((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(lines.map((line) => `${line}\n`).join('')));
    socket.on('close', () => done());
    socket.on('error', fail);
    socket.resume();
  });
}
