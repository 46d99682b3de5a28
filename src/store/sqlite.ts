import { statSync } from 'node:fs';
import type { Alert, Delivery, EvidenceLine, Hit, Incident } from '../types.ts';
import { conditions } from './incident-query.ts';
import { forgottenLetters, type OutboxBounds, type OutboxChange, OutboxQueue } from './outbox-queue.ts';
import {
  decodeEntry,
  decodeHit,
  decodeIncident,
  encodeEntry,
  encodeHit,
  encodeIncident,
  seal,
  unseal,
} from './record-codec.ts';
import type { SqliteDatabase, SqlRow, SqlValue } from './sqlite-driver.ts';
import { SqliteSession } from './sqlite-session.ts';
import {
  type DeliveryRecord,
  type IncidentFilter,
  type LiveState,
  type OutboxEntry,
  type OutboxSlot,
  type PutResult,
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

/**
 * The store on SQLite. What must survive a failing disk (outbox, open incidents, notes) is also in memory, so that `live` can
 * hand it on. Deliberately one file over 250 lines: it is every statement there is, in the order of the interface.
 */
export class SqliteStore implements Store {
  readonly #session: SqliteSession;
  readonly #options: SqliteStoreOptions;
  readonly #queue: OutboxQueue;
  readonly #inode: number;
  readonly #open = new Map<string, Incident>();
  readonly #meta = new Map<string, string>();
  /** Batched: newest state of incidents, hits, deliveries, notes, look-ups. */
  readonly #unsaved = new Map<string, Incident>();
  #unsavedHits: StoredHit[] = [];
  #unsavedDeliveries: DeliveryRecord[] = [];
  readonly #unsavedMeta = new Map<string, string | undefined>();
  readonly #unsavedCache = new Map<string, { readonly value: string; readonly expiresAtMs: number }>();
  #expireBeforeMs = Number.NEGATIVE_INFINITY;
  #dataVersion = 0;

  /** Takes an open, migrated database and reads what is needed at hand. Throws StoreFailure. */
  constructor(db: SqliteDatabase, options: SqliteStoreOptions) {
    this.#session = new SqliteSession(db);
    this.#options = options;
    this.#queue = new OutboxQueue(options.outbox);
    this.#inode = statSync(options.path).ino;

    this.#loadOutbox();
    for (const incident of this.#select("WHERE state <> 'closed'", [])) this.#open.set(incident.id, incident);
    for (const { key, value } of this.#session.all('SELECT key, value FROM meta'))
      this.#meta.set(String(key), String(value));
  }

  accept(
    incidents: readonly Incident[],
    alerts: readonly { readonly alert: Alert; readonly channel: string }[],
    nowMs: number,
  ): PutResult[] {
    for (const incident of incidents) this.saveIncident(incident);
    this.#refreshOutbox();
    const delivered = alerts.map(({ alert, channel }) => this.#isDelivered(alert.id, channel));
    const changes: OutboxChange[] = [];
    const results = alerts.map(({ alert, channel }, i): PutResult => {
      if (delivered[i]) return { kind: 'known' };
      const put = this.#queue.put(alert, channel, nowMs);
      changes.push(...put.changes);
      return put.result;
    });
    const ids = new Set([
      ...incidents.map(({ id }) => id),
      ...alerts.flatMap(({ alert }) => alert.incidentIds),
    ]);
    const saved = [...ids].map((id) => this.#unsaved.get(id)).filter((incident) => incident !== undefined);
    this.#commit(changes, () => {
      for (const incident of saved) this.#writeIncident(incident);
    });
    for (const { id } of saved) this.#unsaved.delete(id);
    return results;
  }

  saveIncident(incident: Incident): void {
    if (incident.state === 'closed') this.#open.delete(incident.id);
    else this.#open.set(incident.id, incident);
    this.#unsaved.set(incident.id, incident);
    this.#flushWhenFull();
  }

  incident(id: string): Incident | undefined {
    const known = this.#unsaved.get(id) ?? this.#open.get(id);
    return known ?? this.#select('WHERE id = ?', [id])[0];
  }

  incidents(filter: IncidentFilter = {}): Incident[] {
    this.flush();
    const { where, values } = conditions(filter);
    const { limit = 100, offset = 0 } = filter;
    return this.#select(`${where} ORDER BY last_ms DESC, id LIMIT ? OFFSET ?`, [...values, limit, offset]);
  }

  countIncidents(filter: IncidentFilter = {}): number {
    this.flush();
    const { where, values } = conditions(filter);
    return Number(this.#session.all(`SELECT count(*) AS n FROM incidents ${where}`, ...values)[0]!.n);
  }

  due(channel: string, nowMs: number): OutboxEntry | undefined {
    this.#refreshOutbox();
    return this.#queue.due(channel, nowMs);
  }

  nextDueMs(channel: string): number | undefined {
    this.#refreshOutbox();
    return this.#queue.nextDueMs(channel);
  }

  delivered(alertId: string, channel: string, atMs: number): void {
    this.#commit(this.#queue.delivered(alertId, channel), () => this.#writeDelivered(alertId, channel, atMs));
  }

  retryAt(alertId: string, channel: string, atMs: number, because: string): void {
    this.#commit(this.#queue.retryAt(alertId, channel, atMs, because));
  }

  release(alertId: string, channel: string): void {
    this.#queue.release(alertId, channel);
  }

  dead(alertId: string, channel: string, because: string): void {
    const changes = this.#queue.dead(alertId, channel, because);
    this.#commit(changes);
    for (const gone of forgottenLetters(changes)) this.#forgot(gone);
  }

  outbox(channel?: string): OutboxEntry[] {
    this.#refreshOutbox();
    return this.#queue.waiting(channel);
  }

  deadLetters(): OutboxEntry[] {
    this.#refreshOutbox();
    return this.#queue.deadLetters();
  }

  retryDead(nowMs: number, alertId?: string): number {
    this.#refreshOutbox();
    const changes = this.#queue.retryDead(nowMs, alertId);
    this.#commit(changes);
    return changes.length;
  }

  recordDelivery(delivery: Delivery, atMs: number): void {
    this.#unsavedDeliveries.push({ ...delivery, atMs });
    this.#flushWhenFull();
  }

  deliveries(alertId?: string, limit = 100): DeliveryRecord[] {
    this.flush();
    const where = alertId === undefined ? '' : 'WHERE alert_id = ?';
    const values = alertId === undefined ? [limit] : [alertId, limit];
    return this.#session
      .all(`SELECT * FROM deliveries ${where} ORDER BY id DESC LIMIT ?`, ...values)
      .map(deliveryOf);
  }

  appendHit(hit: Hit, line?: EvidenceLine): void {
    this.#unsavedHits.push({ hit, ...(line === undefined ? {} : { line }) });
    this.#flushWhenFull();
  }

  hits(sinceMs: number): StoredHit[] {
    this.flush();
    const rows = this.#session.all('SELECT body FROM hits WHERE at_ms >= ? ORDER BY at_ms, id', sinceMs);
    return this.#decoded(rows, decodeHit, 'hits');
  }

  expireHits(beforeMs: number): void {
    this.#expireBeforeMs = Math.max(this.#expireBeforeMs, beforeMs);
    this.#unsavedHits = this.#unsavedHits.filter(({ hit }) => hit.attempt.atMs >= beforeMs);
  }

  cached(key: string, nowMs: number): string | undefined {
    const fresh = this.#unsavedCache.get(key);
    if (fresh !== undefined) return fresh.expiresAtMs > nowMs ? fresh.value : undefined;
    const row = this.#session.all(
      'SELECT value FROM lookups WHERE key = ? AND expires_ms > ?',
      key,
      nowMs,
    )[0];
    return row === undefined ? undefined : String(row.value);
  }

  cache(key: string, value: string, expiresAtMs: number): void {
    this.#unsavedCache.set(key, { value, expiresAtMs });
    this.#flushWhenFull();
  }

  meta(key: string): string | undefined {
    return this.#meta.get(key);
  }

  metaEntries(prefix: string): ReadonlyMap<string, string> {
    return new Map([...this.#meta].filter(([key]) => key.startsWith(prefix)));
  }

  setMeta(key: string, value: string | undefined): void {
    if (value === undefined) this.#meta.delete(key);
    else this.#meta.set(key, value);
    this.#unsavedMeta.set(key, value);
    this.#flushWhenFull();
  }

  flush(): void {
    this.#checkFile();
    if (this.#batched === 0 && this.#expireBeforeMs === Number.NEGATIVE_INFINITY) return;
    this.#session.transaction(() => {
      for (const incident of this.#unsaved.values()) this.#writeIncident(incident);
      for (const stored of this.#unsavedHits) {
        this.#session.run(
          'INSERT INTO hits (at_ms, body) VALUES (?, ?)',
          stored.hit.attempt.atMs,
          seal(encodeHit(stored)),
        );
      }
      if (this.#expireBeforeMs > Number.NEGATIVE_INFINITY)
        this.#session.run('DELETE FROM hits WHERE at_ms < ?', this.#expireBeforeMs);
      for (const { atMs, alertId, channel, attempt, outcome, because } of this.#unsavedDeliveries) {
        const sql =
          'INSERT INTO deliveries (at_ms, alert_id, channel, attempt, outcome, because) VALUES (?, ?, ?, ?, ?, ?)';
        this.#session.run(sql, atMs, alertId, channel, attempt, outcome, because);
      }
      for (const [key, value] of this.#unsavedMeta) {
        if (value === undefined) this.#session.run('DELETE FROM meta WHERE key = ?', key);
        else this.#session.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value);
      }
      for (const [key, { value, expiresAtMs }] of this.#unsavedCache) {
        this.#session.run(
          'INSERT OR REPLACE INTO lookups (key, value, expires_ms) VALUES (?, ?, ?)',
          key,
          value,
          expiresAtMs,
        );
      }
    });
    this.#unsaved.clear();
    this.#unsavedHits = [];
    this.#unsavedDeliveries = [];
    this.#unsavedMeta.clear();
    this.#unsavedCache.clear();
    this.#expireBeforeMs = Number.NEGATIVE_INFINITY;
  }

  retention(policy: RetentionPolicy, nowMs: number): number {
    this.flush();
    const oldestMs = nowMs - policy.maxAgeMs;
    const gone = this.#session.transaction(() => {
      this.#session.run("DELETE FROM outbox WHERE state = 'delivered' AND settled_ms < ?", oldestMs);
      this.#session.run('DELETE FROM deliveries WHERE at_ms < ?', oldestMs);
      this.#session.run('DELETE FROM lookups WHERE expires_ms <= ?', nowMs);
      this.#trim('lookups', 'expires_ms', this.#options.maxCached ?? 50_000);
      const hits = this.#trim('hits', 'at_ms', this.#options.maxHits ?? 500_000);
      if (hits > 0)
        this.#options.onEvent({
          kind: 'store-forgot',
          because: `${hits} hits of open windows: more than the store keeps`,
        });
      return (
        this.#session.run("DELETE FROM incidents WHERE state = 'closed' AND last_ms < ?", oldestMs) +
        this.#session.run(
          `DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE state = 'closed'
             ORDER BY last_ms DESC LIMIT -1 OFFSET ?)`,
          policy.maxIncidents,
        )
      );
    });
    return gone + this.#shrink(policy.maxBytes);
  }

  live(): LiveState {
    const incidents = new Map([...this.#open, ...this.#unsaved]);
    return {
      incidents: [...incidents.values()],
      slots: this.#queue.slots(),
      settled: [],
      deliveries: this.#unsavedDeliveries,
      hits: this.#unsavedHits,
      meta: this.#meta,
    };
  }

  adopt(state: LiveState): void {
    for (const incident of state.incidents) this.saveIncident(incident);
    for (const { hit, line } of state.hits) this.appendHit(hit, line);
    this.#unsavedDeliveries.push(...state.deliveries);
    for (const [key, value] of state.meta) this.setMeta(key, value);
    this.#session.transaction(() => {
      for (const slot of state.slots) this.#writeSlot(slot);
      for (const [alertId, channel] of state.settled) this.#writeDelivered(alertId, channel, Date.now());
    }, 'FULL');
    this.#loadOutbox();
    this.flush();
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
    return (
      this.#unsaved.size +
      this.#unsavedHits.length +
      this.#unsavedDeliveries.length +
      this.#unsavedMeta.size +
      this.#unsavedCache.size
    );
  }

  #flushWhenFull(): void {
    if (this.#batched >= MAX_BATCH) this.flush();
  }

  /** Writing goes on without complaint into a file that was removed: better to know. */
  #checkFile(): void {
    const inode = statSync(this.#options.path, { throwIfNoEntry: false })?.ino;
    if (inode !== this.#inode) throw new StoreFailure(`${this.#options.path} was removed or replaced`, false);
  }

  /** Rows on disk as the queue says; durable before anything is sent, and taken back in memory when the disk refuses. */
  #commit(changes: readonly OutboxChange[], more: () => void = () => undefined): void {
    try {
      this.#checkFile();
      this.#session.transaction(() => {
        more();
        for (const { before, after } of changes) {
          if (after !== undefined) this.#writeSlot(after);
          else if (before !== undefined) this.#removeWaiting(before);
        }
      }, 'FULL');
    } catch (error) {
      this.#queue.undo(changes);
      throw error;
    }
  }

  #writeIncident(incident: Incident): void {
    const { id, ruleId, severity, state, firstSeenMs, lastSeenMs, sources } = incident;
    this.#session.run(
      `INSERT INTO incidents (id, rule_id, severity, state, first_ms, last_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, state = excluded.state,
         first_ms = excluded.first_ms, last_ms = excluded.last_ms, body = excluded.body`,
      ...[id, ruleId, severity, state, firstSeenMs, lastSeenMs, seal(encodeIncident(incident))],
    );
    for (const source of sources) {
      this.#session.run(
        'INSERT OR IGNORE INTO incident_sources (source, incident_id) VALUES (?, ?)',
        source,
        id,
      );
    }
  }

  #writeSlot({ seq, entry, dead }: OutboxSlot): void {
    this.#session.run(
      'INSERT OR REPLACE INTO outbox (alert_id, channel, seq, state, settled_ms, entry) VALUES (?, ?, ?, ?, NULL, ?)',
      ...[entry.alert.id, entry.channel, seq, dead ? 'dead' : 'waiting', seal(encodeEntry(entry))],
    );
  }

  #writeDelivered(alertId: string, channel: string, atMs: number): void {
    this.#session.run(
      `INSERT OR REPLACE INTO outbox (alert_id, channel, seq, state, settled_ms, entry) VALUES (?, ?, 0, 'delivered', ?, NULL)`,
      ...[alertId, channel, atMs],
    );
  }

  #removeWaiting({ entry }: OutboxSlot): void {
    this.#session.run(
      "DELETE FROM outbox WHERE alert_id = ? AND channel = ? AND state <> 'delivered'",
      entry.alert.id,
      entry.channel,
    );
  }

  #isDelivered(alertId: string, channel: string): boolean {
    const sql = "SELECT 1 AS found FROM outbox WHERE alert_id = ? AND channel = ? AND state = 'delivered'";
    return this.#session.all(sql, alertId, channel).length > 0;
  }

  /** Another process (the command line) may have put dead letters back. */
  #refreshOutbox(): void {
    const version = this.#session.pragma('data_version');
    if (version === this.#dataVersion) return;
    this.#loadOutbox();
  }

  #loadOutbox(): void {
    this.#dataVersion = this.#session.pragma('data_version');
    const slots: OutboxSlot[] = [];
    const rows = this.#session.all("SELECT * FROM outbox WHERE state <> 'delivered' ORDER BY seq");
    for (const row of rows) {
      const entry = decodeEntry(unseal(String(row.entry)) ?? '');
      if (entry !== undefined && entry.alert.id === row.alert_id && entry.channel === row.channel) {
        slots.push({ seq: Number(row.seq), entry, dead: row.state === 'dead' });
      } else this.#forgot(`the alert ${String(row.alert_id)} for ${String(row.channel)} can not be read`);
    }
    this.#queue.load(slots);
  }

  #select(rest: string, values: readonly SqlValue[]): Incident[] {
    return this.#decoded(
      this.#session.all(`SELECT body FROM incidents ${rest}`, ...values),
      decodeIncident,
      'incidents',
    );
  }

  #decoded<T>(rows: readonly SqlRow[], decode: (text: string) => T | undefined, what: string): T[] {
    const values = rows
      .map(({ body }) => decode(unseal(String(body)) ?? ''))
      .filter((value) => value !== undefined);
    if (values.length < rows.length) this.#forgot(`${rows.length - values.length} ${what} can not be read`);
    return values;
  }

  #forgot(because: string): void {
    this.#options.onEvent({ kind: 'store-forgot', because, path: this.#options.path });
  }

  #trim(table: 'hits' | 'lookups', column: string, most: number): number {
    const key = table === 'hits' ? 'id' : 'key';
    return this.#session.run(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} ORDER BY ${column} DESC LIMIT -1 OFFSET ?)`,
      most,
    );
  }

  /** Removes closed incidents, oldest first, until what is used fits; then gives free pages back to the disk. */
  #shrink(maxBytes: number): number {
    let gone = 0;
    while (this.#usedBytes() > maxBytes) {
      const removed = this.#session.transaction(() =>
        this.#session.run(`DELETE FROM incidents WHERE id IN
          (SELECT id FROM incidents WHERE state = 'closed' ORDER BY last_ms LIMIT 200)`),
      );
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

function deliveryOf(row: SqlRow): DeliveryRecord {
  return {
    alertId: String(row.alert_id),
    channel: String(row.channel),
    attempt: Number(row.attempt),
    outcome: String(row.outcome) as Delivery['outcome'],
    because: String(row.because),
    atMs: Number(row.at_ms),
  };
}
