/** How many segments may be searched ahead of the one that is read. */
const SLOTS = 6;
/** How far ahead of the reader the searching thread begins, in segments: what lies between is the reader's own. */
const LEAD = 4;
/** The longest line a segment may begin with that was begun before it; the reader searches those with a longer one itself. */
export const SLACK_BYTES = 16 << 10;
/** Lines found in a segment, at most. */
const MAX_SPANS = 4_096;

/** The state of a segment. */
const [FREE, TAKEN, DONE] = [0, 1, 2];
/** Positions in the first words. */
const [READER_AT, RELEASED, FIRST_STATE] = [0, 1, 2];
const SLOT_WORDS = 3 + 2 * MAX_SPANS;

/** How a file is cut into segments. A segment has the lines that end in it. */
export interface SegmentShape {
  readonly segmentBytes: number;
  /** Whole segments in the file. */
  readonly segments: number;
}

/** A segment that was searched: its octets, and start and end of each line found, relative to them. */
export interface SearchedSegment {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly spans: Int32Array;
}

/**
 * What the thread that reads a log and the one that searches ahead of it share: who has which segment, and slots for those
 * that were searched. The searcher takes segments in order, and so does the reader those that it comes to first.
 */
export class Segments {
  readonly memory: SharedArrayBuffer;
  readonly shape: SegmentShape;
  readonly #words: Int32Array;
  readonly #slotBytes: number;
  readonly #slotsAt: number;

  constructor(shape: SegmentShape, memory?: SharedArrayBuffer) {
    const words = FIRST_STATE + shape.segments + SLOTS * SLOT_WORDS;
    this.shape = shape;
    this.#slotBytes = shape.segmentBytes + SLACK_BYTES;
    this.#slotsAt = 4 * words;
    this.memory = memory ?? new SharedArrayBuffer(this.#slotsAt + SLOTS * this.#slotBytes);
    this.#words = new Int32Array(this.memory, 0, words);
  }

  /** The reader asks for a segment: true when it is its own. */
  read(segment: number): boolean {
    Atomics.store(this.#words, READER_AT, segment);
    return Atomics.compareExchange(this.#words, FIRST_STATE + segment, FREE, TAKEN) === FREE;
  }

  /** Whether the searcher has done with a segment it took. */
  isDone(segment: number): boolean {
    return Atomics.load(this.#words, FIRST_STATE + segment) === DONE;
  }

  /** A segment as it was searched, by how many were before it; valid until it is released. Undefined when it could not be. */
  searched(before: number): SearchedSegment | undefined {
    const slot = this.#slot(before);
    const [start, end, count] = [slot[0]!, slot[1]!, slot[2]!];
    return count < 0
      ? undefined
      : { buffer: this.octets(before), start, end, spans: slot.subarray(3, 3 + 2 * count) };
  }

  /** The reader needs the first so many searched segments no more. */
  release(count: number): void {
    Atomics.store(this.#words, RELEASED, count);
    Atomics.notify(this.#words, RELEASED);
  }

  /** The searcher waits for a slot and takes the next segment behind another that nobody has; undefined at the end. */
  take(behind: number, before: number): number | undefined {
    for (let released = this.#released(); before - released >= SLOTS; released = this.#released())
      Atomics.wait(this.#words, RELEASED, released);
    let segment = Math.max(behind + 1, Atomics.load(this.#words, READER_AT) + LEAD);
    while (segment < this.shape.segments) {
      if (Atomics.compareExchange(this.#words, FIRST_STATE + segment, FREE, TAKEN) === FREE) return segment;
      segment++;
    }
    return undefined;
  }

  /** Where the octets of a segment go, by how many the searcher took before it. */
  octets(before: number): Buffer {
    return Buffer.from(this.memory, this.#slotsAt + (before % SLOTS) * this.#slotBytes, this.#slotBytes);
  }

  /** The searcher has done with a segment; without spans, or with too many, the reader searches it itself. */
  done(
    segment: number,
    before: number,
    start: number,
    end: number,
    spans: readonly number[] | undefined,
  ): void {
    const slot = this.#slot(before);
    const fits = spans !== undefined && spans.length <= 2 * MAX_SPANS;
    slot[0] = start;
    slot[1] = end;
    slot[2] = fits ? spans.length / 2 : -1;
    if (fits) slot.set(spans, 3);
    Atomics.store(this.#words, FIRST_STATE + segment, DONE);
  }

  #slot(before: number): Int32Array {
    const at = FIRST_STATE + this.shape.segments + (before % SLOTS) * SLOT_WORDS;
    return this.#words.subarray(at, at + SLOT_WORDS);
  }

  #released(): number {
    return Atomics.load(this.#words, RELEASED);
  }
}
