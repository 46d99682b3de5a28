import type { BatchedTable } from './batched-table.ts';
import { decoded, decodeHit, encodeHit, seal } from './record-codec.ts';
import type { SqliteSession } from './sqlite-session.ts';
import type { StoredHit } from './store.ts';

/** Hits of open windows. */
export class SqliteHits implements BatchedTable {
  readonly #session: SqliteSession;
  readonly #onLost: (because: string) => void;
  #unsaved: StoredHit[] = [];
  #expireBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(session: SqliteSession, onLost: (because: string) => void) {
    this.#session = session;
    this.#onLost = onLost;
  }

  get batched(): number {
    return this.#unsaved.length + (this.#expireBeforeMs > Number.NEGATIVE_INFINITY ? 1 : 0);
  }

  /** Those that are not on disk yet. */
  get unsaved(): readonly StoredHit[] {
    return this.#unsaved;
  }

  append(stored: StoredHit): void {
    this.#unsaved.push(stored);
  }

  expire(beforeMs: number): void {
    this.#expireBeforeMs = Math.max(this.#expireBeforeMs, beforeMs);
    this.#unsaved = this.#unsaved.filter(({ hit }) => hit.attempt.atMs >= beforeMs);
  }

  since(ms: number): StoredHit[] {
    const rows = this.#session.all('SELECT body FROM hits WHERE at_ms >= ? ORDER BY at_ms, id', ms);
    return decoded(rows, decodeHit, 'hits', this.#onLost);
  }

  /** Removes the oldest beyond so many; returns how many. */
  trim(most: number): number {
    const sql = 'DELETE FROM hits WHERE id IN (SELECT id FROM hits ORDER BY at_ms DESC LIMIT -1 OFFSET ?)';
    return this.#session.run(sql, most);
  }

  write(): void {
    for (const stored of this.#unsaved) {
      this.#session.run(
        'INSERT INTO hits (at_ms, body) VALUES (?, ?)',
        stored.hit.attempt.atMs,
        seal(encodeHit(stored)),
      );
    }
    if (this.#expireBeforeMs > Number.NEGATIVE_INFINITY)
      this.#session.run('DELETE FROM hits WHERE at_ms < ?', this.#expireBeforeMs);
  }

  written(): void {
    this.#unsaved = [];
    this.#expireBeforeMs = Number.NEGATIVE_INFINITY;
  }
}
