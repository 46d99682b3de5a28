import { asLatin1, searchable } from '../lib/latin1.ts';
import type { Prefilter } from '../match/prefilter.ts';
import { type LineBlock, type LineSpan, LineWindow } from '../receive/file.ts';
import type { Source } from './source.ts';

/** What the prefilter is run over at once: V8 keeps texts of this size where they cost next to nothing. */
export const WINDOW_BYTES = 64 * 1024;
/** Lines no further apart than this have no turn of the year between them, and no change of clocks that is further away. */
const CALM_MS = 2 * 86_400_000;
/** Senders to listen for at once; with more, lines are read one by one until it is quieter. */
const MAX_AWAITED = 64;

/** Puts start and end of each line of a window that may be a hit into `found`, as Prefilter.find does. */
export type FindLines = (window: LineWindow, found: number[]) => void;

/**
 * Goes through a log and has only those lines processed that the prefilter lets through: some hundred times fewer. The
 * incidents are the same as if every line were processed, because a line without a hit changes only two things, and both
 * are kept: the time of the log, which dates lines without a year or a stamp, and what a later "last message repeated N
 * times" of its sender stands for.
 */
export class Skim {
  readonly #source: Source;
  readonly #find: FindLines;
  readonly #onPassedOver: (lines: number) => void;
  /** Host names (octets as latin1) whose last line was a hit, and where in the window their next line can be. */
  readonly #awaited = new Map<string, number>();
  readonly #found: number[] = [];
  readonly #windowBytes: number;
  /** How far the file has been gone through, in octets. */
  #position = 0;
  /** How a line begins that is known to be near the log's time. */
  #day: string | undefined;
  /** The last line of the window before, if it was passed over: whoever needs its time decodes it. */
  #lastLine: Buffer | undefined;

  constructor(
    source: Source,
    prefilter: Prefilter,
    onPassedOver: (lines: number) => void,
    windowBytes = WINDOW_BYTES,
  ) {
    this.#source = source;
    this.#find = (window, found) => prefilter.find(window.text, found);
    this.#onPassedOver = onPassedOver;
    this.#windowBytes = windowBytes;
  }

  /** Takes the next block of the file; `find`, where its lines have been searched already. */
  take(block: LineBlock, find: FindLines = this.#find): void {
    for (const window of LineWindow.of(block, this.#windowBytes, this.#position)) this.#window(window, find);
    this.#position += block.end - block.start;
  }

  #window(window: LineWindow, find: FindLines): void {
    const calmMs = this.#awaited.size > MAX_AWAITED ? undefined : this.#calm(window);
    if (calmMs !== undefined) {
      this.#skim(window, find);
      this.#source.lastMs = calmMs;
      this.#lastLine = Buffer.from(window.octets(window.lineBefore(window.length)));
    } else {
      if (this.#lastLine !== undefined) this.#source.read(this.#lastLine);
      this.#lastLine = undefined;
      this.#day = undefined;
      for (let at = 0; at < window.length; ) at = this.#process(window, at) + 1;
    }
    for (const host of this.#awaited.keys()) this.#awaited.set(host, 0);
  }

  #skim(window: LineWindow, find: FindLines): void {
    find(window, this.#found);
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
    if (from === 0 && this.#lastLine !== undefined) this.#source.read(this.#lastLine);
  }

  /** Whether a sender whose last line was a hit says something else among these lines: then that hit is not repeated. */
  #listenFor(host: string, window: LineWindow, from: number, to: number): void {
    const needle = searchable(host);
    for (let at = window.indexOf(needle, Math.max(from, this.#awaited.get(host)!)); at >= 0 && at < to; ) {
      const line = window.lineAt(at);
      const { frame, message } = this.#source.peek(window.octets(line));
      if (line.start < line.end && asLatin1(message.hostname) === host) {
        this.#source.pipeline.passOver(frame, message);
        this.#awaited.delete(host);
        return;
      }
      at = window.indexOf(needle, line.end + 1);
    }
  }

  /**
   * The time of a window, to a day, if its middle and last line are near that of the line before it: then the lines between
   * hold no turn of the year unseen. The first window of a file is read whole, for the totals too.
   */
  #calm(window: LineWindow): number | undefined {
    const middleMs = this.#near(window, window.lineAt(window.length >> 1), this.#source.lastMs);
    return this.#near(window, window.lineBefore(window.length), middleMs);
  }

  /** The time of a line that is near another, or that other's if they are of a day: then it need not be decoded. */
  #near(window: LineWindow, line: LineSpan, otherMs: number | undefined): number | undefined {
    if (otherMs === undefined) return undefined;
    const day = DAY.exec(window.octets(line).toString('latin1', 0, 16))
      ?.slice(1)
      .join('');
    if (day !== undefined && day === this.#day) return otherMs;
    const { atMs, frame } = this.#source.peek(window.octets(line));
    if (atMs === undefined || Math.abs(atMs - otherMs) >= CALM_MS) return undefined;
    // Which of two equal wall times it is, the line before says.
    if (this.#source.pipeline.clocksChange(frame, atMs, CALM_MS)) return undefined;
    this.#day = day;
    return atMs;
  }
}

/** `Nov 23 03:00:00 ` or `2026-11-23T03:00` at the beginning of a line; the first group is the day. */
const DAY = /^([A-Z][a-z]{2} [ \d]\d )[\d:]{8} |^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d/;
