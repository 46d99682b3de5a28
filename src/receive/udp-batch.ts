import type { Frame } from '../types.ts';
import { type LineBatch, MIN_BATCH_LINES } from './line-batch.ts';
import type { FrameSink } from './receiver.ts';

/*
 * How datagrams cross from the receiving thread to the main thread: packed into one transferable ArrayBuffer,
 * because a postMessage for each of 200,000 datagrams a second would cost more than all the rest of the program.
 *
 * A batch: u32 count of datagrams, u32 octets of their text, a record of 16 octets for each (f64 receivedAtMs, u32 octets in
 * the text, u16 port, u8 flags, u8 number of the sender), the text: the datagrams one after the other, then the senders'
 * addresses, each a line. A datagram that is one line has its LF in the text whether it was sent with one or not, so that
 * many of them can be searched as one. Byte order is the machine's: both threads run on it.
 */

/** A batch is sent at this size, or so long after its first datagram. */
export const BATCH_BYTES = 64 * 1024;
export const BATCH_WAIT_MS = 2;

const HEADER_BYTES = 8;
const RECORD_BYTES = 16;
const MAX_RECORDS = 4_096;
const MAX_SENDERS = 255;
const LF = 10;
/** Flags of a record. */
const TRUNCATED = 1;
/** The text holds no LF but the last. */
const ONE_LINE = 2;
/** That LF was not sent. */
const LF_ADDED = 4;

/** What the receiving thread says to the main thread. */
export type FromUdpWorker =
  | {
      readonly kind: 'started';
      readonly host: string;
      readonly port: number;
      readonly receiveBufferBytes: number;
      readonly warning?: string;
    }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'batch'; readonly buffer: ArrayBuffer }
  | { readonly kind: 'trouble'; readonly message: string }
  | { readonly kind: 'stopped' };

/** What the receiving thread is started with. */
export interface UdpWorkerData {
  readonly host: string;
  readonly port: number;
  readonly fd?: number | undefined;
  readonly receiveBufferBytes: number;
  readonly maxBytes: number;
  readonly allowedSenders: readonly string[];
  readonly maxBacklogBytes: number;
  readonly counters: SharedArrayBuffer;
}

const COUNTERS = ['pendingBytes', 'empty', 'sender-not-allowed', 'main-thread-behind'] as const;
type CounterName = (typeof COUNTERS)[number];

/** Counters both threads see at once: what is on its way, and what the receiving thread dropped. */
export class SharedCounters {
  readonly memory: SharedArrayBuffer;
  readonly #slots: BigInt64Array;

  constructor(memory = new SharedArrayBuffer(COUNTERS.length * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#slots = new BigInt64Array(memory);
  }

  add(name: CounterName, amount = 1): void {
    Atomics.add(this.#slots, COUNTERS.indexOf(name), BigInt(amount));
  }

  get(name: CounterName): number {
    return Number(Atomics.load(this.#slots, COUNTERS.indexOf(name)));
  }

  /** Name and count of everything dropped in the receiving thread. */
  drops(): [reason: string, count: number][] {
    return COUNTERS.filter((name) => name !== 'pendingBytes').map((name) => [name, this.get(name)]);
  }
}

/** Packs datagrams into a batch. */
export class BatchWriter {
  // A batch below its size takes one more datagram of any size UDP knows, with a LF.
  readonly #text = Buffer.allocUnsafeSlow(BATCH_BYTES + 0xffff + 1);
  readonly #records = new ArrayBuffer(MAX_RECORDS * RECORD_BYTES);
  readonly #times = new Float64Array(this.#records);
  readonly #lengths = new Uint32Array(this.#records);
  readonly #ports = new Uint16Array(this.#records);
  readonly #octets = new Uint8Array(this.#records);
  #senders: string[] = [];
  #count = 0;
  #used = 0;

  get usedBytes(): number {
    return this.#used;
  }

  get isFull(): boolean {
    return this.#used >= BATCH_BYTES || this.#count === MAX_RECORDS || this.#senders.length === MAX_SENDERS;
  }

  /** Appends one datagram; the batch must not be full. */
  add(bytes: Buffer, receivedAtMs: number, address: string, port: number, truncated: boolean): void {
    const { length } = bytes;
    const lf = bytes.indexOf(LF);
    bytes.copy(this.#text, this.#used);
    let flags = truncated ? TRUNCATED : 0;
    if (lf < 0) {
      this.#text[this.#used + length] = LF;
      flags |= ONE_LINE | LF_ADDED;
    } else if (lf === length - 1) flags |= ONE_LINE;
    const octets = length + (lf < 0 ? 1 : 0);
    const at = this.#count++;
    this.#times[2 * at] = receivedAtMs;
    this.#lengths[4 * at + 2] = octets;
    this.#ports[8 * at + 6] = port;
    this.#octets[16 * at + 14] = flags;
    this.#octets[16 * at + 15] = this.#numberOf(address);
    this.#used += octets;
  }

  /** The batch as a buffer of its own, ready to transfer; the writer is empty again. */
  take(): ArrayBuffer {
    const senders = Buffer.from(this.#senders.join('\n'), 'latin1');
    const recordBytes = this.#count * RECORD_BYTES;
    const batch = new ArrayBuffer(HEADER_BYTES + recordBytes + this.#used + senders.length);
    new Uint32Array(batch, 0, 2).set([this.#count, this.#used]);
    const out = new Uint8Array(batch, HEADER_BYTES);
    out.set(this.#octets.subarray(0, recordBytes));
    out.set(this.#text.subarray(0, this.#used), recordBytes);
    out.set(senders, recordBytes + this.#used);
    this.#senders = [];
    this.#count = 0;
    this.#used = 0;
    return batch;
  }

  #numberOf(address: string): number {
    // Datagrams come in runs of one sender.
    const known = this.#senders.lastIndexOf(address);
    return known >= 0 ? known : this.#senders.push(address) - 1;
  }
}

/**
 * The frames of a batch, in order. Their bytes are copies, so that one kept line does not keep its whole batch. Runs of
 * lines of one sender are offered to a sink that takes lines.
 */
export function readBatch(batch: ArrayBuffer, sink: FrameSink): void {
  const records = new BatchReader(batch);
  for (let at = 0; at < records.count; ) {
    const end = sink.takeLines === undefined ? records.count : records.endOfRun(at);
    const taken = end - at >= MIN_BATCH_LINES && sink.takeLines?.(records.lines(at, end)) === true;
    if (!taken) for (let i = at; i < end; i++) sink(records.frame(i));
    at = end;
  }
}

class BatchReader {
  readonly count: number;
  readonly #text: Buffer;
  readonly #times: Float64Array;
  readonly #ports: Uint16Array;
  readonly #octets: Uint8Array;
  readonly #senders: readonly string[];
  /** Where each datagram begins in the text, and where the last ends. */
  readonly #starts: Uint32Array;

  constructor(batch: ArrayBuffer) {
    const [count = 0, textBytes = 0] = new Uint32Array(batch, 0, 2);
    this.count = count;
    this.#times = new Float64Array(batch, HEADER_BYTES, 2 * count);
    this.#ports = new Uint16Array(batch, HEADER_BYTES, 8 * count);
    this.#octets = new Uint8Array(batch, HEADER_BYTES, RECORD_BYTES * count);
    const textAt = HEADER_BYTES + RECORD_BYTES * count;
    this.#text = Buffer.from(batch, textAt, textBytes);
    this.#senders = Buffer.from(batch, textAt + textBytes)
      .toString('latin1')
      .split('\n');
    const lengths = new Uint32Array(batch, HEADER_BYTES, 4 * count);
    this.#starts = new Uint32Array(count + 1);
    for (let i = 0; i < count; i++) this.#starts[i + 1] = this.#starts[i]! + lengths[4 * i + 2]!;
  }

  frame(at: number): Frame {
    const flags = this.#octets[RECORD_BYTES * at + 14]!;
    const end = this.#starts[at + 1]! - ((flags & LF_ADDED) === 0 ? 0 : 1);
    return {
      bytes: Buffer.from(this.#text.subarray(this.#starts[at]!, end)),
      receivedAtMs: this.#times[2 * at]!,
      peer: { address: this.#senderOf(at), port: this.#ports[8 * at + 6]! },
      transport: 'udp',
      ...((flags & TRUNCATED) === 0 ? {} : { truncated: true }),
    };
  }

  /** Where the run of lines of one sender that begins at a datagram ends, or the next datagram. */
  endOfRun(start: number): number {
    const sender = this.#octets[RECORD_BYTES * start + 15];
    let at = start;
    for (; at < this.count; at++) {
      const flags = this.#octets[RECORD_BYTES * at + 14]!;
      if ((flags & ONE_LINE) === 0 || (flags & TRUNCATED) !== 0) break;
      if (this.#octets[RECORD_BYTES * at + 15] !== sender) break;
    }
    return Math.max(at, start + 1);
  }

  lines(from: number, to: number): LineBatch {
    const textAt = this.#starts[from]!;
    return {
      text: this.#text.toString('latin1', textAt, this.#starts[to]),
      lines: to - from,
      address: this.#senderOf(from),
      transport: 'udp',
      receivedAtMs: this.#times[2 * (to - 1)]!,
      frame: (start) => this.frame(this.#recordAt(textAt + start, from, to)),
    };
  }

  #senderOf(at: number): string {
    return this.#senders[this.#octets[RECORD_BYTES * at + 15]!]!;
  }

  /** The datagram that begins at a position of the text, among those from `low` up to `high`. */
  #recordAt(start: number, low: number, high: number): number {
    let [from, to] = [low, high];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (this.#starts[middle]! <= start) from = middle;
      else to = middle;
    }
    return from;
  }
}
