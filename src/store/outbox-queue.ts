import type { Alert, OutboxEntry, PutResult, Severity } from '../types.ts';
import type { OutboxSlot } from './store.ts';

export interface OutboxBounds {
  /** Waiting entries per channel, digests not counted. */
  readonly perChannel: number;
  readonly deadLetters: number;
}

/** A little more than an hour's budget: what piles up behind a dead server beyond it is told in one digest. */
export const OUTBOX_BOUNDS: OutboxBounds = { perChannel: 25, deadLetters: 200 };

/** One row before and after; `undefined` where there was or is none. */
export interface OutboxChange {
  readonly key: string;
  readonly before: OutboxSlot | undefined;
  readonly after: OutboxSlot | undefined;
}

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/**
 * The rules of the outbox, in memory: who is next, who is claimed, who has to go when it is full. Every call that changes rows
 * returns the changes, so that a disk can follow and `undo` take them back when it does not.
 */
export class OutboxQueue {
  readonly #bounds: OutboxBounds;
  readonly #slots = new Map<string, OutboxSlot>();
  readonly #claimed = new Set<string>();
  #nextSeq = 1;

  constructor(bounds: OutboxBounds = OUTBOX_BOUNDS) {
    this.#bounds = bounds;
  }

  /** Puts rows back as they were saved; claims are kept. */
  load(slots: readonly OutboxSlot[]): void {
    this.#slots.clear();
    for (const slot of slots) this.#set(keyOf(slot.entry.alert.id, slot.entry.channel), slot);
    for (const key of this.#claimed) if (!this.#slots.has(key)) this.#claimed.delete(key);
  }

  slots(): OutboxSlot[] {
    return [...this.#slots.values()].sort((a, b) => a.seq - b.seq);
  }

  has(alertId: string, channel: string): boolean {
    return this.#slots.has(keyOf(alertId, channel));
  }

  put(
    alert: Alert,
    channel: string,
    nowMs: number,
  ): { readonly result: PutResult; readonly changes: OutboxChange[] } {
    if (this.has(alert.id, channel)) return { result: { kind: 'known' }, changes: [] };
    const entry = { alert, channel, attempts: 0, createdAtMs: nowMs, notBeforeMs: nowMs };
    const full =
      alert.reason !== 'digest' && this.#countable(this.waiting(channel)).length >= this.#bounds.perChannel;
    const victim = full ? this.#victim(channel) : undefined;
    if (full && (victim === undefined || rank(victim.alert) >= rank(alert))) {
      return { result: { kind: 'displaced', alert }, changes: [] };
    }
    const added = this.#change(alert.id, channel, { seq: this.#nextSeq, entry, dead: false });
    if (victim === undefined) return { result: { kind: 'stored' }, changes: [added] };
    const removed = this.#change(victim.alert.id, channel, undefined);
    return { result: { kind: 'displaced', alert: victim.alert }, changes: [removed, added] };
  }

  due(channel: string, nowMs: number): OutboxEntry | undefined {
    const next = this.#free(channel).find(({ entry }) => entry.notBeforeMs <= nowMs)?.entry;
    if (next !== undefined) this.#claimed.add(keyOf(next.alert.id, channel));
    return next;
  }

  nextDueMs(channel: string): number | undefined {
    const times = this.#free(channel).map(({ entry }) => entry.notBeforeMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  release(alertId: string, channel: string): void {
    this.#claimed.delete(keyOf(alertId, channel));
  }

  delivered(alertId: string, channel: string): OutboxChange[] {
    return this.has(alertId, channel) ? [this.#change(alertId, channel, undefined)] : [];
  }

  retryAt(alertId: string, channel: string, atMs: number, because: string): OutboxChange[] {
    return this.#tried(alertId, channel, false, { notBeforeMs: atMs, because });
  }

  /** Beyond the bound the oldest dead letters go. */
  dead(alertId: string, channel: string, because: string): OutboxChange[] {
    const changes = this.#tried(alertId, channel, true, { because });
    const letters = this.#of(true);
    for (const { entry } of letters.slice(0, Math.max(0, letters.length - this.#bounds.deadLetters))) {
      changes.push(this.#change(entry.alert.id, entry.channel, undefined));
    }
    return changes;
  }

  retryDead(nowMs: number, alertId?: string): OutboxChange[] {
    return this.#of(true)
      .filter(({ entry }) => alertId === undefined || entry.alert.id === alertId)
      .map(({ seq, entry }) =>
        this.#change(entry.alert.id, entry.channel, {
          seq,
          // Its age counts from now on: it would be given up at once otherwise.
          entry: { ...entry, createdAtMs: nowMs, notBeforeMs: nowMs },
          dead: false,
        }),
      );
  }

  waiting(channel?: string): OutboxEntry[] {
    const entries = this.#of(false).map(({ entry }) => entry);
    return channel === undefined ? entries : entries.filter((entry) => entry.channel === channel);
  }

  deadLetters(): OutboxEntry[] {
    return this.#of(true).map(({ entry }) => entry);
  }

  /** As if the call that gave these changes had not been made. */
  undo(changes: readonly OutboxChange[]): void {
    for (const { key, before } of changes.toReversed()) {
      if (before === undefined) this.#slots.delete(key);
      else this.#set(key, before);
    }
  }

  #tried(
    alertId: string,
    channel: string,
    dead: boolean,
    news: { readonly notBeforeMs?: number; readonly because: string },
  ): OutboxChange[] {
    const slot = this.#slots.get(keyOf(alertId, channel));
    if (slot === undefined || slot.dead) return [];
    const entry = { ...slot.entry, ...news, attempts: slot.entry.attempts + 1 };
    this.release(alertId, channel);
    // Dead letters are listed by when they were given up.
    return [this.#change(alertId, channel, { seq: dead ? this.#nextSeq : slot.seq, entry, dead })];
  }

  #change(alertId: string, channel: string, after: OutboxSlot | undefined): OutboxChange {
    const key = keyOf(alertId, channel);
    const before = this.#slots.get(key);
    if (after !== undefined) this.#set(key, after);
    else {
      this.#slots.delete(key);
      this.#claimed.delete(key);
    }
    return { key, before, after };
  }

  #set(key: string, slot: OutboxSlot): void {
    this.#slots.set(key, slot);
    this.#nextSeq = Math.max(this.#nextSeq, slot.seq + 1);
  }

  #of(dead: boolean): OutboxSlot[] {
    return this.slots().filter((slot) => slot.dead === dead);
  }

  #free(channel: string): OutboxSlot[] {
    return this.#of(false).filter(
      ({ entry }) => entry.channel === channel && !this.#claimed.has(keyOf(entry.alert.id, channel)),
    );
  }

  /** The entry a full queue can best do without: the mildest, of these the newest; never one that is on the wire. */
  #victim(channel: string): OutboxEntry | undefined {
    const free = this.#countable(this.#free(channel).map(({ entry }) => entry));
    return free.toReversed().sort((a, b) => rank(a.alert) - rank(b.alert))[0];
  }

  /** Digests are never in the way of anything. */
  #countable(entries: readonly OutboxEntry[]): OutboxEntry[] {
    return entries.filter(({ alert }) => alert.reason !== 'digest');
  }
}

/** What `dead` had to let go because there were too many dead letters, a sentence for each. */
export function forgottenLetters(changes: readonly OutboxChange[]): string[] {
  return changes
    .filter(({ after }) => after === undefined)
    .map(
      ({ before }) =>
        `the dead letter ${before?.entry.alert.id} for ${before?.entry.channel}: there are too many`,
    );
}

export function keyOf(alertId: string, channel: string): string {
  return `${channel} ${alertId}`;
}

function rank({ severity }: Alert): number {
  return SEVERITIES.indexOf(severity);
}
