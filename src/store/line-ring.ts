import type { EvidenceLine, Frame, LineKeeper, LineRef } from '../types.ts';

/**
 * The newest raw lines in a fixed amount of memory, so that an incident can show the lines that led to it. The octets are
 * copied into one buffer that is written round and round; the oldest lines are overwritten.
 */
export class LineRing implements LineKeeper {
  readonly #bytes: Buffer;
  /** Line n is slot n % length: where it begins in the endless stream of octets, how long it is, when it came, from whom. */
  readonly #starts: Float64Array;
  readonly #lengths: Uint32Array;
  readonly #receivedAt: Float64Array;
  readonly #peers: (EvidenceLine['peer'] | undefined)[];
  #written = 0;
  #next = 1;

  /** `maxBytes` of text and at most `maxLines` lines, allocated at once. */
  constructor(maxBytes: number, maxLines: number) {
    this.#bytes = Buffer.allocUnsafeSlow(maxBytes);
    this.#starts = new Float64Array(maxLines);
    this.#lengths = new Uint32Array(maxLines);
    this.#receivedAt = new Float64Array(maxLines);
    this.#peers = new Array(maxLines).fill(undefined);
  }

  /** Keeps a frame's octets; longer ones than the ring are cut. */
  keep(frame: Frame): LineRef {
    const sequence = this.#next++;
    const slot = sequence % this.#starts.length;
    const length = Math.min(frame.bytes.length, this.#bytes.length);
    const offset = this.#written % this.#bytes.length;
    const head = Math.min(length, this.#bytes.length - offset);
    frame.bytes.copy(this.#bytes, offset, 0, head);
    if (head < length) frame.bytes.copy(this.#bytes, 0, head, length);
    this.#starts[slot] = this.#written;
    this.#lengths[slot] = length;
    this.#receivedAt[slot] = frame.receivedAtMs;
    this.#peers[slot] = frame.peer;
    this.#written += length;
    return { sequence };
  }

  /** The line again, copied out, or undefined when it has been overwritten. */
  get(ref: LineRef): EvidenceLine | undefined {
    const age = this.#next - ref.sequence;
    if (ref.sequence < 1 || age < 1 || age > this.#starts.length) return undefined;
    const slot = ref.sequence % this.#starts.length;
    const start = this.#starts[slot]!;
    if (this.#written - start > this.#bytes.length) return undefined;
    const length = this.#lengths[slot]!;
    const offset = start % this.#bytes.length;
    const head = Math.min(length, this.#bytes.length - offset);
    const bytes = Buffer.allocUnsafeSlow(length);
    this.#bytes.copy(bytes, 0, offset, offset + head);
    if (head < length) this.#bytes.copy(bytes, head, 0, length - head);
    return { bytes, receivedAtMs: this.#receivedAt[slot]!, peer: this.#peers[slot]! };
  }
}
