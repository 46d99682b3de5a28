import type { BatchedTable } from './batched-table.ts';
import type { SqliteSession } from './sqlite-session.ts';

/** Notes: a key and its text. All of them are in memory too. */
export class SqliteNotes implements BatchedTable {
  readonly #session: SqliteSession;
  readonly #all = new Map<string, string>();
  readonly #unsaved = new Map<string, string | undefined>();

  constructor(session: SqliteSession) {
    this.#session = session;
    for (const { key, value } of session.all('SELECT key, value FROM meta'))
      this.#all.set(String(key), String(value));
  }

  get batched(): number {
    return this.#unsaved.size;
  }

  get all(): ReadonlyMap<string, string> {
    return this.#all;
  }

  /** All of them, and without a value those whose row is still on disk although they are deleted. */
  live(): Map<string, string | undefined> {
    return new Map([...this.#all, ...this.#unsaved]);
  }

  set(key: string, value: string | undefined): void {
    if (value === undefined) this.#all.delete(key);
    else this.#all.set(key, value);
    this.#unsaved.set(key, value);
  }

  write(): void {
    for (const [key, value] of this.#unsaved) {
      if (value === undefined) this.#session.run('DELETE FROM meta WHERE key = ?', key);
      else this.#session.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value);
    }
  }

  written(): void {
    this.#unsaved.clear();
  }
}
