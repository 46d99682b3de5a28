import type { DestinationStream } from 'pino';
import { visible } from '../lib/escape.ts';
import { type Io, paint } from './io.ts';

interface Entry {
  readonly level: string;
  readonly time: number;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** sd-daemon(3): journald takes the severity from a number in front of the line. */
const JOURNAL_LEVEL: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 };
const COLOUR = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;

/** A value in a line for people: where something listens as `host:port`, the rest as it is. */
function plainValue(value: unknown): string {
  if (typeof value === 'string') return value;
  const { host, port } = (value ?? {}) as { host?: unknown; port?: unknown };
  if (typeof host === 'string' && typeof port === 'number')
    return `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return JSON.stringify(value);
}

function plain(io: Io, { level, time, msg, ...fields }: Entry): string {
  const details = Object.entries(fields).map(([name, value]) => `${name}=${plainValue(value)}`);
  const colour = COLOUR[level as keyof typeof COLOUR] ?? 'reset';
  const clock = new Date(time).toISOString().slice(11, 19);
  return `${clock} ${paint(io, 'stderr', colour, level.padEnd(5))} ${visible([msg ?? '', ...details].join('  '))}\n`;
}

/** Where the daemon's own log goes: readable lines on a terminal, severity-prefixed ones under journald, else JSON Lines; always stderr. */
export function logDestination(io: Io): DestinationStream {
  if (io.stderr.isTTY) return { write: (line) => void io.stderr.write(plain(io, JSON.parse(line) as Entry)) };
  if (io.env['JOURNAL_STREAM'] !== undefined) {
    return {
      write: (line) => {
        const entry = JSON.parse(line) as Entry;
        io.stderr.write(
          `<${JOURNAL_LEVEL[entry.level] ?? 6}>${plain({ ...io, env: { NO_COLOR: '1' } }, entry).slice(9)}`,
        );
      },
    };
  }
  return { write: (line) => void io.stderr.write(line) };
}
