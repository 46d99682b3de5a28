import type { BatchedTable } from './batched-table.ts';
import type { SqliteSession } from './sqlite-session.ts';

/** Answers of look-ups, each for its time. */
export class SqliteLookups implements BatchedTable {
  readonly #session: SqliteSession;
  readonly #unsaved = new Map<string, { readonly value: string; readonly expiresAtMs: number }>();

  constructor(session: SqliteSession) {
    this.#session = session;
  }

  get batched(): number {
    return this.#unsaved.size;
  }

  get(key: string, nowMs: number): string | undefined {
    const fresh = this.#unsaved.get(key);
    if (fresh !== undefined) return fresh.expiresAtMs > nowMs ? fresh.value : undefined;
    const sql = 'SELECT value FROM lookups WHERE key = ? AND expires_ms > ?';
    const row = this.#session.all(sql, key, nowMs)[0];
    return row === undefined ? undefined : String(row.value);
  }

  set(key: string, value: string, expiresAtMs: number): void {
    this.#unsaved.set(key, { value, expiresAtMs });
  }

  /** Removes what has expired, and of the rest beyond so many what expires first. */
  trim(nowMs: number, most: number): void {
    this.#session.run('DELETE FROM lookups WHERE expires_ms <= ?', nowMs);
    const sql =
      'DELETE FROM lookups WHERE key IN (SELECT key FROM lookups ORDER BY expires_ms DESC LIMIT -1 OFFSET ?)';
    this.#session.run(sql, most);
  }

  write(): void {
    for (const [key, { value, expiresAtMs }] of this.#unsaved) {
      this.#session.run(
        'INSERT OR REPLACE INTO lookups (key, value, expires_ms) VALUES (?, ?, ?)',
        key,
        value,
        expiresAtMs,
      );
    }
  }

  written(): void {
    this.#unsaved.clear();
  }
}
