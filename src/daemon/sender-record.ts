import { BoundedMap } from '../lib/bounded-map.ts';
import { visible } from '../lib/escape.ts';
import type { NotifyReason } from '../types.ts';

/** What became of a line: `attempt`, `ignored` and `loss` were understood. */
export type LineKind = 'attempt' | 'ignored' | 'loss' | 'malformed' | 'unknown';

/** A device that should be heard of at least this often. */
export interface SenderExpectation {
  readonly address: string;
  readonly everyMs: number;
}

/** Something people should know about a sender. */
export interface SenderEvent {
  readonly kind: Extract<NotifyReason, 'sender-quiet' | 'sender-unparsed' | 'sender-recovered'>;
  /** Address, with the stated host name; safe to print. */
  readonly sender: string;
  readonly sentence: string;
  /** A line that was not understood, where there is one. */
  readonly sample?: string;
}

const MAX_SAMPLES = 5;
const MAX_SAMPLE_CHARS = 300;
/** The window of the parse rate holds so many slots. */
export const SLOTS = 10;
/** A rate of fewer lines says nothing. */
const MIN_LINES = 50;
const GOOD_RATE = 0.8;
const BAD_RATE = 0.5;

/** How often an address should be heard of, and how that goes. */
export interface Expectation {
  readonly everyMs: number;
  seenMs: number;
  quiet: boolean;
}

/** Counters of one sender; plain numbers, because they are touched with every line. */
export class Sender {
  readonly address: string;
  readonly hostname: string | undefined;
  readonly expectation: Expectation | undefined;
  readonly firstSeenMs: number;
  lastSeenMs = 0;
  read = 0;
  parsed = 0;
  ignored = 0;
  malformed = 0;
  unknown = 0;
  lost = 0;
  lastLoss: string | undefined;
  /** Lines and understood lines, slot by slot. */
  readonly window = new Uint32Array(2 * SLOTS);
  /** Shape -> a line of it. */
  samples: BoundedMap<string, string> | undefined;
  /** Most of a window was understood once: only then is less than that news. */
  wasGood = false;
  unparsed = false;
  /** Spoke again since the search for one to forget came by. */
  recent = false;

  constructor(
    address: string,
    hostname: string | undefined,
    expectation: Expectation | undefined,
    nowMs: number,
  ) {
    this.address = address;
    this.hostname = hostname;
    this.expectation = expectation;
    this.firstSeenMs = nowMs;
  }

  get name(): string {
    const address = visible(this.address, 64);
    return this.hostname === undefined || this.hostname === ''
      ? address
      : `${address} (${visible(this.hostname, 64)})`;
  }

  sums(): { read: number; understood: number } {
    let read = 0;
    let understood = 0;
    for (let i = 0; i < this.window.length; i += 2) {
      read += this.window[i]!;
      understood += this.window[i + 1]!;
    }
    return { read, understood };
  }

  /** Keeps a line of a shape that is new or was seen again. */
  sample(text: string): void {
    this.samples ??= new BoundedMap(MAX_SAMPLES);
    const shape = shapeOf(text);
    this.samples.set(shape, this.samples.get(shape) ?? visible(text, MAX_SAMPLE_CHARS));
  }

  /** The lines of no known format, one of each shape, the newest shape last. */
  sampleLines(): string[] {
    return this.samples === undefined ? [] : [...this.samples.entries()].map(([, line]) => line);
  }

  /** Whether the share of lines that are understood has fallen or is back; undefined when neither. */
  checkParsed(): SenderEvent | undefined {
    const { read, understood } = this.sums();
    if (read < MIN_LINES) return undefined;
    const rate = understood / read;
    if (rate >= GOOD_RATE) {
      this.wasGood = true;
      if (!this.unparsed) return undefined;
      this.unparsed = false;
      return {
        kind: 'sender-recovered',
        sender: this.name,
        sentence: `${this.name} is understood again: ${percent(rate)} of its last ${read} lines.`,
      };
    }
    if (rate >= BAD_RATE || !this.wasGood || this.unparsed) return undefined;
    this.unparsed = true;
    const sample = this.sampleLines().at(-1);
    return {
      kind: 'sender-unparsed',
      sender: this.name,
      sentence: `Only ${percent(rate)} of the last ${read} lines of ${this.name} could be read; it was over ${percent(GOOD_RATE)} before.`,
      ...(sample === undefined ? {} : { sample }),
    };
  }
}

/** Lines that differ in numbers, addresses and quoted words only have one shape. */
function shapeOf(text: string): string {
  return text
    .slice(0, MAX_SAMPLE_CHARS)
    .replace(/"[^"]*"/g, '""')
    .replace(/\d[\da-fA-F:.]*/g, '#');
}

function percent(rate: number): string {
  return `${Math.floor(rate * 100)} %`;
}
