import type { Alert, Delivery, EvidenceLine, Hit, Incident, OutboxEntry, PutResult } from '../types.ts';
import { incidentMatches } from './incident-filter.ts';
import {
  forgottenLetters,
  keyOf,
  OUTBOX_BOUNDS,
  type OutboxBounds,
  type OutboxChange,
  OutboxQueue,
} from './outbox-queue.ts';
import type {
  DeliveryRecord,
  IncidentFilter,
  LiveState,
  RetentionPolicy,
  Store,
  StoredHit,
  StoreEvent,
} from './store.ts';

export interface MemoryStoreOptions {
  readonly outbox?: OutboxBounds;
  readonly onEvent?: (event: StoreEvent) => void;
  /** Most of each kind that is kept; the oldest go first. Open incidents are not counted. */
  readonly max?: Partial<typeof MAX>;
}

const MAX = {
  closedIncidents: 2_000,
  deliveries: 10_000,
  settled: 20_000,
  deletedNotes: 20_000,
  hits: 200_000,
  cached: 10_000,
};

/**
 * A store that lasts as long as the process: for tests, for runs without a disk, and while the disk fails. Over 250 lines because
 * the interface is.
 */
export class MemoryStore implements Store {
  readonly #max: typeof MAX;
  readonly #onEvent: (event: StoreEvent) => void;
  readonly #queue: OutboxQueue;
  readonly #incidents = new Map<string, Incident>();
  readonly #settled = new Map<string, readonly [string, string]>();
  readonly #cache = new Map<string, { readonly value: string; readonly expiresAtMs: number }>();
  readonly #meta = new Map<string, string>();
  readonly #deletedNotes = new Set<string>();
  #deliveries: DeliveryRecord[] = [];
  #hits: StoredHit[] = [];
  #forgottenHits = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.#max = { ...MAX, ...options.max };
    this.#onEvent = options.onEvent ?? (() => undefined);
    this.#queue = new OutboxQueue(options.outbox ?? OUTBOX_BOUNDS);
  }

  accept(
    incidents: readonly Incident[],
    alerts: readonly { readonly alert: Alert; readonly channel: string }[],
    nowMs: number,
  ): PutResult[] {
    for (const incident of incidents) this.saveIncident(incident);
    return alerts.map(({ alert, channel }) => {
      if (this.#settled.has(keyOf(alert.id, channel))) return { kind: 'known' };
      const { result, changes } = this.#queue.put(alert, channel, nowMs);
      this.#note(changes);
      return result;
    });
  }

  saveIncident(incident: Incident): void {
    this.#incidents.delete(incident.id);
    this.#incidents.set(incident.id, incident);
    if (incident.state !== 'closed') return;
    const closed = this.#closed();
    if (closed.length > this.#max.closedIncidents) this.#incidents.delete(closed[0]!.id);
  }

  incident(id: string): Incident | undefined {
    return this.#incidents.get(id);
  }

  incidents(filter: IncidentFilter = {}): Incident[] {
    const { limit = 100, offset = 0 } = filter;
    return this.#matching(filter)
      .sort((a, b) => b.lastSeenMs - a.lastSeenMs || (a.id < b.id ? -1 : 1))
      .slice(offset, offset + limit);
  }

  countIncidents(filter: IncidentFilter = {}): number {
    return this.#matching(filter).length;
  }

  due(channel: string, nowMs: number): OutboxEntry | undefined {
    return this.#queue.due(channel, nowMs);
  }

  nextDueMs(channel: string): number | undefined {
    return this.#queue.nextDueMs(channel);
  }

  delivered(alertId: string, channel: string): void {
    this.#note(this.#queue.delivered(alertId, channel));
  }

  retryAt(alertId: string, channel: string, atMs: number, because: string): void {
    this.#queue.retryAt(alertId, channel, atMs, because);
  }

  release(alertId: string, channel: string): void {
    this.#queue.release(alertId, channel);
  }

  dead(alertId: string, channel: string, because: string): void {
    const changes = this.#queue.dead(alertId, channel, because);
    this.#note(changes);
    for (const gone of forgottenLetters(changes)) this.#onEvent({ kind: 'store-forgot', because: gone });
  }

  outbox(channel?: string): OutboxEntry[] {
    return this.#queue.waiting(channel);
  }

  deadLetters(): OutboxEntry[] {
    return this.#queue.deadLetters();
  }

  retryDead(nowMs: number, alertId?: string): number {
    return this.#queue.retryDead(nowMs, alertId).length;
  }

  recordDelivery(delivery: Delivery, atMs: number): void {
    this.#deliveries.push({ ...delivery, atMs });
    if (this.#deliveries.length > this.#max.deliveries * 1.1)
      this.#deliveries = this.#deliveries.slice(-this.#max.deliveries);
  }

  deliveries(alertId?: string, limit = 100): DeliveryRecord[] {
    const wanted = this.#deliveries.filter(
      (delivery) => alertId === undefined || delivery.alertId === alertId,
    );
    return wanted.toReversed().slice(0, limit);
  }

  appendHit(hit: Hit, line?: EvidenceLine): void {
    this.#hits.push({ hit, ...(line === undefined ? {} : { line }) });
    if (this.#hits.length <= this.#max.hits * 1.1) return;
    if (this.#forgottenHits === 0) {
      const because = `more than ${this.#max.hits} hits wait in memory; a restart would not know the oldest ones any more`;
      this.#onEvent({ kind: 'store-forgot', because });
    }
    this.#forgottenHits += this.#hits.length - this.#max.hits;
    this.#hits = this.#hits.slice(-this.#max.hits);
  }

  hits(sinceMs: number): StoredHit[] {
    return this.#hits
      .filter(({ hit }) => hit.attempt.atMs >= sinceMs)
      .sort((a, b) => a.hit.attempt.atMs - b.hit.attempt.atMs)
      .map(({ hit, ...rest }) => ({
        ...rest,
        hit: { ...hit, attempt: { ...hit.attempt, line: { sequence: 0 } } },
      }));
  }

  expireHits(beforeMs: number): void {
    this.#hits = this.#hits.filter(({ hit }) => hit.attempt.atMs >= beforeMs);
  }

  cached(key: string, nowMs: number): string | undefined {
    const found = this.#cache.get(key);
    return found === undefined || found.expiresAtMs <= nowMs ? undefined : found.value;
  }

  cache(key: string, value: string, expiresAtMs: number): void {
    this.#cache.delete(key);
    this.#cache.set(key, { value, expiresAtMs });
    if (this.#cache.size > this.#max.cached) this.#cache.delete(this.#cache.keys().next().value!);
  }

  meta(key: string): string | undefined {
    return this.#meta.get(key);
  }

  metaEntries(prefix: string): ReadonlyMap<string, string> {
    return new Map([...this.#meta].filter(([key]) => key.startsWith(prefix)));
  }

  setMeta(key: string, value: string | undefined): void {
    this.#deletedNotes.delete(key);
    if (value !== undefined) this.#meta.set(key, value);
    else {
      this.#meta.delete(key);
      this.#deletedNotes.add(key);
      if (this.#deletedNotes.size > this.#max.deletedNotes)
        this.#deletedNotes.delete(this.#deletedNotes.keys().next().value!);
    }
  }

  flush(): void {}

  retention(policy: RetentionPolicy, nowMs: number): number {
    const closed = this.#closed().sort((a, b) => b.lastSeenMs - a.lastSeenMs);
    const gone = closed.filter(
      ({ lastSeenMs }, i) => i >= policy.maxIncidents || lastSeenMs < nowMs - policy.maxAgeMs,
    );
    for (const { id } of gone) this.#incidents.delete(id);
    this.#deliveries = this.#deliveries.filter(({ atMs }) => atMs >= nowMs - policy.maxAgeMs);
    for (const [key, { expiresAtMs }] of this.#cache) if (expiresAtMs <= nowMs) this.#cache.delete(key);
    return gone.length;
  }

  live(): LiveState {
    return {
      incidents: [...this.#incidents.values()],
      slots: this.#queue.slots(),
      settled: [...this.#settled.values()],
      deliveries: this.#deliveries,
      hits: this.#hits,
      meta: new Map([...this.#meta, ...[...this.#deletedNotes].map((key) => [key, undefined] as const)]),
    };
  }

  adopt(state: LiveState): void {
    for (const incident of state.incidents) this.saveIncident(incident);
    const incoming = new Set(state.slots.map(({ entry }) => keyOf(entry.alert.id, entry.channel)));
    const kept = this.#queue
      .slots()
      .filter(({ entry }) => !incoming.has(keyOf(entry.alert.id, entry.channel)));
    this.#queue.load([...kept, ...state.slots]);
    for (const [alertId, channel] of state.settled) {
      this.#queue.delivered(alertId, channel);
      this.#settled.set(keyOf(alertId, channel), [alertId, channel]);
    }
    this.#deliveries.push(...state.deliveries);
    for (const { hit, line } of state.hits) this.appendHit(hit, line);
    for (const [key, value] of state.meta) this.setMeta(key, value);
  }

  close(): void {}

  /** Rows that are gone must not come back when the disk does. */
  #note(changes: readonly OutboxChange[]): void {
    for (const { key, before, after } of changes) {
      if (before === undefined || after !== undefined) continue;
      this.#settled.set(key, [before.entry.alert.id, before.entry.channel]);
      if (this.#settled.size > this.#max.settled) this.#settled.delete(this.#settled.keys().next().value!);
    }
  }

  #closed(): Incident[] {
    return [...this.#incidents.values()].filter(({ state }) => state === 'closed');
  }

  #matching(filter: IncidentFilter): Incident[] {
    return [...this.#incidents.values()].filter((incident) => incidentMatches(incident, filter));
  }
}
