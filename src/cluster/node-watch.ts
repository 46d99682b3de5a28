import type { NodeWord } from '../store/redis/nodes.ts';

/** What the nodes' words come to. */
export interface NodesSeen {
  /** Every hit that any living node had received by then is in Redis. */
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

/**
 * Tells living nodes from dead ones by watching whether their words change. Nobody's clock is compared with another's, and
 * after an outage of Redis every node is given its time again to come back with what it has kept.
 */
export class NodeWatch {
  readonly #deadAfterMs: number;
  readonly #heard = new Map<string, { readonly word: string; readonly sinceMs: number }>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** A node that says nothing new for so long is dead: its partitions and claims are taken over, nobody waits for its hits. */
  constructor(deadAfterMs: number) {
    this.#deadAfterMs = deadAfterMs;
  }

  /** `nowMs` is any clock that does not jump. */
  look(words: readonly NodeWord[], nowMs: number): NodesSeen {
    if (nowMs - this.#lookedMs > BLIND_AFTER_MS) this.#heard.clear();
    this.#lookedMs = nowMs;
    for (const name of this.#heard.keys())
      if (!words.some(({ node }) => node === name)) this.#heard.delete(name);
    for (const { node, word } of words)
      if (this.#heard.get(node)?.word !== word) this.#heard.set(node, { word, sinceMs: nowMs });
    const isDead = ({ node }: NodeWord) => nowMs - this.#heard.get(node)!.sinceMs >= this.#deadAfterMs;
    const living = words.filter((word) => !isDead(word));
    return {
      watermarkMs: Math.min(...living.map(({ watermarkMs }) => watermarkMs)),
      living: living.map(({ node }) => node),
      rules: living.map(({ rules }) => rules),
      judging: living.filter(({ judges }) => judges).length,
      dead: words.filter(isDead),
    };
  }
}
