import type { Attempt, EvidenceLine, LineRef } from '../types.ts';

/** The raw lines of one incident: how many there were, and the first of them. */
export class EvidenceLines {
  readonly #lines: EvidenceLine[];
  readonly #max: number;
  #count: number;
  /** The last line, if it named several ports. */
  #ofSeveralPorts: EvidenceLine | undefined;

  /** At most `max` lines are kept; `lines` and `count` are what an earlier run left. */
  constructor(max: number, lines: readonly EvidenceLine[] = [], count = 0) {
    this.#max = max;
    this.#lines = [...lines];
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  list(): EvidenceLine[] {
    return [...this.#lines];
  }

  /** Takes the line of one hit. A line that names several ports has a hit for each, one behind the other: it counts once. */
  add(attempt: Attempt, lineOf: (ref: LineRef) => EvidenceLine | undefined): void {
    const namesSeveral = attempt.furtherPorts !== undefined;
    const isWanted = this.#lines.length < this.#max;
    const line = namesSeveral || isWanted ? lineOf(attempt.line) : undefined;
    const before = this.#ofSeveralPorts;
    this.#ofSeveralPorts = namesSeveral ? line : undefined;
    if (namesSeveral && line !== undefined && before !== undefined && isSame(before, line)) return;
    this.#count++;
    if (isWanted && line !== undefined) this.#lines.push(line);
  }
}

/** Nodes that share their state keep a line once for each hit: its octets tell, not where it lies. */
function isSame(a: EvidenceLine, b: EvidenceLine): boolean {
  return a.receivedAtMs === b.receivedAtMs && a.bytes.equals(b.bytes);
}
