import { HeavyHitters } from '../lib/heavy-hitters.ts';
import type { Action, Attempt } from '../types.ts';

/** A key and how many lines it had; today's against the day before, where that was counted. */
export interface BackgroundRow {
  readonly key: string;
  readonly count: number;
  /** Absent when the day before was not counted, or the key was not among its most frequent. */
  readonly before?: number;
}

/** A day of the background, and how the day before compares. */
export interface BackgroundReport {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Denied and failed attempts, a line each. */
  readonly lines: number;
  /** Of the day before; absent on the first day. */
  readonly linesBefore?: number;
  /** Length of the day before, in milliseconds; it may have begun in the middle of the day. */
  readonly lengthBeforeMs?: number;
  readonly sources: readonly BackgroundRow[];
  /** Keys are `143/tcp`, or the transport where there is no port. */
  readonly ports: readonly BackgroundRow[];
  /** Keys are the names or addresses of the devices that logged. */
  readonly observers: readonly BackgroundRow[];
  /** By how many lines any count of these may be too low. */
  readonly error: number;
}

const TABLES = ['sources', 'ports', 'observers'] as const;
type Table = (typeof TABLES)[number];

/** Keys told apart in each table: some hundred octets each. */
const MAX_KEYS = 4_096;
const TOP = 10;
/** Keys remembered for comparing tomorrow. */
const REMEMBERED = 1_000;
/** What the background is made of; what was let through is not knocking. */
const COUNTED: ReadonlySet<Action> = new Set(['denied', 'failed']);

interface Day {
  fromMs: number;
  lines: number;
  readonly tables: Readonly<Record<Table, HeavyHitters<string>>>;
}

interface Yesterday {
  readonly lines: number;
  readonly lengthMs: number;
  readonly tables: Readonly<Record<Table, ReadonlyMap<string, number>>>;
}

/** Counts what is denied and failed, a day at a time, in bounded memory whoever knocks. */
export class BackgroundCounts {
  #day: Day;
  #yesterday: Yesterday | undefined;

  constructor(nowMs: number) {
    this.#day = newDay(nowMs);
  }

  add({ action, destination, furtherPorts = [], observer, source, transport }: Attempt): void {
    if (!COUNTED.has(action)) return;
    const { tables } = this.#day;
    this.#day.lines++;
    if (source.ip !== undefined) tables.sources.add(source.ip);
    for (const port of [destination.port, ...furtherPorts]) tables.ports.add(portKey(port, transport));
    // A name is written by whoever sends the line.
    tables.observers.add((observer.hostname ?? observer.address).slice(0, 100));
  }

  /** The clock was set back to `nowMs`: no day begins after it ends. */
  setBack(nowMs: number): void {
    this.#day.fromMs = Math.min(this.#day.fromMs, nowMs);
  }

  /** The report of the day, which ends now; the next one begins. */
  take(nowMs: number): BackgroundReport {
    const { fromMs, lines, tables } = this.#day;
    const before = this.#yesterday;
    const rows = (table: Table) =>
      tables[table].top(TOP).map(([key, count]): BackgroundRow => {
        const earlier = before?.tables[table].get(key);
        return { key, count, ...(earlier === undefined ? {} : { before: earlier }) };
      });
    const report: BackgroundReport = {
      fromMs,
      untilMs: nowMs,
      lines,
      ...(before === undefined ? {} : { linesBefore: before.lines, lengthBeforeMs: before.lengthMs }),
      sources: rows('sources'),
      ports: rows('ports'),
      observers: rows('observers'),
      error: Math.max(...TABLES.map((table) => tables[table].error)),
    };
    const remembered = (table: Table) => new Map(tables[table].top(REMEMBERED));
    this.#yesterday = {
      lines,
      lengthMs: nowMs - fromMs,
      tables: {
        sources: remembered('sources'),
        ports: remembered('ports'),
        observers: remembered('observers'),
      },
    };
    this.#day = newDay(nowMs);
    return report;
  }
}

function newDay(fromMs: number): Day {
  const table = () => new HeavyHitters<string>(MAX_KEYS);
  return { fromMs, lines: 0, tables: { sources: table(), ports: table(), observers: table() } };
}

function portKey(port: number | undefined, transport: string | undefined): string {
  if (port === undefined) return transport ?? 'no port';
  return transport === undefined ? String(port) : `${port}/${transport}`;
}
