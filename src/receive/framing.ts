/** Faults a peer can make; the frames themselves are delivered all the same. */
export type FramingFault =
  /** After a counted frame came something that is neither a count nor a PRI: the count was wrong. */
  | 'framing-error'
  /** Longer than the limit: cut there, the rest discarded. */
  | 'frame-too-long'
  /** The stream ended inside a counted frame. */
  | 'incomplete-frame'
  /** Ended by LF or NUL where every frame should be counted. */
  | 'uncounted-frame';

/** One frame; the bytes are a copy of its own. */
export type OnFrame = (bytes: Buffer, truncated: boolean) => void;

/**
 * Frames that are nothing but lines: each begins with `<`, ends with its LF at the latest at the limit, and holds no NUL. They
 * fill the chunk from `start` to `end`. False: they are wanted one by one.
 */
export type OnLines = (start: number, end: number, lines: number) => boolean;

const LF = 10;
const CR = 13;
const NUL = 0;
const LESS_THAN = 60;
const SPACE = 32;

// Seven digits: ten million octets is beyond any syslog message, so a longer number is text.
const COUNT = /^[1-9]\d{0,6} <$/;
const COUNT_SO_FAR = /^[1-9]\d{0,6} ?$/;

const FIRST_CARRY_BYTES = 1024;
const KEPT_CARRY_BYTES = 8 * 1024;

/**
 * Cuts a TCP stream into syslog messages, RFC 6587: octet counting (3.4.1) and non-transparent framing (3.4.2),
 * told apart anew for every frame, because relays mix them on one connection.
 *
 * - A count is believed only as 1-9, up to six more digits, a space, and the `<` of a PRI: `2026-11-23 ...` is text.
 * - Otherwise a frame ends at LF (one CR before it goes too) or at NUL, which some senders write instead of LF.
 *   A lone CR ends nothing. Empty frames are ignored. Inside a counted frame every octet is content.
 * - Spaces behind an LF or a counted frame are passed over: some senders write one between frames.
 * - No frame is longer than the limit: it is cut there, flagged, and the rest is discarded up to its end. A count
 *   above the limit is a lie as often as not, so that frame ends at LF as well as at its count.
 * - Memory follows the octets that came, never the count.
 */
export class Deframer {
  readonly #maxBytes: number;
  readonly #onFault: (fault: FramingFault) => void;
  readonly #wantsCounts: boolean;
  /** The beginning of a frame that may still turn out to be a count. */
  #head = '';
  #inFrame = false;
  /** Octets still to come by the count; Infinity for a frame without one. */
  #left = Number.POSITIVE_INFINITY;
  #tooLong = false;
  #discarding = false;
  #afterCounted = false;
  /** Whether spaces here are between frames. */
  #passesSpaces = false;
  #carry = Buffer.alloc(0);
  #carried = 0;
  /** Where the next LF and NUL of the chunk in hand are, so that a chunk is searched only once. */
  #lfAt = -1;
  #nulAt = -1;

  /**
   * `maxBytes`: the limit for one frame, in octets. `wantsCounts`: frames without a count are a fault, RFC 5425 4.3.
   * Throws RangeError below 64, where no message fits.
   */
  constructor(maxBytes: number, onFault: (fault: FramingFault) => void = () => {}, wantsCounts = false) {
    if (!(maxBytes >= 64)) throw new RangeError(`maxBytes is ${maxBytes}: a frame needs 64 at least`);
    this.#maxBytes = maxBytes;
    this.#onFault = onFault;
    this.#wantsCounts = wantsCounts;
  }

  /** Whether octets of an unfinished frame have come. */
  get isPartial(): boolean {
    return this.#inFrame || this.#head !== '';
  }

  /**
   * Takes the next octets of the stream, of any size, and gives the frames they complete, in order. With `onLines`, as many
   * as are mere lines are offered together first, once a chunk.
   */
  push(chunk: Buffer, onFrame: OnFrame, onLines?: OnLines): void {
    this.#lfAt = -1;
    this.#nulAt = -1;
    let at = 0;
    let offer = onLines;
    while (at < chunk.length) {
      if (offer !== undefined && !this.isPartial) {
        at = this.#offerLines(chunk, at, offer);
        offer = undefined;
      } else at = this.#inFrame ? this.#readContent(chunk, at, onFrame) : this.#readStart(chunk, at);
    }
  }

  /** The stream is over: gives the unfinished frame, flagged when its count promised more. */
  end(onFrame: OnFrame): void {
    if (!this.#inFrame) this.#beginText();
    if (this.#isCounted && !this.#discarding) {
      this.#onFault('incomplete-frame');
      this.#emit(onFrame, true);
    }
    this.#finish(onFrame);
    this.#afterCounted = false;
    this.#passesSpaces = false;
  }

  get #isCounted(): boolean {
    return this.#left !== Number.POSITIVE_INFINITY;
  }

  /** Gives the position behind the lines that were taken. */
  #offerLines(chunk: Buffer, start: number, onLines: OnLines): number {
    if (this.#wantsCounts) return start;
    let lines = 0;
    let end = start;
    for (; chunk[end] === LESS_THAN; lines++) {
      const lf = chunk.indexOf(LF, end);
      if (lf < 0 || lf - end > this.#maxBytes) break;
      end = lf + 1;
    }
    const nul = chunk.indexOf(NUL, start);
    if (lines === 0 || (nul >= 0 && nul < end) || !onLines(start, end, lines)) return start;
    this.#afterCounted = false;
    this.#passesSpaces = true;
    return end;
  }

  #readStart(chunk: Buffer, at: number): number {
    const octet = chunk[at]!;
    if (this.#head === '') {
      if (octet === SPACE && this.#passesSpaces) return at + 1;
      if (octet === LF || octet === NUL) {
        this.#passesSpaces = octet === LF;
        return at + 1;
      }
    }
    const head = this.#head + String.fromCharCode(octet);
    if (COUNT_SO_FAR.test(head)) {
      this.#head = head;
      return at + 1;
    }
    if (COUNT.test(head)) this.#beginCounted(Number.parseInt(head, 10));
    else this.#beginText();
    return at;
  }

  #beginCounted(count: number): void {
    this.#head = '';
    this.#inFrame = true;
    this.#left = count;
    this.#tooLong = count > this.#maxBytes;
    if (this.#tooLong) this.#onFault('frame-too-long');
  }

  #beginText(): void {
    this.#inFrame = true;
    this.#append(Buffer.from(this.#head, 'latin1'));
    this.#head = '';
  }

  #readContent(chunk: Buffer, at: number, onFrame: OnFrame): number {
    const end = Math.min(chunk.length, at + this.#left);
    const delimiter = this.#delimiterAt(chunk, at);
    const stop = Math.min(delimiter, end);
    this.#take(chunk.subarray(at, stop), onFrame);
    this.#left -= stop - at;
    if (delimiter < end) {
      this.#passesSpaces = chunk[delimiter] === LF;
      if (this.#passesSpaces) this.#dropCarriageReturn();
      this.#finish(onFrame);
      return stop + 1;
    }
    if (this.#left === 0) {
      this.#passesSpaces = true;
      this.#finish(onFrame);
    }
    return stop;
  }

  /** Where the frame in hand ends by a delimiter; Infinity when none is in sight or it ends by its count alone. */
  #delimiterAt(chunk: Buffer, at: number): number {
    if (this.#isCounted && !this.#tooLong) return Number.POSITIVE_INFINITY;
    if (this.#lfAt < at) this.#lfAt = indexOf(chunk, LF, at);
    if (this.#isCounted) return this.#lfAt;
    if (this.#nulAt < at) this.#nulAt = indexOf(chunk, NUL, at);
    return Math.min(this.#lfAt, this.#nulAt);
  }

  #take(octets: Buffer, onFrame: OnFrame): void {
    if (this.#discarding) return;
    const room = this.#maxBytes - this.#carried;
    this.#append(octets.subarray(0, room));
    if (octets.length <= room) return;
    if (!this.#tooLong) this.#onFault('frame-too-long');
    this.#tooLong = true;
    this.#emit(onFrame, true);
    this.#discarding = true;
  }

  #append(octets: Buffer): void {
    const needed = this.#carried + octets.length;
    if (needed > this.#carry.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_CARRY_BYTES, needed, 2 * this.#carry.length));
      this.#carry.copy(grown, 0, 0, this.#carried);
      this.#carry = grown;
    }
    octets.copy(this.#carry, this.#carried);
    this.#carried = needed;
  }

  #dropCarriageReturn(): void {
    if (this.#carried > 0 && this.#carry[this.#carried - 1] === CR) this.#carried--;
  }

  #finish(onFrame: OnFrame): void {
    if (!this.#discarding) this.#emit(onFrame, this.#tooLong);
    this.#afterCounted = this.#isCounted && !this.#tooLong;
    this.#inFrame = false;
    this.#left = Number.POSITIVE_INFINITY;
    this.#tooLong = false;
    this.#discarding = false;
  }

  #emit(onFrame: OnFrame, truncated: boolean): void {
    const octets = this.#carry.subarray(0, this.#carried);
    this.#carried = 0;
    if (this.#carry.length > KEPT_CARRY_BYTES) this.#carry = Buffer.alloc(0);
    if (octets.length === 0) return;
    if (this.#afterCounted && !this.#isCounted && octets[0] !== LESS_THAN) this.#onFault('framing-error');
    if (this.#wantsCounts && !this.#isCounted) this.#onFault('uncounted-frame');
    onFrame(Buffer.from(octets), truncated);
  }
}

function indexOf(chunk: Buffer, octet: number, from: number): number {
  const index = chunk.indexOf(octet, from);
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}
