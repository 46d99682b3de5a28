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
  throw new AggregateError(
    causes,
    'no SQLite here: use Node 22.13 or later, or install @photostructure/sqlite',
  );
}

/**
 * SQLite's primary result code of a thrown error, undefined when it is none of SQLite's (sqlite.org/rescode.html). Errors of
 * queries come without a code from `@photostructure/sqlite` 1; SQLite's own words are as good.
 */
export function sqliteCode(error: unknown): number | undefined {
  const { errcode, code, message } = (error ?? {}) as {
    errcode?: unknown;
    code?: unknown;
    message?: unknown;
  };
  if (typeof errcode === 'number') return errcode & 0xff;
  if (code !== 'ERR_SQLITE_ERROR' || typeof message !== 'string') return undefined;
  return WORDS.find(([words]) => message.includes(words))?.[1] ?? SQLITE_ERROR;
}

const SQLITE_ERROR = 1;
/** sqlite3_errstr() */
const WORDS: readonly (readonly [string, number])[] = [
  ['database is locked', 5],
  ['database table is locked', 6],
  ['out of memory', 7],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', 13],
  ['unable to open database file', 14],
  ['constraint failed', 19],
  ['file is not a database', 26],
];
