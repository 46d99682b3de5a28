import type { Incident } from '../types.ts';
import type { BatchedTable } from './batched-table.ts';
import { conditions } from './incident-query.ts';
import { decoded, decodeIncident, encodeIncident, seal } from './record-codec.ts';
import type { SqlValue } from './sqlite-driver.ts';
import type { SqliteSession } from './sqlite-session.ts';
import type { IncidentFilter } from './store.ts';

/** Incidents of the SQLite store. Open ones are in memory too. `onLost` is told of records that can not be read. */
export class SqliteIncidents implements BatchedTable {
  readonly #session: SqliteSession;
  readonly #onLost: (because: string) => void;
  readonly #open = new Map<string, Incident>();
  /** The newest state of incidents that is not on disk yet. */
  readonly #unsaved = new Map<string, Incident>();

  constructor(session: SqliteSession, onLost: (because: string) => void) {
    this.#session = session;
    this.#onLost = onLost;
    for (const incident of this.#select("WHERE state <> 'closed'", [])) this.#open.set(incident.id, incident);
  }

  get batched(): number {
    return this.#unsaved.size;
  }

  save(incident: Incident): void {
    if (incident.state === 'closed') this.#open.delete(incident.id);
    else this.#open.set(incident.id, incident);
    this.#unsaved.set(incident.id, incident);
  }

  get(id: string): Incident | undefined {
    const known = this.#unsaved.get(id) ?? this.#open.get(id);
    return known ?? this.#select('WHERE id = ?', [id])[0];
  }

  /** Those on disk that match, newest first. */
  find(filter: IncidentFilter): Incident[] {
    const { where, values } = conditions(filter);
    const { limit = 100, offset = 0 } = filter;
    return this.#select(`${where} ORDER BY last_ms DESC, id LIMIT ? OFFSET ?`, [...values, limit, offset]);
  }

  /** How many on disk match. */
  count(filter: IncidentFilter): number {
    const { where, values } = conditions(filter);
    return Number(this.#session.all(`SELECT count(*) AS n FROM incidents ${where}`, ...values)[0]!.n);
  }

  write(): void {
    for (const incident of this.#unsaved.values()) this.#write(incident);
  }

  written(): void {
    this.#unsaved.clear();
  }

  /** Open incidents, and those that are not on disk yet. */
  live(): Incident[] {
    return [...new Map([...this.#open, ...this.#unsaved]).values()];
  }

  /** Removes closed incidents that are older or more; returns how many. */
  trim(oldestMs: number, most: number): number {
    return (
      this.#session.run("DELETE FROM incidents WHERE state = 'closed' AND last_ms < ?", oldestMs) +
      this.#session.run(
        `DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE state = 'closed'
           ORDER BY last_ms DESC LIMIT -1 OFFSET ?)`,
        most,
      )
    );
  }

  /** Removes the oldest closed incidents, so many at most; returns how many. */
  removeOldest(most: number): number {
    return this.#session.run(
      `DELETE FROM incidents WHERE id IN
         (SELECT id FROM incidents WHERE state = 'closed' ORDER BY last_ms LIMIT ?)`,
      most,
    );
  }

  #write(incident: Incident): void {
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

  #select(rest: string, values: readonly SqlValue[]): Incident[] {
    const rows = this.#session.all(`SELECT body FROM incidents ${rest}`, ...values);
    return decoded(rows, decodeIncident, 'incidents', this.#onLost);
  }
}
