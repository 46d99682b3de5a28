import type { Alert, Incident, OutboxEntry, PutResult, Severity } from '../../types.ts';
import { keyOf, OUTBOX_BOUNDS, type OutboxBounds } from '../outbox-queue.ts';
import {
  DEAD,
  DELIVERED,
  DUE,
  LIST,
  NEXT_DUE,
  OUTBOX_KEYS,
  PUT,
  RELEASE,
  RETRY,
  RETRY_DEAD,
  SWEEP,
} from './outbox-scripts.ts';
import { incidentArgs } from './redis-incidents.ts';
import type { RedisLink, Script } from './redis-link.ts';

export interface RedisOutboxOptions {
  /** This process, among all that share the outbox. */
  readonly node: string;
  readonly bounds?: OutboxBounds;
  /** The newest state of an alert's incident, to be written in the same step as the alert. */
  readonly incidentOf?: (id: string) => Incident | undefined;
  /** Whether the others know that this process is alive: claims of one that is not are taken over. */
  readonly isKnown?: () => boolean;
  readonly now?: () => number;
}

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/**
 * The outbox several nodes share: whoever asks first is the only one to be given an entry, until it says what became of it
 * or is found dead. What became of one is remembered while Redis is away, so that it is not sent again for that.
 */
export class RedisOutbox {
  readonly #link: RedisLink;
  readonly #options: RedisOutboxOptions;
  /** Claimed by this process, and not yet done with as far as Redis knows. */
  readonly #inHand = new Set<string>();
  /** What Redis has not been told yet. */
  #owed: { readonly key: string; readonly script: Script; readonly args: readonly (string | number)[] }[] =
    [];
  #paying: Promise<void> | undefined;
  #asking = 0;

  constructor(link: RedisLink, options: RedisOutboxOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** Accepts an alert together with its incidents' newest state. */
  async put(alert: Alert, channel: string, nowMs: number): Promise<PutResult> {
    const { bounds = OUTBOX_BOUNDS, incidentOf } = this.#options;
    const incidents = alert.incidentIds.flatMap((id) => incidentOf?.(id) ?? []);
    const [kind, displaced] = (await this.#link.run(PUT, OUTBOX_KEYS, [
      keyOf(alert.id, channel),
      channel,
      JSON.stringify(alert),
      Math.round(nowMs),
      SEVERITIES.indexOf(alert.severity),
      alert.reason === 'digest' ? 1 : 0,
      bounds.perChannel,
      incidents.length,
      ...incidentArgs(incidents),
    ])) as [PutResult['kind'], string?];
    return kind === 'displaced' ? { kind, alert: JSON.parse(displaced!) as Alert } : { kind };
  }

  async due(channel: string, nowMs: number): Promise<OutboxEntry | undefined> {
    if (this.#options.isKnown?.() === false) throw new Error('the other nodes do not know of this one yet');
    await this.#pay();
    this.#asking++;
    try {
      const args = [channel, Math.floor(nowMs), this.#options.node];
      const found = (await this.#link.run(DUE, OUTBOX_KEYS, args)) as [string, string] | null;
      if (found === null) return undefined;
      const entry = entryOf(...found);
      this.#inHand.add(keyOf(entry.alert.id, channel));
      return entry;
    } finally {
      this.#asking--;
    }
  }

  async nextDueMs(channel: string): Promise<number | undefined> {
    const next = (await this.#link.run(NEXT_DUE, OUTBOX_KEYS, [channel])) as string | null;
    return next === null ? undefined : Number(next);
  }

  async delivered(alertId: string, channel: string): Promise<void> {
    await this.#tell(DELIVERED, alertId, channel, [this.#now()]);
  }

  async retryAt(alertId: string, channel: string, atMs: number, because: string): Promise<void> {
    await this.#tell(RETRY, alertId, channel, [Math.round(atMs), because]);
  }

  async release(alertId: string, channel: string): Promise<void> {
    await this.#tell(RELEASE, alertId, channel, []);
  }

  async dead(alertId: string, channel: string, because: string): Promise<void> {
    const { deadLetters } = this.#options.bounds ?? OUTBOX_BOUNDS;
    await this.#tell(DEAD, alertId, channel, [because, this.#now(), deadLetters]);
  }

  async list(channel = ''): Promise<readonly OutboxEntry[]> {
    return this.#list('0', channel);
  }

  async deadLetters(): Promise<readonly OutboxEntry[]> {
    return this.#list('1', '');
  }

  /** Makes dead letters wait again, due now: all, or those of one alert. Gives how many. */
  async retryDead(nowMs: number, alertId = ''): Promise<number> {
    return Number(await this.#link.run(RETRY_DEAD, OUTBOX_KEYS, [nowMs, alertId]));
  }

  /** Ends the claims of nodes that are not among the living; returns how many. */
  async takeOver(living: readonly string[]): Promise<number> {
    await this.#pay();
    // An entry that is on its way here is not in hand yet.
    if (this.#asking > 0) return 0;
    const mine = [...this.#inHand];
    const args = [this.#options.node, living.length, ...living, mine.length, ...mine];
    return Number(await this.#link.run(SWEEP, OUTBOX_KEYS, args));
  }

  /** Never rejects: while Redis is away what happened is owed, and this process keeps its claim. */
  async #tell(
    script: Script,
    alertId: string,
    channel: string,
    rest: readonly (string | number)[],
  ): Promise<void> {
    const key = keyOf(alertId, channel);
    this.#owed.push({ key, script, args: [key, ...rest] });
    await this.#pay().catch(() => undefined);
  }

  #pay(): Promise<void> {
    this.#paying ??= this.#payAll().finally(() => {
      this.#paying = undefined;
    });
    return this.#paying;
  }

  async #payAll(): Promise<void> {
    for (let next = this.#owed[0]; next !== undefined; next = this.#owed[0]) {
      await this.#link.run(next.script, OUTBOX_KEYS, next.args);
      this.#owed.shift();
      this.#inHand.delete(next.key);
    }
  }

  async #list(dead: '0' | '1', channel: string): Promise<OutboxEntry[]> {
    const found = (await this.#link.run(LIST, OUTBOX_KEYS, [dead, channel])) as string[];
    const entries: OutboxEntry[] = [];
    for (let i = 0; i < found.length; i += 2) entries.push(entryOf(found[i]!, found[i + 1]!));
    return entries;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function entryOf(slot: string, alert: string): OutboxEntry {
  const { channel, attempts, createdAtMs, notBeforeMs, because } = JSON.parse(slot) as OutboxEntry;
  return {
    alert: JSON.parse(alert) as Alert,
    channel,
    attempts,
    createdAtMs,
    notBeforeMs,
    ...(because === undefined ? {} : { because }),
  };
}
