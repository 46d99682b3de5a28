import type { Prefilter } from './match/prefilter.ts';
import { type LineBlock, type LineSpan, LineWindow } from './receive/file.ts';
import type { Source } from './replay-source.ts';

/** What the prefilter is run over at once: V8 keeps texts of this size where they cost next to nothing. */
const WINDOW_BYTES = 64 * 1024;
/** Lines no further apart than this have no turn of the year between them. */
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

  readonly #windowBytes: number;

  constructor(
    source: Source,
    prefilter: Prefilter,
    onPassedOver: (lines: number) => void,
    windowBytes = WINDOW_BYTES,
  ) {
    this.#source = source;
    this.#prefilter = prefilter;
    this.#onPassedOver = onPassedOver;
    this.#windowBytes = windowBytes;
  }

  /** Takes the next block of the file. */
  take(block: LineBlock): void {
    for (const window of LineWindow.of(block, this.#windowBytes)) this.#window(window);
  }

  #window(window: LineWindow): void {
    const endMs = this.#awaited.size > MAX_AWAITED ? undefined : this.#calmEnd(window);
    if (endMs === undefined) {
      for (let at = 0; at < window.length; ) at = this.#process(window, at) + 1;
    } else {
      this.#skim(window);
      this.#source.lastMs = endMs;
    }
    for (const host of this.#awaited.keys()) this.#awaited.set(host, 0);
  }

  #skim(window: LineWindow): void {
    this.#prefilter.find(window.text, this.#found);
    let at = 0;
    for (let i = 0; i < this.#found.length; i += 2) {
      const start = this.#found[i]!;
      const from = at;
      if (start > from) this.#passOver(window, from, start);
      at = this.#process(window, start, () => this.#catchUp(window, from, start)) + 1;
    }
    if (at < window.length) this.#passOver(window, at, window.length);
  }

  /** Has the line at a position processed and gives its end. */
  #process(window: LineWindow, at: number, catchUp?: () => void): number {
    const line = window.lineAt(at);
    const outcome = this.#source.process(window.octets(line), catchUp);
    if (outcome !== undefined) {
      const host = asLatin1(outcome.message.hostname);
      if (outcome.hits.length > 0) this.#awaited.set(host, line.end + 1);
      else this.#awaited.delete(host);
    }
    return line.end;
  }

  /** Lines that can not give a hit: counted, and asked whether they are of a sender that is awaited. */
  #passOver(window: LineWindow, from: number, to: number): void {
    const lines = window.count(from, to);
    this.#source.line += lines;
    this.#onPassedOver(lines);
    for (const host of this.#awaited.keys()) this.#listenFor(host, window, from, to);
  }

  /** The log's time is that of the last line passed over that states one. */
  #catchUp(window: LineWindow, from: number, to: number): void {
    for (let at = to; at > from; ) {
      const line = window.lineBefore(at);
      if (this.#source.read(window.octets(line)).atMs !== undefined) return;
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

  /**
   * The time of a window's last line, if that and its middle are no further than a day from the line before it: then the
   * lines between hold no turn of the year unseen. The first window of a file is read whole, for the totals too.
   */
  #calmEnd(window: LineWindow): number | undefined {
    const { lastMs } = this.#source;
    if (lastMs === undefined) return undefined;
    const timeOf = (line: LineSpan) => this.#source.peek(window.octets(line)).atMs;
    const isNear = (atMs: number | undefined) => atMs !== undefined && Math.abs(atMs - lastMs) < CALM_MS;
    const last = window.lineBefore(window.length);
    const endMs = timeOf(last);
    if (!isNear(endMs)) return undefined;
    const middle = window.lineAt(window.length >> 1);
    return dayOf(window, middle) === dayOf(window, last) || isNear(timeOf(middle)) ? endMs : undefined;
  }
}

/** `Nov 23 ` or `2026-11-23` at the beginning of a line; what has no such beginning is like nothing else. */
const DAY = /^(?:[A-Z][a-z]{2} [ \d]\d |\d{4}-\d\d-\d\d)/;

function dayOf({ text }: LineWindow, { start }: LineSpan): string | number {
  return DAY.exec(text.slice(start, start + 10))?.[0] ?? start;
}

/** What UTF-8 decoding puts in the place of octets that are none. */
const REPLACED = asLatin1('\ufffd');

function asLatin1(name: string | undefined): string {
  return name === undefined ? '' : Buffer.from(name, 'utf8').toString('latin1');
}
