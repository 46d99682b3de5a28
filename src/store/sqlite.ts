import { statSync } from 'node:fs';
import type { Alert, Delivery, EvidenceLine, Hit, Incident, OutboxEntry, PutResult } from '../types.ts';
import type { BatchedTable } from './batched-table.ts';
import { forgottenLetters, type OutboxBounds, type OutboxChange } from './outbox-queue.ts';
import { errorText } from './private-files.ts';
import { SqliteDeliveries } from './sqlite-deliveries.ts';
import type { SqliteDatabase } from './sqlite-driver.ts';
import { SqliteHits } from './sqlite-hits.ts';
import { SqliteIncidents } from './sqlite-incidents.ts';
import { SqliteLookups } from './sqlite-lookups.ts';
import { SqliteNotes } from './sqlite-notes.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { SqliteSession } from './sqlite-session.ts';
import {
  type DeliveryRecord,
  type IncidentFilter,
  type LiveState,
  type RetentionPolicy,
  type Store,
  type StoredHit,
  type StoreEvent,
  StoreFailure,
} from './store.ts';

export interface SqliteStoreOptions {
  /** The file that is open, to notice when it is removed or replaced. */
  readonly path: string;
  readonly outbox?: OutboxBounds;
  readonly onEvent: (event: StoreEvent) => void;
  /** Most hits and look-ups that are kept. */
  readonly maxHits?: number;
  readonly maxCached?: number;
}

/** So much may be batched before it is written without being asked. */
const MAX_BATCH = 2_000;
/** Incidents removed in one transaction when the store is too large. */
const SHRINK_BY = 200;

/**
 * The store on SQLite: what is written when, over its tables, which know their statements. What must survive a failing disk
 * (outbox, open incidents, notes) is also in memory, so that `live` can hand it on. Over 250 lines because the interface is: most
 * of it hands a call on.
 */
export class SqliteStore implements Store {
  readonly #session: SqliteSession;
  readonly #options: SqliteStoreOptions;
  readonly #inode: number;
  readonly #outbox: SqliteOutbox;
  readonly #incidents: SqliteIncidents;
  readonly #hits: SqliteHits;
  readonly #deliveries: SqliteDeliveries;
  readonly #notes: SqliteNotes;
  readonly #lookups: SqliteLookups;
  readonly #tables: readonly BatchedTable[];

  /** Takes an open, migrated database and reads what is needed at hand. Throws StoreFailure. */
  constructor(db: SqliteDatabase, options: SqliteStoreOptions) {
    this.#session = new SqliteSession(db);
    this.#options = options;
    this.#inode = statSync(options.path).ino;
    const onLost = (because: string) => this.#forgot(because);
    this.#outbox = new SqliteOutbox(this.#session, options.outbox, onLost);
    this.#incidents = new SqliteIncidents(this.#session, onLost);
    this.#hits = new SqliteHits(this.#session, onLost);
    this.#deliveries = new SqliteDeliveries(this.#session);
    this.#notes = new SqliteNotes(this.#session);
    this.#lookups = new SqliteLookups(this.#session);
    this.#tables = [this.#incidents, this.#hits, this.#deliveries, this.#notes, this.#lookups];
  }

  accept(
    incidents: readonly Incident[],
    alerts: readonly { readonly alert: Alert; readonly channel: string }[],
    nowMs: number,
  ): PutResult[] {
    for (const incident of incidents) this.saveIncident(incident);
    const queue = this.#outbox.refresh();
    const delivered = alerts.map(({ alert, channel }) => this.#outbox.isDelivered(alert.id, channel));
    const changes: OutboxChange[] = [];
    const results = alerts.map(({ alert, channel }, i): PutResult => {
      if (delivered[i]) return { kind: 'known' };
      const put = queue.put(alert, channel, nowMs);
      changes.push(...put.changes);
      return put.result;
    });
    // What waits is written too: with an incident that counts as told goes the note of who is still to be told.
    this.#commit(changes, () => {
      for (const table of this.#tables) table.write();
      this.#outbox.followAccepted(changes);
    });
    for (const table of this.#tables) table.written();
    this.#outbox.displaced(changes);
    return results;
  }

  saveIncident(incident: Incident): void {
    this.#makeRoom();
    this.#incidents.save(incident);
  }

  incident(id: string): Incident | undefined {
    return this.#incidents.get(id);
  }

  incidents(filter: IncidentFilter = {}): Incident[] {
    this.flush();
    return this.#incidents.find(filter);
  }

  countIncidents(filter: IncidentFilter = {}): number {
    this.flush();
    return this.#incidents.count(filter);
  }

  due(channel: string, nowMs: number): OutboxEntry | undefined {
    return this.#outbox.refresh().due(channel, nowMs);
  }

  nextDueMs(channel: string): number | undefined {
    return this.#outbox.refresh().nextDueMs(channel);
  }

  delivered(alertId: string, channel: string, atMs: number): void {
    const changes = this.#outbox.queue.delivered(alertId, channel);
    this.#commit(changes, () => {
      this.#outbox.follow(changes);
      this.#outbox.writeDelivered(alertId, channel, atMs);
    });
  }

  retryAt(alertId: string, channel: string, atMs: number, because: string): void {
    this.#commit(this.#outbox.queue.retryAt(alertId, channel, atMs, because));
  }

  release(alertId: string, channel: string): void {
    this.#outbox.queue.release(alertId, channel);
  }

  dead(alertId: string, channel: string, because: string): void {
    const changes = this.#outbox.queue.dead(alertId, channel, because);
    this.#commit(changes);
    for (const gone of forgottenLetters(changes)) this.#forgot(gone);
  }

  outbox(channel?: string): OutboxEntry[] {
    return this.#outbox.refresh().waiting(channel);
  }

  deadLetters(): OutboxEntry[] {
    return this.#outbox.refresh().deadLetters();
  }

  retryDead(nowMs: number, alertId?: string): number {
    const changes = this.#outbox.refresh().retryDead(nowMs, alertId);
    this.#commit(changes);
    return changes.length;
  }

  recordDelivery(delivery: Delivery, atMs: number): void {
    this.#makeRoom();
    this.#deliveries.append({ ...delivery, atMs });
  }

  deliveries(alertId?: string, limit = 100): DeliveryRecord[] {
    this.flush();
    return this.#deliveries.newest(alertId, limit);
  }

  appendHit(hit: Hit, line?: EvidenceLine): void {
    this.#makeRoom();
    this.#hits.append({ hit, ...(line === undefined ? {} : { line }) });
  }

  hits(sinceMs: number): StoredHit[] {
    this.flush();
    return this.#hits.since(sinceMs);
  }

  expireHits(beforeMs: number): void {
    this.#hits.expire(beforeMs);
  }

  cached(key: string, nowMs: number): string | undefined {
    return this.#lookups.get(key, nowMs);
  }

  cache(key: string, value: string, expiresAtMs: number): void {
    this.#makeRoom();
    this.#lookups.set(key, value, expiresAtMs);
  }

  meta(key: string): string | undefined {
    return this.#notes.all.get(key);
  }

  metaEntries(prefix: string): ReadonlyMap<string, string> {
    return new Map([...this.#notes.all].filter(([key]) => key.startsWith(prefix)));
  }

  setMeta(key: string, value: string | undefined): void {
    this.#makeRoom();
    this.#notes.set(key, value);
  }

  flush(): void {
    this.#checkFile();
    if (this.#batched === 0) return;
    const all = [...this.#tables, this.#outbox];
    this.#session.transaction(() => {
      for (const table of all) table.write();
    });
    for (const table of all) table.written();
  }

  retention({ maxAgeMs, maxIncidents, maxBytes }: RetentionPolicy, nowMs: number): number {
    this.flush();
    const oldestMs = nowMs - maxAgeMs;
    const { maxHits = 500_000, maxCached = 50_000 } = this.#options;
    const gone = this.#session.transaction(() => {
      this.#outbox.expire(oldestMs);
      this.#deliveries.expire(oldestMs);
      this.#lookups.trim(nowMs, maxCached);
      const hits = this.#hits.trim(maxHits);
      if (hits > 0) this.#forgot(`${hits} hits of open windows: more than the store keeps`);
      return this.#incidents.trim(oldestMs, maxIncidents);
    });
    return gone + this.#shrink(maxBytes);
  }

  live(): LiveState {
    return {
      incidents: this.#incidents.live(),
      slots: this.#outbox.queue.slots(),
      settled: [],
      deliveries: this.#deliveries.unsaved,
      hits: this.#hits.unsaved,
      meta: this.#notes.live(),
    };
  }

  adopt(state: LiveState): void {
    this.#checkFile();
    for (const incident of state.incidents) this.#incidents.save(incident);
    for (const stored of state.hits) this.#hits.append(stored);
    this.#deliveries.append(...state.deliveries);
    for (const [key, value] of state.meta) this.#notes.set(key, value);
    const all = [...this.#tables, this.#outbox];
    // All or nothing: whoever is told that it failed comes with the same state again, and hits have no names to know them by.
    this.#session.transaction(() => {
      for (const table of all) table.write();
      for (const slot of state.slots) this.#outbox.writeSlot(slot);
      for (const [alertId, channel] of state.settled)
        this.#outbox.writeDelivered(alertId, channel, Date.now());
      this.#outbox.load();
    }, 'FULL');
    for (const table of all) table.written();
  }

  close(): void {
    try {
      this.flush();
      // Closing does this too, but not on runtimes that keep statements open until they are collected.
      this.#session.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.#session.close();
    }
  }

  /** Closes without writing: the disk is known not to take it. */
  abandon(): void {
    try {
      this.#session.close();
    } catch {
      // It failed before; there is nothing left to save here.
    }
  }

  get #batched(): number {
    return this.#tables.reduce((sum, { batched }) => sum + batched, this.#outbox.batched);
  }

  /** Before something joins the batch: when the disk fails now, it is not there yet, and goes where all goes on. */
  #makeRoom(): void {
    if (this.#batched >= MAX_BATCH) this.flush();
  }

  /** Writing goes on without complaint into a file that was removed: better to know. */
  #checkFile(): void {
    const { path } = this.#options;
    let inode: number | undefined;
    try {
      inode = statSync(path, { throwIfNoEntry: false })?.ino;
    } catch (error) {
      throw new StoreFailure(errorText(error), false, { cause: error });
    }
    if (inode !== this.#inode) throw new StoreFailure(`${path} was removed or replaced`, false);
  }

  /** Rows on disk as the queue says; durable before anything is sent, and taken back in memory when the disk refuses. */
  #commit(changes: readonly OutboxChange[], write = () => this.#outbox.follow(changes)): void {
    try {
      this.#checkFile();
      this.#session.transaction(write, 'FULL');
    } catch (error) {
      this.#outbox.queue.undo(changes);
      throw error;
    }
  }

  #forgot(because: string): void {
    this.#options.onEvent({ kind: 'store-forgot', because, path: this.#options.path });
  }

  /** Removes closed incidents, oldest first, until what is used fits; then gives free pages back to the disk. */
  #shrink(maxBytes: number): number {
    let gone = 0;
    while (this.#usedBytes() > maxBytes) {
      const removed = this.#session.transaction(() => this.#incidents.removeOldest(SHRINK_BY));
      if (removed === 0) break;
      gone += removed;
    }
    this.#session.exec('PRAGMA incremental_vacuum(5000)');
    return gone;
  }

  #usedBytes(): number {
    const pages = this.#session.pragma('page_count') - this.#session.pragma('freelist_count');
    return pages * this.#session.pragma('page_size');
  }
}
