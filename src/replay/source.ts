import type { Outcome, Pipeline } from '../pipeline.ts';
import type { LogFile } from '../receive/file.ts';
import type { Frame, SyslogMessage } from '../types.ts';

export interface SourceOptions {
  /** Longest line looked at, in octets; the rest of a longer one is cut. */
  readonly maxLineBytes: number;
  /** Now: no line is from later than this, which settles the year of stamps without one. */
  readonly nowMs: number;
  /** After each line, what became of it. */
  readonly onOutcome: (outcome: Outcome, frame: Frame) => void;
  /** An empty line, by its number; only asked for when a single file is read. */
  readonly onEmpty?: (line: number) => void;
}

/** How much later than the line before it a line without a year may be. */
export const HALF_A_YEAR_MS = 182 * 86_400_000;

/** A line, decoded, with the time it states. */
export interface SourceLine {
  readonly frame: Frame;
  readonly message: SyslogMessage;
  readonly atMs: number | undefined;
}

/** One file of a replay: makes frames of its lines, and remembers its own time, since the years of a log follow from its order. */
export class Source {
  readonly file: LogFile;
  readonly pipeline: Pipeline;
  /** Lines gone through, empty ones included: the number of the last. */
  line = 0;
  /** The time of the newest line that had one. */
  lastMs: number | undefined;
  readonly #options: SourceOptions;

  constructor(file: LogFile, pipeline: Pipeline, options: SourceOptions) {
    this.file = file;
    this.pipeline = pipeline;
    this.#options = options;
  }

  /** The next line through all stages; undefined when it is empty. `catchUp`, if given, is asked for `lastMs` when the line needs it. */
  process(line: Buffer, catchUp?: () => void): Outcome | undefined {
    this.line++;
    if (line.length === 0) {
      this.#options.onEmpty?.(this.line);
      return undefined;
    }
    const { frame, message } = this.read(line, catchUp);
    return this.processRead(frame, message);
  }

  /** A line that was read before, through all stages. What its body alone says of its time is the log's time from here on. */
  processRead(frame: Frame, message: SyslogMessage): Outcome {
    const outcome = this.pipeline.process(frame, message);
    const { attempt } = outcome;
    if (message.timestamp === undefined && attempt?.stampMs !== undefined) this.lastMs = attempt.stampMs;
    this.#options.onOutcome(outcome, frame);
    return outcome;
  }

  /** A line as frame and message; its time is the log's from here on. A line without one is from when the line before it is. */
  read(line: Buffer, catchUp?: () => void): SourceLine {
    const peeked = this.peek(line);
    if (peeked.atMs === undefined) {
      catchUp?.();
      return {
        ...peeked,
        frame: { ...peeked.frame, receivedAtMs: this.lastMs ?? peeked.frame.receivedAtMs },
      };
    }
    this.lastMs = peeked.atMs;
    return peeked;
  }

  /** The same without any effect. `receivedAtMs` is the latest instant the line can be from: near the line before it, else the file's age. */
  peek(line: Buffer): SourceLine {
    const { maxLineBytes, nowMs } = this.#options;
    const truncated = line.length > maxLineBytes;
    const frame: Frame = {
      bytes: truncated ? line.subarray(0, maxLineBytes) : line,
      receivedAtMs:
        this.lastMs === undefined
          ? Math.min(nowMs, this.file.modifiedMs ?? nowMs)
          : this.lastMs + HALF_A_YEAR_MS,
      peer: { address: this.file.path, port: this.line },
      transport: 'file',
      ...(truncated ? { truncated } : {}),
    };
    // When clocks are put back, an hour of wall times occurs twice: first the one, and after its end the other.
    const message = this.pipeline.decode(frame, this.lastMs ?? Number.NEGATIVE_INFINITY);
    return { frame, message, atMs: this.pipeline.statedMs(message) };
  }
}
