import type { Alert, OutboxEntry, PutResult } from '../types.ts';
import type { Outbox } from './outbox.ts';
import { severityRank } from './severity.ts';

export interface OutboxBounds {
  /** Entries per channel, digests not counted. */
  readonly perChannel: number;
  readonly deadLetters: number;
}

/** A little more than an hour's budget: what piles up behind a dead server beyond it is told in one digest. */
const DEFAULT_BOUNDS: OutboxBounds = { perChannel: 25, deadLetters: 200 };

interface Slot {
  entry: OutboxEntry;
  claimed: boolean;
}

/** An outbox that lives as long as the process. */
export class MemoryOutbox implements Outbox {
  readonly #bounds: OutboxBounds;
  readonly #slots = new Map<string, Slot>();
  readonly #dead = new Map<string, OutboxEntry>();

  constructor(bounds: Partial<OutboxBounds> = {}) {
    this.#bounds = { ...DEFAULT_BOUNDS, ...bounds };
  }

  async put(alert: Alert, channel: string, nowMs: number): Promise<PutResult> {
    const key = keyOf(alert.id, channel);
    if (this.#slots.has(key) || this.#dead.has(key)) return { kind: 'known' };
    const entry = { alert, channel, attempts: 0, createdAtMs: nowMs, notBeforeMs: nowMs };
    if (alert.reason === 'digest' || !this.#full(channel)) {
      this.#slots.set(key, { entry, claimed: false });
      return { kind: 'stored' };
    }
    const victim = this.#dispensable(channel);
    if (victim === undefined || severityRank(victim.severity) >= severityRank(alert.severity)) {
      return { kind: 'displaced', alert };
    }
    this.#slots.delete(keyOf(victim.id, channel));
    this.#slots.set(key, { entry, claimed: false });
    return { kind: 'displaced', alert: victim };
  }

  async due(channel: string, nowMs: number): Promise<OutboxEntry | undefined> {
    for (const slot of this.#slots.values()) {
      if (slot.claimed || slot.entry.channel !== channel || slot.entry.notBeforeMs > nowMs) continue;
      slot.claimed = true;
      return slot.entry;
    }
    return undefined;
  }

  async nextDueMs(channel: string): Promise<number | undefined> {
    const times = [...this.#slots.values()]
      .filter(({ entry, claimed }) => entry.channel === channel && !claimed)
      .map(({ entry }) => entry.notBeforeMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async delivered(alertId: string, channel: string): Promise<void> {
    this.#slots.delete(keyOf(alertId, channel));
  }

  async retryAt(alertId: string, channel: string, atMs: number, because: string): Promise<void> {
    const slot = this.#slots.get(keyOf(alertId, channel));
    if (slot === undefined) return;
    slot.entry = { ...slot.entry, attempts: slot.entry.attempts + 1, notBeforeMs: atMs, because };
    slot.claimed = false;
  }

  async release(alertId: string, channel: string): Promise<void> {
    const slot = this.#slots.get(keyOf(alertId, channel));
    if (slot !== undefined) slot.claimed = false;
  }

  async dead(alertId: string, channel: string, because: string): Promise<void> {
    const key = keyOf(alertId, channel);
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#dead.set(key, { ...slot.entry, attempts: slot.entry.attempts + 1, because });
    if (this.#dead.size > this.#bounds.deadLetters) this.#dead.delete(this.#dead.keys().next().value!);
  }

  async list(channel?: string): Promise<readonly OutboxEntry[]> {
    const entries = [...this.#slots.values()].map(({ entry }) => entry);
    return channel === undefined ? entries : entries.filter((entry) => entry.channel === channel);
  }

  async deadLetters(): Promise<readonly OutboxEntry[]> {
    return [...this.#dead.values()];
  }

  #full(channel: string): boolean {
    return this.#displaceable(channel).length >= this.#bounds.perChannel;
  }

  /** What a full queue can best do without: the mildest, of these the newest; nothing that is on the wire at this moment. */
  #dispensable(channel: string): Alert | undefined {
    return this.#displaceable(channel)
      .filter(({ claimed }) => !claimed)
      .map(({ entry }) => entry.alert)
      .toReversed()
      .toSorted((a, b) => severityRank(a.severity) - severityRank(b.severity))[0];
  }

  #displaceable(channel: string): Slot[] {
    return [...this.#slots.values()].filter(
      ({ entry }) => entry.channel === channel && entry.alert.reason !== 'digest',
    );
  }
}

function keyOf(alertId: string, channel: string): string {
  return `${channel} ${alertId}`;
}
