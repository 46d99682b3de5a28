import type { SqliteDatabase } from './sqlite-driver.ts';

/** `knoc` in ASCII: tells our files from other programs' (PRAGMA application_id). */
const APPLICATION_ID = 0x6b6e6f63;

/** One step each, applied in order; the file's `user_version` counts them. Steps that shipped never change. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    rule_id TEXT NOT NULL,
    severity TEXT NOT NULL,
    state TEXT NOT NULL,
    first_ms REAL NOT NULL,
    last_ms REAL NOT NULL,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX incidents_last ON incidents (last_ms);
  CREATE INDEX incidents_state ON incidents (state, last_ms);
  CREATE TABLE incident_sources (
    source TEXT NOT NULL,
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    PRIMARY KEY (source, incident_id)
  ) WITHOUT ROWID;
  CREATE INDEX incident_sources_incident ON incident_sources (incident_id);
  CREATE TABLE outbox (
    alert_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'dead', 'delivered')),
    settled_ms REAL,
    entry TEXT,
    PRIMARY KEY (alert_id, channel)
  ) WITHOUT ROWID;
  CREATE INDEX outbox_state ON outbox (state, seq);
  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    at_ms REAL NOT NULL,
    alert_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    because TEXT NOT NULL
  );
  CREATE INDEX deliveries_alert ON deliveries (alert_id);
  CREATE INDEX deliveries_at ON deliveries (at_ms);
  CREATE TABLE hits (id INTEGER PRIMARY KEY, at_ms REAL NOT NULL, body TEXT NOT NULL);
  CREATE INDEX hits_at ON hits (at_ms);
  CREATE TABLE lookups (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_ms REAL NOT NULL) WITHOUT ROWID;
  CREATE INDEX lookups_expires ON lookups (expires_ms);
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
];

/** The file is sound SQLite but not ours, or from a later version of ours. */
export class ForeignStore extends Error {
  constructor(because: string) {
    super(because);
    this.name = 'ForeignStore';
  }
}

/**
 * Brings a database to the newest schema in one transaction and sets it up for one writer that must not lose a commit.
 * Throws ForeignStore for files of other programs and later versions, SQLite's errors for damaged ones.
 */
export function migrate(db: SqliteDatabase, migrations = MIGRATIONS): void {
  db.exec('PRAGMA busy_timeout = 1000');
  const version = numberOf(db, 'PRAGMA user_version', 'user_version');
  const application = numberOf(db, 'PRAGMA application_id', 'application_id');
  const tables = numberOf(db, 'SELECT count(*) AS n FROM sqlite_master', 'n');
  if (tables > 0 && application !== APPLICATION_ID)
    throw new ForeignStore('it is a database of another program');
  if (version > migrations.length) {
    throw new ForeignStore(
      `it was written by a later version (schema ${version}, this one knows ${migrations.length})`,
    );
  }
  if (tables === 0) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = NORMAL');
  db.exec('PRAGMA foreign_keys = ON');
  db.exec('PRAGMA journal_size_limit = 16777216');
  if (version === migrations.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function numberOf(db: SqliteDatabase, sql: string, column: string): number {
  return Number(db.prepare(sql).get()?.[column] ?? 0);
}
