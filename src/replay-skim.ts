import type { Prefilter } from './match/prefilter.ts';
import { type LineBlock, LineWindow } from './receive/file.ts';
import type { Source } from './replay-source.ts';

/** What the prefilter is run over at once: V8 keeps texts of this size where they cost next to nothing. */
const WINDOW_BYTES = 64 * 1024;
/** A window whose first, middle and last line are no further apart holds no turn of the year that nobody has seen. */
const CALM_MS = 86_400_000;
/** Senders to listen for at once; with more, lines are read one by one until it is quieter. */
const MAX_AWAITED = 64;

/**
 * Goes through a log and has only those lines processed that the prefilter lets through: some hundred times fewer. The
 * incidents are the same as if every line were processed, because a line without a hit changes only two things, and both
 * are kept: the time of the log, which dates lines without a year or a stamp, and what a later "last message repeated N
 * times" of its sender stands for.
 */
export class Skim {
  readonly #source: Source;
  readonly #prefilter: Prefilter;
  readonly #onPassedOver: (lines: number) => void;
  /** Host names (octets as latin1) whose last line was a hit, and where in the window their next line can be. */
  readonly #awaited = new Map<string, number>();
  readonly #found: number[] = [];

  constructor(source: Source, prefilter: Prefilter, onPassedOver: (lines: number) => void = () => {}) {
    this.#source = source;
    this.#prefilter = prefilter;
    this.#onPassedOver = onPassedOver;
  }

  /** Takes the next block of the file. */
  take(block: LineBlock): void {
    for (const window of LineWindow.of(block, WINDOW_BYTES)) this.#window(window);
  }

  #window(window: LineWindow): void {
    // The first line is read whatever it is: a sample, for the totals.
    const rest = window.lineAt(0).end + 1;
    this.#process(window, 0);
    if (this.#awaited.size > MAX_AWAITED || !this.#isCalm(window)) {
      for (let at = rest; at < window.length; ) at = this.#process(window, at) + 1;
    } else {
      this.#skim(window, rest);
    }
    for (const host of this.#awaited.keys()) this.#awaited.set(host, 0);
  }

  #skim(window: LineWindow, from: number): void {
    this.#prefilter.find(window.text, this.#found);
    let at = from;
    for (let i = 0; i < this.#found.length; i += 2) {
      const start = this.#found[i]!;
      if (start < at) continue;
      this.#passOver(window, at, start);
      at = this.#process(window, start) + 1;
    }
    this.#passOver(window, at, window.length);
  }

  /** Has the line at a position processed and gives its end. */
  #process(window: LineWindow, at: number): number {
    const line = window.lineAt(at);
    const outcome = this.#source.process(window.octets(line));
    if (outcome !== undefined) {
      const host = asLatin1(outcome.message.hostname);
      if (outcome.hits.length > 0) this.#awaited.set(host, line.end + 1);
      else this.#awaited.delete(host);
    }
    return line.end;
  }

  /** Lines that can not give a hit: counted, and asked for what they change all the same. */
  #passOver(window: LineWindow, from: number, to: number): void {
    if (from >= to) return;
    const lines = window.count(from, to);
    this.#source.line += lines;
    this.#onPassedOver(lines);
    for (const host of this.#awaited.keys()) this.#listenFor(host, window, from, to);
    for (let at = to; at > from; ) {
      const line = window.lineBefore(at);
      if (this.#source.read(window.octets(line)).atMs !== undefined) break;
      at = line.start;
    }
  }

  /** Whether a sender whose last line was a hit says something else among these lines: then that hit is not repeated. */
  #listenFor(host: string, window: LineWindow, from: number, to: number): void {
    const { text } = window;
    // A name that was no valid UTF-8 can not be searched for; then every line is asked.
    const needle = host.includes(REPLACED) ? '' : host;
    for (let at = text.indexOf(needle, Math.max(from, this.#awaited.get(host)!)); at >= 0 && at < to; ) {
      const line = window.lineAt(at);
      const { frame, message } = this.#source.peek(window.octets(line));
      if (line.start < line.end && asLatin1(message.hostname) === host) {
        this.#source.pipeline.passOver(frame, message);
        this.#awaited.delete(host);
        return;
      }
      at = text.indexOf(needle, line.end + 1);
    }
  }

  #isCalm(window: LineWindow): boolean {
    const firstMs = this.#source.lastMs;
    const middle = window.lineAt(window.length >> 1);
    const last = window.lineBefore(window.length);
    return [middle, last].every((line) => {
      const { atMs } = this.#source.peek(window.octets(line));
      return atMs !== undefined && firstMs !== undefined && Math.abs(atMs - firstMs) < CALM_MS;
    });
  }
}

/** What UTF-8 decoding puts in the place of octets that are none. */
const REPLACED = asLatin1('\ufffd');

function asLatin1(name: string | undefined): string {
  return name === undefined ? '' : Buffer.from(name, 'utf8').toString('latin1');
}
