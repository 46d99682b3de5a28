import { NODES_KEY } from './keys.ts';
import { type RedisLink, script } from './redis-link.ts';

/** What a node said of itself last. */
export interface NodeWord {
  readonly node: string;
  /** Every hit it had received by then is in Redis. */
  readonly watermarkMs: number;
  /** Whether it judges partitions; one that is about to leave does not. */
  readonly judges: boolean;
  /** A digest of its rules. */
  readonly rules: string;
  /** Different each time it is said. */
  readonly word: string;
}

const FORGET = script(
  `if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end return 0`,
);

/** Who takes part, and how far everybody has come. */
export class Nodes {
  readonly #link: RedisLink;
  #beats = 0;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** Says how this node is; gives what all nodes said last, itself included. */
  async say(
    node: string,
    { watermarkMs, judges, rules }: Omit<NodeWord, 'node' | 'word'>,
  ): Promise<NodeWord[]> {
    const { client } = this.#link;
    const said = `${++this.#beats} ${watermarkMs} ${judges ? 'judges' : 'leaves'} ${rules}`;
    await client.hset(NODES_KEY, node, said);
    const words = await client.hgetall(NODES_KEY);
    return Object.entries(words).map(([name, word]) => {
      const [, watermark, does, digest = ''] = word.split(' ');
      return {
        node: name,
        watermarkMs: Number(watermark),
        judges: does === 'judges',
        rules: digest,
        word,
      };
    });
  }

  /** Forgets a node that has said nothing new; one that has is alive, and stays. */
  async forget({ node, word }: NodeWord): Promise<void> {
    await this.#link.run(FORGET, [NODES_KEY], [node, word]);
  }

  /** Takes leave: nobody waits for this node any more. */
  async leave(node: string): Promise<void> {
    await this.#link.client.hdel(NODES_KEY, node);
  }
}
