import { asLatin1, searchable } from '../lib/latin1.ts';
import type { Outcome, Pipeline } from '../pipeline.ts';
import type { LineBatch } from '../receive/line-batch.ts';
import type { Frame } from '../types.ts';

/** So many lines a second are read whole, all of them, and as many at once after a quiet second. */
const WHOLE_LINES = 10_000;
/** Host names of one sender to listen for at once; with more, its lines are read one by one until it is quieter. */
const MAX_AWAITED = 64;

export interface LiveSkimOptions {
  readonly pipeline: Pick<Pipeline, 'prefilter' | 'decode' | 'passOver' | 'advance'>;
  /** Takes a frame through all stages, and tells `heard` of it. */
  readonly process: (frame: Frame) => void;
  /** So many lines of a batch touch nothing that is watched, and were only counted. */
  readonly onPassedOver: (batch: LineBatch, lines: number) => void;
  /** Lines a second that are read whole before any is passed over. */
  readonly wholeLines?: number;
}

/**
 * Keeps up with floods: when more lines come than can be read whole, only those are processed that can touch a watched host
 * and port, or stand for one that did. The incidents are the same; what is told of other lines is a sample. Like Skim, which
 * does this for files, it listens for what ends a later "last message repeated N times".
 */
export class LiveSkim {
  readonly #options: LiveSkimOptions;
  readonly #found: number[] = [];
  /** By sender address: host names (octets as latin1) whose last line was a hit. */
  readonly #awaited = new Map<string, Set<string>>();
  /** Lines that may be read whole at once. */
  #wholeLeft: number;
  readonly #wholeLines: number;
  #toldMs = 0;

  constructor(options: LiveSkimOptions) {
    this.#options = options;
    this.#wholeLines = options.wholeLines ?? WHOLE_LINES;
    this.#wholeLeft = this.#wholeLines;
  }

  /** Has the lines of a batch processed that may be hits; false when all of them should be. */
  take(batch: LineBatch): boolean {
    if (this.#mayReadWhole(batch)) return false;
    const { pipeline, process, onPassedOver } = this.#options;
    const prefilter = pipeline.prefilter(batch.address);
    if (prefilter === undefined || (this.#awaited.get(batch.address)?.size ?? 0) > MAX_AWAITED) return false;
    pipeline.advance(batch.receivedAtMs);
    const { text } = batch;
    prefilter.find(text, this.#found);
    let at = 0;
    for (let i = 0; i < this.#found.length; i += 2) {
      const [start, end] = [this.#found[i]!, this.#found[i + 1]!];
      this.#listen(batch, text, at, start);
      process(batch.frame(start, end));
      at = end + 1;
    }
    this.#listen(batch, text, at, text.length);
    const passedOver = batch.lines - this.#found.length / 2;
    if (passedOver > 0) onPassedOver(batch, passedOver);
    return true;
  }

  /** To be told of every frame that was processed, and what became of it. */
  heard({ peer: { address } }: Frame, { message, hits }: Outcome): void {
    if (hits.length === 0 && this.#awaited.size === 0) return;
    const hosts = this.#awaited.get(address);
    const host = asLatin1(message.hostname);
    if (hits.length === 0) this.#heardOf(address, hosts, host);
    else if (hosts === undefined) this.#awaited.set(address, new Set([host]));
    else hosts.add(host);
  }

  /** Whether a sender whose last line was a hit says something else in a part of the text: then that hit is not repeated. */
  #listen(batch: LineBatch, text: string, from: number, to: number): void {
    const hosts = this.#awaited.get(batch.address);
    if (hosts === undefined || from === to) return;
    const { pipeline } = this.#options;
    for (const host of hosts) {
      const needle = searchable(host);
      for (let at = text.indexOf(needle, from); at >= 0 && at < to; ) {
        const end = text.indexOf('\n', at);
        const frame = batch.frame(at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1, end);
        const message = pipeline.decode(frame);
        if (asLatin1(message.hostname) === host) {
          pipeline.passOver(frame, message);
          this.#heardOf(batch.address, hosts, host);
          break;
        }
        at = text.indexOf(needle, end + 1);
      }
    }
  }

  #heardOf(address: string, hosts: Set<string> | undefined, host: string): void {
    hosts?.delete(host);
    if (hosts?.size === 0) this.#awaited.delete(address);
  }

  #mayReadWhole({ lines, receivedAtMs }: LineBatch): boolean {
    const earned = (Math.max(0, receivedAtMs - this.#toldMs) * this.#wholeLines) / 1_000;
    this.#wholeLeft = Math.min(this.#wholeLines, this.#wholeLeft + earned);
    this.#toldMs = receivedAtMs;
    if (this.#wholeLeft < lines) return false;
    this.#wholeLeft -= lines;
    return true;
  }
}
