/** Judged hits kept for whoever has to fill the windows again, however long these are; counted in steps. */
const MAX_JUDGED = 65_536;
const STEP = 1_024;

/** Knows how much of a partition's stream nobody needs any more. Ids are `<milliseconds>-<number>`. */
export class StreamTrim {
  #read = 0;
  /** The id of every thousandth hit that was read, of the last `MAX_JUDGED`. */
  readonly #milestones: string[] = [];

  noteRead(id: string): void {
    if (++this.#read % STEP !== 0) return;
    this.#milestones.push(id);
    if (this.#milestones.length > MAX_JUDGED / STEP) this.#milestones.shift();
  }

  /** Hits before this id came before `oldestMs`, or are too many; the needed ones are not among them. */
  before(oldestMs: number, needed: Iterable<string>): string {
    let trim = `${Math.max(0, Number.isFinite(oldestMs) ? Math.floor(oldestMs) : 0)}-0`;
    const full = this.#milestones.length === MAX_JUDGED / STEP;
    if (full && idAfter(this.#milestones[0]!, trim)) trim = this.#milestones[0]!;
    for (const id of needed) if (idAfter(trim, id)) trim = id;
    return trim;
  }
}

/** Whether a stream id comes after another. */
export function idAfter(id: string, other: string): boolean {
  const [aMs, aNumber] = id.split('-').map(Number);
  const [bMs, bNumber] = other.split('-').map(Number);
  return aMs! > bMs! || (aMs === bMs && aNumber! > bNumber!);
}
