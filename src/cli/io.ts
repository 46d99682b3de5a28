import { styleText } from 'node:util';
import { jsonLine } from '../lib/escape.ts';

/** What a verb may touch of the outside; tests pass their own. */
export interface Io {
  readonly stdout: { write(text: string): boolean; readonly isTTY?: boolean | undefined };
  readonly stderr: {
    write(text: string): boolean;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What people type; the process's own when absent. */
  readonly stdin?: NodeJS.ReadableStream;
}

/** Exit codes, as grep and rsyslogd use them: 0 ok, 1 failure, 2 wrong usage or configuration. */
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** Ends a verb with an exit code and, unless it is empty, a message on stderr. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** Writes one JSON value as a line. */
export function writeJson(io: Io, value: unknown): void {
  io.stdout.write(`${jsonLine(value)}\n`);
}

/** Colour where there is a terminal to show it; NO_COLOR, FORCE_COLOR and TERM=dumb are obeyed. */
export function paint(
  io: Io,
  stream: 'stdout' | 'stderr',
  style: Parameters<typeof styleText>[0],
  text: string,
): string {
  return isColoured(io, stream) ? styleText(style, text, { validateStream: false }) : text;
}

/** Whether `paint` paints. */
export function isColoured(io: Io, stream: 'stdout' | 'stderr'): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = io.env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true;
  return io[stream].isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}
