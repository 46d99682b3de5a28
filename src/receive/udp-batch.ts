import type { Frame } from '../types.ts';

/*
 * How datagrams cross from the receiving thread to the main thread: packed into one transferable ArrayBuffer,
 * because a postMessage for each of 200,000 datagrams a second would cost more than all the rest of the program.
 *
 * A record: u32 length of the bytes, f64 receivedAtMs, u16 port, u8 truncated, u8 length of the address,
 * address (ASCII), bytes. Byte order is that of DataView's default, big-endian.
 */

/** A batch is sent at this size, or so long after its first datagram. */
export const BATCH_BYTES = 64 * 1024;
export const BATCH_WAIT_MS = 2;

const HEADER_BYTES = 16;

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
  // A batch below its size takes one more datagram of any size UDP knows.
  readonly #scratch = Buffer.allocUnsafeSlow(BATCH_BYTES + HEADER_BYTES + 255 + 0xffff);
  #used = 0;

  get usedBytes(): number {
    return this.#used;
  }

  get isFull(): boolean {
    return this.#used >= BATCH_BYTES;
  }

  /** Appends one datagram; the batch must not be full. */
  add(bytes: Buffer, receivedAtMs: number, address: string, port: number, truncated: boolean): void {
    const out = this.#scratch;
    let at = this.#used;
    at = out.writeUInt32BE(bytes.length, at);
    at = out.writeDoubleBE(receivedAtMs, at);
    at = out.writeUInt16BE(port, at);
    at = out.writeUInt8(truncated ? 1 : 0, at);
    at = out.writeUInt8(address.length, at);
    at += out.write(address, at, 'latin1');
    at += bytes.copy(out, at);
    this.#used = at;
  }

  /** The batch as a buffer of its own, ready to transfer; the writer is empty again. */
  take(): ArrayBuffer {
    const batch = this.#scratch.buffer.slice(0, this.#used) as ArrayBuffer;
    this.#used = 0;
    return batch;
  }
}

/** The frames of a batch, in order. Their bytes are copies, so that one kept line does not keep its whole batch. */
export function readBatch(batch: ArrayBuffer, onFrame: (frame: Frame) => void): void {
  const input = Buffer.from(batch);
  let at = 0;
  while (at < input.length) {
    const length = input.readUInt32BE(at);
    const receivedAtMs = input.readDoubleBE(at + 4);
    const port = input.readUInt16BE(at + 12);
    const truncated = input.readUInt8(at + 14) === 1;
    const addressAt = at + HEADER_BYTES;
    const bytesAt = addressAt + input.readUInt8(at + 15);
    at = bytesAt + length;
    onFrame({
      bytes: Buffer.from(input.subarray(bytesAt, at)),
      receivedAtMs,
      peer: { address: input.toString('latin1', addressAt, bytesAt), port },
      transport: 'udp',
      ...(truncated ? { truncated } : {}),
    });
  }
}
