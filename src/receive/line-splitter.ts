/** One line without its LF or CR LF; the octets are a copy of its own. */
export type OnLine = (bytes: Buffer, truncated: boolean) => void;

const LF = 10;
const CR = 13;

/**
 * Cuts a growing file into lines, whatever pieces it is read in. A line longer than the limit is cut there and given,
 * flagged, once; the rest of it is discarded up to its LF, so that nothing in it passes for a line. Empty lines are left out.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #carry: Buffer[] = [];
  #carried = 0;
  #discarding = false;
  #pending = 0;

  /** `maxBytes`: the limit for one line, in octets. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Octets since the beginning of the unfinished line: reading again from there misses and splits nothing. */
  get pendingBytes(): number {
    return this.#pending;
  }

  /** Takes the next octets and gives the lines they complete. */
  push(chunk: Buffer, onLine: OnLine): void {
    let at = 0;
    while (at < chunk.length) {
      const lf = chunk.indexOf(LF, at);
      const stop = lf < 0 ? chunk.length : lf;
      this.#take(chunk.subarray(at, stop), onLine);
      this.#pending += stop - at;
      if (lf < 0) return;
      this.#finish(onLine);
      at = lf + 1;
    }
  }

  /** The file is over: gives the unfinished line. */
  end(onLine: OnLine): void {
    this.#finish(onLine);
  }

  /** What comes up to the next LF belongs to a line whose beginning nobody saw. */
  skipLine(): void {
    this.#discarding = true;
  }

  #take(octets: Buffer, onLine: OnLine): void {
    if (this.#discarding || octets.length === 0) return;
    const room = this.#maxBytes - this.#carried;
    // One octet more than the limit may still be the CR of a CR LF.
    this.#carry.push(Buffer.from(octets.subarray(0, room + 1)));
    this.#carried += Math.min(octets.length, room + 1);
    if (this.#carried <= this.#maxBytes) return;
    if (octets.length <= room + 1 && this.#lastOctet() === CR) return;
    this.#emit(onLine, true);
    this.#discarding = true;
  }

  #finish(onLine: OnLine): void {
    if (!this.#discarding) this.#emit(onLine, false);
    this.#discarding = false;
    this.#pending = 0;
  }

  #emit(onLine: OnLine, truncated: boolean): void {
    const octets = this.#carry.length === 1 ? this.#carry[0]! : Buffer.concat(this.#carry);
    this.#carry = [];
    this.#carried = 0;
    const end = octets[octets.length - 1] === CR ? octets.length - 1 : octets.length;
    const line = octets.subarray(0, Math.min(end, this.#maxBytes));
    if (line.length > 0) onLine(line, truncated);
  }

  #lastOctet(): number | undefined {
    return this.#carry.at(-1)?.at(-1);
  }
}
