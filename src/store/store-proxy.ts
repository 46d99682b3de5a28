import type { Alert, Delivery, EvidenceLine, Hit, Incident, OutboxEntry, PutResult } from '../types.ts';
import type {
  DeliveryRecord,
  IncidentFilter,
  LiveState,
  RetentionPolicy,
  Store,
  StoredHit,
} from './store.ts';

/** A store that hands every call to another one, which `run` chooses. */
export abstract class StoreProxy implements Store {
  protected abstract run<T>(work: (store: Store) => T): T;

  abstract live(): LiveState;

  abstract close(): void;

  accept(
    incidents: readonly Incident[],
    alerts: readonly { readonly alert: Alert; readonly channel: string }[],
    nowMs: number,
  ): PutResult[] {
    return this.run((store) => store.accept(incidents, alerts, nowMs));
  }

  saveIncident(incident: Incident): void {
    this.run((store) => store.saveIncident(incident));
  }

  incident(id: string): Incident | undefined {
    return this.run((store) => store.incident(id));
  }

  incidents(filter?: IncidentFilter): Incident[] {
    return this.run((store) => store.incidents(filter));
  }

  countIncidents(filter?: IncidentFilter): number {
    return this.run((store) => store.countIncidents(filter));
  }

  due(channel: string, nowMs: number): OutboxEntry | undefined {
    return this.run((store) => store.due(channel, nowMs));
  }

  nextDueMs(channel: string): number | undefined {
    return this.run((store) => store.nextDueMs(channel));
  }

  delivered(alertId: string, channel: string, atMs: number): void {
    this.run((store) => store.delivered(alertId, channel, atMs));
  }

  retryAt(alertId: string, channel: string, atMs: number, because: string): void {
    this.run((store) => store.retryAt(alertId, channel, atMs, because));
  }

  release(alertId: string, channel: string): void {
    this.run((store) => store.release(alertId, channel));
  }

  dead(alertId: string, channel: string, because: string): void {
    this.run((store) => store.dead(alertId, channel, because));
  }

  outbox(channel?: string): OutboxEntry[] {
    return this.run((store) => store.outbox(channel));
  }

  deadLetters(): OutboxEntry[] {
    return this.run((store) => store.deadLetters());
  }

  retryDead(nowMs: number, alertId?: string): number {
    return this.run((store) => store.retryDead(nowMs, alertId));
  }

  recordDelivery(delivery: Delivery, atMs: number): void {
    this.run((store) => store.recordDelivery(delivery, atMs));
  }

  deliveries(alertId?: string, limit?: number): DeliveryRecord[] {
    return this.run((store) => store.deliveries(alertId, limit));
  }

  appendHit(hit: Hit, line?: EvidenceLine): void {
    this.run((store) => store.appendHit(hit, line));
  }

  hits(sinceMs: number): StoredHit[] {
    return this.run((store) => store.hits(sinceMs));
  }

  expireHits(beforeMs: number): void {
    this.run((store) => store.expireHits(beforeMs));
  }

  cached(key: string, nowMs: number): string | undefined {
    return this.run((store) => store.cached(key, nowMs));
  }

  cache(key: string, value: string, expiresAtMs: number): void {
    this.run((store) => store.cache(key, value, expiresAtMs));
  }

  meta(key: string): string | undefined {
    return this.run((store) => store.meta(key));
  }

  metaEntries(prefix: string): ReadonlyMap<string, string> {
    return this.run((store) => store.metaEntries(prefix));
  }

  setMeta(key: string, value: string | undefined): void {
    this.run((store) => store.setMeta(key, value));
  }

  flush(): void {
    this.run((store) => store.flush());
  }

  retention(policy: RetentionPolicy, nowMs: number): number {
    return this.run((store) => store.retention(policy, nowMs));
  }

  adopt(state: LiveState): void {
    this.run((store) => store.adopt(state));
  }
}
