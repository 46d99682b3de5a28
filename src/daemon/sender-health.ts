import { formatDuration } from '../lib/duration.ts';
import { visible } from '../lib/escape.ts';
import type { SenderReport, SenderState } from '../status.ts';
import type { Frame } from '../types.ts';
import {
  type Expectation,
  type LineKind,
  type Sender,
  type SenderEvent,
  type SenderExpectation,
  SLOTS,
} from './sender-record.ts';
import { SenderTable } from './sender-table.ts';

export type { LineKind, SenderEvent, SenderExpectation } from './sender-record.ts';

/** Shapes looked at in a second: unknown lines may come as fast as they like. */
const SHAPES_PER_SECOND = 20;
/** One slot of the window of the parse rate. */
const SLOT_MS = 30_000;

/**
 * Whether the devices still talk, and whether they are still understood. Bounded: the senders that were silent longest are
 * forgotten first, and counted. It has no clock; receipt times and `check` say what time it is (milliseconds).
 */
export class SenderHealth {
  readonly #expectations: ReadonlyMap<string, Expectation>;
  readonly #senders: SenderTable;
  #slot = 0;
  #slotSinceMs: number;
  #shapesLeft = SHAPES_PER_SECOND;
  #shapeSecond = 0;

  constructor(expectations: readonly SenderExpectation[], startedAtMs: number) {
    this.#slotSinceMs = startedAtMs;
    this.#expectations = new Map(
      expectations.map(({ address, everyMs }) => [address, { everyMs, seenMs: startedAtMs, quiet: false }]),
    );
    this.#senders = new SenderTable((address) => this.#expectations.get(address));
  }

  get size(): number {
    return this.#senders.size;
  }

  /** Senders forgotten because there were too many. */
  get evicted(): number {
    return this.#senders.evicted;
  }

  /** Takes what became of one line. `hostname` is what the line states; `text` is read only for lines nobody knows. */
  observe(frame: Frame, hostname: string | undefined, kind: LineKind, text: string): void {
    const sender = this.#senders.get(frame.peer.address, hostname, frame.receivedAtMs);
    // One line proves nothing: it may be one of a flood of forged addresses.
    sender.recent = sender.read++ > 0;
    sender.lastSeenMs = frame.receivedAtMs;
    if (sender.expectation !== undefined) sender.expectation.seenMs = frame.receivedAtMs;
    const at = 2 * this.#slot;
    sender.window[at] = sender.window[at]! + 1;
    if (kind === 'malformed') sender.malformed++;
    else if (kind === 'unknown') sender.unknown++;
    else {
      sender.window[at + 1] = sender.window[at + 1]! + 1;
      if (kind === 'attempt') sender.parsed++;
      else if (kind === 'ignored') sender.ignored++;
      return;
    }
    this.#sample(sender, text, frame.receivedAtMs);
  }

  /** Takes note of lines that were only counted, since more came than can be read whole; whose they were is not known. */
  observePassedOver(address: string, lines: number, nowMs: number): void {
    const expectation = this.#expectations.get(address);
    if (expectation !== undefined) expectation.seenMs = nowMs;
    const sender = this.#senders.latestAt(address);
    if (sender === undefined) return;
    sender.recent = true;
    sender.read += lines;
    sender.lastSeenMs = nowMs;
  }

  /** The device said itself that it lost messages. */
  observeLoss(frame: Frame, hostname: string | undefined, count: number, reason: string): void {
    const sender = this.#senders.get(frame.peer.address, hostname, frame.receivedAtMs);
    sender.lost += count;
    sender.lastLoss = visible(reason, 200);
  }

  /** Looks at every sender; gives what changed since the last look. */
  check(nowMs: number): SenderEvent[] {
    this.#turn(nowMs);
    const events: SenderEvent[] = [];
    for (const [address, expectation] of this.#expectations) {
      const event = this.#checkQuiet(address, expectation, nowMs);
      if (event !== undefined) events.push(event);
    }
    for (const sender of this.#senders) {
      const event = sender.checkParsed();
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /** Every sender, those that need a look first, then by name. Expected ones that never spoke are among them. */
  report(): SenderReport[] {
    const reports = [...this.#senders].map((sender) => this.#reportOf(sender));
    for (const [address, expectation] of this.#expectations) {
      if (this.#senders.at(address) !== undefined) continue;
      reports.push({
        ...NEVER,
        address,
        state: expectation.quiet ? 'quiet' : 'waiting',
        everyMs: expectation.everyMs,
      });
    }
    const rank = (state: SenderState) => ['quiet', 'unparsed', 'waiting', 'ok'].indexOf(state);
    return reports.sort(
      (a, b) =>
        rank(a.state) - rank(b.state) ||
        compare(a.address, b.address) ||
        compare(a.hostname ?? '', b.hostname ?? ''),
    );
  }

  /** How many senders there are and need a look, and the messages their devices lost. */
  summary(): {
    readonly known: number;
    readonly quiet: number;
    readonly unparsed: number;
    readonly lost: number;
  } {
    const counts = { known: this.#senders.size, quiet: 0, unparsed: 0, lost: 0 };
    for (const { unparsed, lost } of this.#senders) {
      if (unparsed) counts.unparsed++;
      counts.lost += lost;
    }
    for (const [address, { quiet }] of this.#expectations) {
      if (quiet) counts.quiet++;
      if (this.#senders.at(address) === undefined) counts.known++;
    }
    return counts;
  }

  /** How long each expected sender has been silent, by address. */
  *silences(nowMs: number): Generator<readonly [address: string, ms: number]> {
    for (const [address, { seenMs }] of this.#expectations) yield [address, nowMs - seenMs];
  }

  #reportOf(sender: Sender): SenderReport {
    const { read, understood } = sender.sums();
    const { expectation } = sender;
    return {
      address: sender.address,
      ...(sender.hostname === undefined ? {} : { hostname: sender.hostname }),
      state: expectation?.quiet ? 'quiet' : sender.unparsed ? 'unparsed' : 'ok',
      ...(expectation === undefined ? {} : { everyMs: expectation.everyMs }),
      read: sender.read,
      parsed: sender.parsed,
      ignored: sender.ignored,
      malformed: sender.malformed,
      unknown: sender.unknown,
      lost: sender.lost,
      ...(sender.lastLoss === undefined ? {} : { lastLoss: sender.lastLoss }),
      firstSeenMs: sender.firstSeenMs,
      lastSeenMs: sender.lastSeenMs,
      recentRead: read,
      recentUnderstood: understood,
      samples: sender.sampleLines(),
    };
  }

  #sample(sender: Sender, text: string, nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#shapeSecond) {
      this.#shapeSecond = second;
      this.#shapesLeft = SHAPES_PER_SECOND;
    }
    if (this.#shapesLeft-- > 0) sender.sample(text);
  }

  /** Moves on to the slot `nowMs` lies in, and empties those that have become too old. */
  #turn(nowMs: number): void {
    // A clock that was set back must not hide a silence until it is there again.
    this.#slotSinceMs = Math.min(this.#slotSinceMs, nowMs);
    const steps = Math.min(SLOTS, Math.floor((nowMs - this.#slotSinceMs) / SLOT_MS));
    if (steps <= 0) return;
    this.#slotSinceMs = nowMs - ((nowMs - this.#slotSinceMs) % SLOT_MS);
    for (let step = 0; step < steps; step++) {
      this.#slot = (this.#slot + 1) % SLOTS;
      for (const sender of this.#senders) sender.window.fill(0, 2 * this.#slot, 2 * this.#slot + 2);
    }
  }

  #checkQuiet(address: string, expectation: Expectation, nowMs: number): SenderEvent | undefined {
    expectation.seenMs = Math.min(expectation.seenMs, nowMs);
    const silentMs = nowMs - expectation.seenMs;
    const quiet = silentMs > expectation.everyMs;
    if (quiet === expectation.quiet) return undefined;
    expectation.quiet = quiet;
    const sender = this.#senders.at(address)?.name ?? address;
    if (!quiet) return { kind: 'sender-recovered', sender, sentence: `${sender} is heard again.` };
    return {
      kind: 'sender-quiet',
      sender,
      sentence: `${sender} has sent nothing for ${formatDuration(silentMs)}; a line is expected every ${formatDuration(expectation.everyMs)}.`,
    };
  }
}

const NEVER = {
  read: 0,
  parsed: 0,
  ignored: 0,
  malformed: 0,
  unknown: 0,
  lost: 0,
  recentRead: 0,
  recentUnderstood: 0,
  samples: [],
} as const;

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
