/** Connections from one address to one of ours, told at once or together. */
export interface Knock {
  readonly source: string;
  /** The newest connection's. */
  readonly sourcePort: number | undefined;
  /** The address of ours that was knocked on. */
  readonly local: string;
  readonly count: number;
}

interface Held {
  readonly source: string;
  readonly local: string;
  readonly sinceMs: number;
  sourcePort: number | undefined;
  count: number;
}

export interface TrapGateLimits {
  /** One knock a pair of addresses is told in so many milliseconds; the others are told in one when they have passed. */
  readonly intervalMs: number;
  /** Knocks told in an interval, by everybody together. */
  readonly maxTold: number;
  /** Pairs of addresses remembered. */
  readonly maxPairs: number;
}

export const TRAP_GATE_LIMITS: TrapGateLimits = { intervalMs: 1_000, maxTold: 500, maxPairs: 10_000 };

/** Makes few words of many connections. Every connection is in some count: told, or `onDrop`'s. */
export class TrapGate {
  readonly #limits: TrapGateLimits;
  readonly #onKnock: (knock: Knock) => void;
  readonly #onDrop: (count: number) => void;
  readonly #held = new Map<string, Held>();
  #told = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(
    onKnock: (knock: Knock) => void,
    onDrop: (count: number) => void,
    limits: TrapGateLimits = TRAP_GATE_LIMITS,
  ) {
    this.#limits = limits;
    this.#onKnock = onKnock;
    this.#onDrop = onDrop;
  }

  /** Whether a connection is being held that `flush` will tell. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  add(source: string, sourcePort: number | undefined, local: string, nowMs: number): void {
    const key = `${source} ${local}`;
    const held = this.#held.get(key);
    if (held !== undefined) {
      held.count++;
      held.sourcePort = sourcePort;
      return;
    }
    if (this.#held.size >= this.#limits.maxPairs) {
      this.#onDrop(1);
      return;
    }
    this.#held.set(key, { source, local, sinceMs: nowMs, sourcePort, count: 0 });
    this.#tell({ source, sourcePort, local, count: 1 }, nowMs);
  }

  /** Tells what was held long enough; `all` also what was not. */
  flush(nowMs: number, all = false): void {
    for (const [key, { source, local, sinceMs, sourcePort, count }] of this.#held) {
      if (!all && nowMs - sinceMs < this.#limits.intervalMs) continue;
      this.#held.delete(key);
      if (count === 0) continue;
      this.#tell({ source, sourcePort, local, count }, nowMs);
      // Who goes on knocking is told once an interval, not twice.
      if (!all) this.#held.set(key, { source, local, sinceMs: nowMs, sourcePort, count: 0 });
    }
  }

  #tell(knock: Knock, nowMs: number): void {
    if (nowMs - this.#sinceMs >= this.#limits.intervalMs) {
      this.#sinceMs = nowMs;
      this.#told = 0;
    }
    if (this.#told >= this.#limits.maxTold) {
      this.#onDrop(knock.count);
      return;
    }
    this.#told++;
    this.#onKnock(knock);
  }
}
