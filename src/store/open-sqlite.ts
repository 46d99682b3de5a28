import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { OutboxBounds } from './outbox-queue.ts';
import { errorText, privateDirectory, privateFile, setAside } from './private-files.ts';
import { SqliteStore } from './sqlite.ts';
import { type SqliteDatabase, type SqliteOpen, sqliteCode } from './sqlite-driver.ts';
import { ForeignStore, migrate } from './sqlite-schema.ts';
import { type StoreEvent, StoreFailure } from './store.ts';

export interface OpenOptions {
  /** The database file; its directory is made 0700 when missing. */
  readonly path: string;
  readonly open: SqliteOpen;
  readonly onEvent: (event: StoreEvent) => void;
  readonly outbox?: OutboxBounds;
  readonly now?: () => number;
  /** False for helpers beside the daemon: an unusable file is an error then, and stays where it is. */
  readonly setAside?: boolean;
}

/** CORRUPT, FORMAT and NOTADB: what is in the file is not a database any more; ERROR: not one we can read. */
const UNUSABLE_CODES: ReadonlySet<number | undefined> = new Set([1, 11, 24, 26]);

/**
 * Opens the store's file, made 0600 when missing whatever the umask. A file that can not be used (damaged, another program's, a
 * later version's, a directory, a symbolic link) is renamed to `<path>.bad.<time>`, reported, and a fresh one begun. Throws
 * StoreFailure when the disk does not let us.
 */
export function openSqliteStore(options: OpenOptions): SqliteStore {
  const { path, onEvent } = options;
  try {
    if (privateDirectory(dirname(path)).exposed) {
      onEvent({
        kind: 'directory-exposed',
        because: `others may look into ${dirname(path)}`,
        path: dirname(path),
      });
    }
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) {
      if (options.setAside === false) throw new StoreFailure(`${path} is no plain file`, true);
      replaceStore(options, found.isSymbolicLink() ? 'it is a symbolic link' : 'it is no plain file');
    }
    try {
      return openOnce(options);
    } catch (error) {
      if (!isUnusable(error) || options.setAside === false) throw error;
      replaceStore(options, errorText(error));
      return openOnce(options);
    }
  } catch (error) {
    if (error instanceof StoreFailure) throw error;
    throw new StoreFailure(`${path}: ${errorText(error)}`, false, { cause: error });
  }
}

/** Moves the file (with its log) out of the way and says so; nothing is deleted. */
export function replaceStore({ path, onEvent, now = Date.now }: OpenOptions, because: string): void {
  const to = setAside(path, now());
  for (const suffix of ['-wal', '-shm']) {
    if (lstatSync(path + suffix, { throwIfNoEntry: false }) !== undefined) setAside(path + suffix, now());
  }
  const message = `${path} can not be used (${because}); it is kept as ${basename(to)} and a fresh store begins`;
  onEvent({ kind: 'store-set-aside', because: message, path: to });
}

function openOnce({ path, open, onEvent, outbox }: OpenOptions): SqliteStore {
  privateFile(path);
  let db: SqliteDatabase | undefined;
  try {
    db = open(path);
    migrate(db);
    return new SqliteStore(db, { path, onEvent, ...(outbox === undefined ? {} : { outbox }) });
  } catch (error) {
    db?.close();
    throw error;
  }
}

function isUnusable(error: unknown): boolean {
  if (error instanceof StoreFailure) return error.corrupt;
  return error instanceof ForeignStore || UNUSABLE_CODES.has(sqliteCode(error));
}
