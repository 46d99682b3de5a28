import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Between being asked to stop and being stopped. */
const GRACE_MS = 2_000;
/** How long the output of a program that has ended is waited for. */
const LAST_WORDS_MS = 200;
/** What a program says is kept up to so many octets a stream; the rest is read and thrown away. */
const MAX_SAID_BYTES = 4_096;

export interface ProgramRun {
  /** Absent when it did not start or was ended by a signal. */
  readonly code?: number;
  readonly because: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** Program and arguments; no shell reads them. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Where the system has no descriptors left, there are no streams. */
type Child = ChildProcessByStdio<Writable | null, Readable | null, Readable | null>;

/**
 * Runs a program in a process group of its own for at most so long: then, or when the signal comes, the group is asked to stop
 * (TERM) and two seconds later made to (KILL). When the program ends, what it left running in the group is killed and its
 * output is no longer waited for. Resolves always, and only when the program itself is gone.
 */
export function runProgram({ argv, env, input, timeoutMs, signal }: ProgramOptions): Promise<ProgramRun> {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    let child: Child;
    try {
      child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...env }, detached: true });
    } catch (error) {
      resolve({ because: (error as Error).message, stdout: '', stderr: '' });
      return;
    }
    let stopped: string | undefined;
    let killer: NodeJS.Timeout | undefined;
    const stop = (because: string) => {
      if (stopped !== undefined) return;
      stopped = because;
      signalGroup(child, 'SIGTERM');
      killer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
    };
    const timer = setTimeout(
      () => stop(`took longer than ${timeoutMs / 1_000} s and was stopped`),
      timeoutMs,
    );
    const abort = () => stop('was stopped');
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();

    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    // A program that does not read its input says why with its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);

    const done = (code: number | null, because: string) => {
      clearTimeout(timer);
      clearTimeout(killer);
      signal.removeEventListener('abort', abort);
      // Somebody who has left the group may still hold them open.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      resolve({ ...(code === null ? {} : { code }), because, stdout: stdout(), stderr: stderr() });
    };
    child.on('error', (error) => done(null, error.message));
    child.on('exit', (code, killedBy) => {
      signalGroup(child, 'SIGKILL');
      const end = code === null ? `was ended by ${killedBy}` : `exited with ${code}`;
      const finish = () => done(stopped === undefined ? code : null, stopped ?? end);
      // What it wrote last may still be in the pipes.
      child.once('close', finish);
      setTimeout(finish, LAST_WORDS_MS).unref();
    });
  });
}

function signalGroup({ pid }: Child, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** Keeps the beginning of a stream and reads the rest away. */
function collect(stream: Readable | null): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream?.on('error', () => {});
  stream?.on('data', (chunk: Buffer) => {
    if (length < MAX_SAID_BYTES) chunks.push(chunk.subarray(0, MAX_SAID_BYTES - length));
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
