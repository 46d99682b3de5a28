/** What an SQL parameter or a column can be here. */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface SqliteStatement {
  run(...values: SqlValue[]): { readonly changes: number | bigint };
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
}

/** The part of Node's `DatabaseSync` that is used; `@photostructure/sqlite` has the same one. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** Opens a database file; throws an error with SQLite's result code in `errcode`. */
export type SqliteOpen = (path: string) => SqliteDatabase;

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

/**
 * Node's own SQLite where the runtime has it (22.13 and later), else the same interface from `@photostructure/sqlite`.
 * Throws an error that says what to install when there is neither.
 */
export async function loadSqlite(): Promise<SqliteOpen> {
  const causes: unknown[] = [];
  for (const name of ['node:sqlite', '@photostructure/sqlite']) {
    try {
      // The name is no literal on purpose: types of either may be missing.
      const { DatabaseSync } = (await import(name)) as SqliteModule;
      return (path) => new DatabaseSync(path);
    } catch (error) {
      causes.push(error);
    }
  }
  throw new AggregateError(causes, 'no SQLite here: use Node 22.13 or later, or install @photostructure/sqlite');
}

/** SQLite's primary result code of a thrown error, undefined when it is none of SQLite's (sqlite.org/rescode.html). */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { readonly errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}
