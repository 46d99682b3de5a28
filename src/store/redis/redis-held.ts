import { ALERT_KEYS } from './keys.ts';
import { type RedisLink, script } from './redis-link.ts';

/** Something that waits for a channel's digest, as text. */
export interface HeldText {
  readonly channel: string;
  readonly text: string;
}

/* A field is node, channel and incident with line feeds between them. ARGV node living {node}... */
const TAKE_OVER = script(`
local living, found = {}, {}
for i = 3, 2 + tonumber(ARGV[2]) do living[ARGV[i]] = true end
local raw = redis.call('HGETALL', KEYS[1])
for i = 1, #raw, 2 do
  local node, rest = string.match(raw[i], '^([^\\n]*)\\n(.*)$')
  if not living[node] then
    redis.call('HDEL', KEYS[1], raw[i])
    redis.call('HSET', KEYS[1], ARGV[1] .. '\\n' .. rest, raw[i + 1])
    found[#found + 1] = string.match(rest, '^[^\\n]*')
    found[#found + 1] = raw[i + 1]
  end
end
return found
`);

/** What each node keeps for its next digests, so that a dead node's are told by another. */
export class RedisHeld {
  readonly #link: RedisLink;
  readonly #node: string;
  /** What Redis has not been told yet; without a text it does not wait any more. */
  readonly #owed = new Map<string, string | undefined>();

  constructor(link: RedisLink, node: string) {
    this.#link = link;
    this.#node = node;
  }

  /** Whether Redis has not been told everything yet. */
  get owes(): boolean {
    return this.#owed.size > 0;
  }

  /** Something waits or, without a text, does not any more. Never rejects: while Redis is away it is owed. */
  async note(channel: string, incidentId: string, text: string | undefined): Promise<void> {
    this.#owed.set(`${this.#node}\n${channel}\n${incidentId}`, text);
    await this.#pay().catch(() => undefined);
  }

  /** Takes what nodes held that are not among the living, and gives it. */
  async takeOver(living: readonly string[]): Promise<HeldText[]> {
    await this.#pay();
    const args = [this.#node, living.length, ...living];
    const found = (await this.#link.run(TAKE_OVER, [ALERT_KEYS.held], args)) as string[];
    return Array.from({ length: found.length / 2 }, (_, i) => ({
      channel: found[2 * i]!,
      text: found[2 * i + 1]!,
    }));
  }

  /** What waits on any node: which channel's next digest tells of which incident. */
  async list(): Promise<{ readonly channel: string; readonly incidentId: string }[]> {
    const fields = await this.#link.client.hkeys(ALERT_KEYS.held);
    return fields.map((field) => {
      const [, channel = '', incidentId = ''] = field.split('\n');
      return { channel, incidentId };
    });
  }

  async #pay(): Promise<void> {
    const { client } = this.#link;
    for (const [field, text] of [...this.#owed]) {
      if (text === undefined) await client.hdel(ALERT_KEYS.held, field);
      else await client.hset(ALERT_KEYS.held, field, text);
      if (this.#owed.get(field) === text) this.#owed.delete(field);
    }
  }
}
