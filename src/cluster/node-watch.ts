import type { NodeWord } from '../store/redis/nodes.ts';

/** What the nodes' words come to. */
export interface NodesSeen {
  /** Every hit that any living node had received by then is in Redis; nodes that are stuck are not waited for. */
  readonly watermarkMs: number;
  readonly living: readonly string[];
  /** Digests of the rules of all that are alive. */
  readonly rules: readonly string[];
  /** How many of the living judge partitions. */
  readonly judging: number;
  /** Nodes that have said nothing new for too long. */
  readonly dead: readonly NodeWord[];
}

/** Not having looked for so long means that we could not: nobody is blamed for the silence. */
const BLIND_AFTER_MS = 2_000;
/** After that everybody has so many times the usual to say something. */
const GRACE = 3;
/** A node that talks and gets nowhere for so long is stuck; one that catches up moves, however slowly. */
const STUCK_AFTER_MS = 60_000;

interface Heard {
  readonly word: string;
  readonly sinceMs: number;
  readonly watermarkMs: number;
  /** When the watermark last changed. */
  readonly movedMs: number;
}

/**
 * Tells living nodes from dead ones by watching whether their words change. Nobody's clock is compared with another's, and
 * after an outage of Redis every node is given its time again to come back with what it has kept.
 */
export class NodeWatch {
  readonly #deadAfterMs: number;
  readonly #heard = new Map<string, Heard>();
  #lookedMs = Number.NEGATIVE_INFINITY;
  #graceUntilMs = Number.NEGATIVE_INFINITY;

  /** A node that says nothing new for so long is dead: its partitions and claims are taken over, nobody waits for its hits. */
  constructor(deadAfterMs: number) {
    this.#deadAfterMs = deadAfterMs;
  }

  /** `nowMs` is any clock that does not jump. */
  look(words: readonly NodeWord[], nowMs: number): NodesSeen {
    if (nowMs - this.#lookedMs > BLIND_AFTER_MS) this.#forgive(nowMs);
    this.#lookedMs = nowMs;
    for (const name of this.#heard.keys())
      if (!words.some(({ node }) => node === name)) this.#heard.delete(name);
    for (const word of words) this.#hear(word, nowMs);
    const isDead = ({ node }: NodeWord) =>
      nowMs >= this.#graceUntilMs && nowMs - this.#heard.get(node)!.sinceMs >= this.#deadAfterMs;
    const living = words.filter((word) => !isDead(word));
    const moving = living.filter(({ node }) => nowMs - this.#heard.get(node)!.movedMs < STUCK_AFTER_MS);
    return {
      watermarkMs: Math.min(...(moving.length > 0 ? moving : living).map(({ watermarkMs }) => watermarkMs)),
      living: living.map(({ node }) => node),
      rules: living.map(({ rules }) => rules),
      judging: living.filter(({ judges }) => judges).length,
      dead: words.filter(isDead),
    };
  }

  /** Whoever was away comes back with hits that are owed, and not in the first moment: they are waited for. */
  #forgive(nowMs: number): void {
    this.#heard.clear();
    const hasLooked = Number.isFinite(this.#lookedMs);
    if (hasLooked) this.#graceUntilMs = nowMs + GRACE * this.#deadAfterMs;
  }

  #hear({ node, word, watermarkMs }: NodeWord, nowMs: number): void {
    const before = this.#heard.get(node);
    if (before?.word === word) return;
    const movedMs = before?.watermarkMs === watermarkMs ? before.movedMs : nowMs;
    this.#heard.set(node, { word, sinceMs: nowMs, watermarkMs, movedMs });
  }
}
