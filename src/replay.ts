import { DueQueue } from './lib/due-queue.ts';
import type { Outcome, Pipeline } from './pipeline.ts';
import { forEachLine, type LogFile } from './receive/file.ts';
import type { Frame, SyslogMessage } from './types.ts';

export interface ReplayOptions {
  /** Longest line looked at, in octets; the rest of a longer one is cut. */
  readonly maxLineBytes: number;
  /** Now: no line is from later than this, which settles the year of stamps without one. */
  readonly nowMs: number;
  /** After each line, what became of it. */
  readonly onOutcome: (outcome: Outcome, frame: Frame) => void;
  /** An empty line, by its number; only asked for when a single file is read. */
  readonly onEmpty?: (line: number) => void;
  /** Now and then, so that progress can be shown. */
  readonly onProgress?: () => void;
}

const HALF_A_YEAR_MS = 182 * 86_400_000;

/** One file of a replay: hands out frames, and remembers its own time, since the years of a log follow from its order. */
class Source {
  readonly file: LogFile;
  /** Lines handed out, empty ones included: the number of the last. */
  line = 0;
  lastMs: number | undefined;
  readonly #options: ReplayOptions;

  constructor(file: LogFile, options: ReplayOptions) {
    this.file = file;
    this.#options = options;
  }

  /** `receivedAtMs` of a replayed frame is the latest instant it can be from: near the line before it, else the file's age. */
  frame(line: Buffer): Frame {
    const { maxLineBytes, nowMs } = this.#options;
    const newestMs = Math.min(nowMs, this.file.modifiedMs ?? nowMs);
    const truncated = line.length > maxLineBytes;
    return {
      bytes: truncated ? line.subarray(0, maxLineBytes) : line,
      receivedAtMs: this.lastMs === undefined ? newestMs : this.lastMs + HALF_A_YEAR_MS,
      peer: { address: this.file.path, port: this.line },
      transport: 'file',
      ...(truncated ? { truncated } : {}),
    };
  }
}

/**
 * Reads log files through a pipeline in the order of their event times: one file in its own order, several merged, so that
 * rotated files and the logs of several routers can be given in any order. Rejects when a file cannot be read to its end;
 * what was read before has been processed.
 */
export async function replay(
  files: readonly LogFile[],
  pipeline: Pipeline,
  options: ReplayOptions,
): Promise<void> {
  const sources = files.map((file) => new Source(file, options));
  if (sources.length === 1) await replayOne(sources[0]!, pipeline, options);
  else await replayMerged(sources, pipeline, options);
  pipeline.flush();
}

async function replayOne(source: Source, pipeline: Pipeline, options: ReplayOptions): Promise<void> {
  for (let block = await source.file.next(); block !== undefined; block = await source.file.next()) {
    forEachLine(block, (line) => {
      source.line++;
      if (line.length === 0) return options.onEmpty?.(source.line);
      const frame = source.frame(line);
      const message = pipeline.decode(frame);
      source.lastMs = timeOf(message) ?? source.lastMs;
      options.onOutcome(pipeline.process(frame, message), frame);
    });
    options.onProgress?.();
  }
}

/** A line that waits for its turn. */
interface Waiting {
  readonly source: Source;
  readonly frame: Frame;
  readonly message: SyslogMessage;
  readonly rest: AsyncIterator<Buffer>;
}

async function* linesOf(file: LogFile, onProgress: (() => void) | undefined): AsyncGenerator<Buffer> {
  for (let block = await file.next(); block !== undefined; block = await file.next()) {
    const lines: Buffer[] = [];
    forEachLine(block, (line) => lines.push(line));
    yield* lines;
    onProgress?.();
  }
}

async function replayMerged(
  sources: readonly Source[],
  pipeline: Pipeline,
  options: ReplayOptions,
): Promise<void> {
  const queue = new DueQueue<Waiting>();
  const advance = async (source: Source, rest: AsyncIterator<Buffer>) => {
    let next = await rest.next();
    for (source.line++; !next.done && next.value.length === 0; source.line++) next = await rest.next();
    if (next.done) return;
    const frame = source.frame(next.value);
    const message = pipeline.decode(frame);
    source.lastMs = timeOf(message) ?? source.lastMs;
    queue.push(source.lastMs ?? Number.NEGATIVE_INFINITY, { source, frame, message, rest });
  };
  for (const source of sources) await advance(source, linesOf(source.file, options.onProgress));
  for (
    let due = queue.popDue(Number.POSITIVE_INFINITY);
    due !== undefined;
    due = queue.popDue(Number.POSITIVE_INFINITY)
  ) {
    options.onOutcome(pipeline.process(due.frame, due.message), due.frame);
    await advance(due.source, due.rest);
  }
}

function timeOf(message: SyslogMessage): number | undefined {
  return message.timestamp?.epochMs ?? message.relay?.timestamp?.epochMs;
}
