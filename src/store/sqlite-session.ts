import {
  type SqliteDatabase,
  type SqliteStatement,
  type SqlRow,
  type SqlValue,
  sqliteCode,
} from './sqlite-driver.ts';
import { StoreFailure } from './store.ts';

/** Result codes after which the file is of no use: ERROR (the schema is not ours any more), CORRUPT, FORMAT, NOTADB. */
const CORRUPT_CODES: ReadonlySet<number | undefined> = new Set([1, 11, 24, 26]);
const SQLITE_CONSTRAINT = 19;

/** An open database with its prepared statements; what SQLite throws comes out as StoreFailure. */
export class SqliteSession {
  readonly #db: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(db: SqliteDatabase) {
    this.#db = db;
  }

  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes));
  }

  all(sql: string, ...values: SqlValue[]): SqlRow[] {
    return this.#guard(() => this.#prepare(sql).all(...values));
  }

  exec(sql: string): void {
    this.#guard(() => this.#db.exec(sql));
  }

  /** The value of a pragma that has one. */
  pragma(name: string): number {
    return Number(this.all(`PRAGMA ${name}`)[0]?.[name] ?? 0);
  }

  /** All of it or nothing. With FULL it is on the disk when this returns, with NORMAL in the operating system's hands. */
  transaction<T>(work: () => T, synchronous: 'FULL' | 'NORMAL' = 'NORMAL'): T {
    this.exec(`PRAGMA synchronous = ${synchronous}`);
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      try {
        this.#db.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back on its own.
      }
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** Violated constraints are our own mistake and stay what they are. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const code = sqliteCode(error);
      if (code === undefined || code === SQLITE_CONSTRAINT) throw error;
      throw new StoreFailure((error as Error).message, CORRUPT_CODES.has(code), { cause: error });
    }
  }

  #prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
