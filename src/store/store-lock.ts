import { readFileSync, writeFileSync } from 'node:fs';
import { privateFile, setAside } from './private-files.ts';
import { type SqliteDatabase, type SqliteOpen, sqliteCode } from './sqlite-driver.ts';
import { StoreLocked } from './store.ts';

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

/** A held lock. */
export interface StoreLock {
  release(): void;
}

/**
 * Makes sure that one process at a time works with a store. The lock is an empty SQLite file kept in an exclusive transaction:
 * the kernel lets go of it when the process dies, however it dies, and a process number that was given out again means nothing.
 * Throws StoreLocked, with the other's number from `<path>.pid`, and the disk's errors.
 */
export function lockStore(path: string, open: SqliteOpen): StoreLock {
  const held = lockedFile(path, open) ?? lockedFile(path, open);
  if (held === undefined) throw new Error(`${path} can not be used as a lock`);
  privateFile(`${path}.pid`);
  writeFileSync(`${path}.pid`, `${process.pid}\n`);
  return { release: () => held.close() };
}

/** The file in its transaction; undefined when there was something else in the file, which is moved away then. */
function lockedFile(path: string, open: SqliteOpen): SqliteDatabase | undefined {
  privateFile(path);
  let db: SqliteDatabase | undefined;
  try {
    db = open(path);
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db?.close();
    const code = sqliteCode(error);
    if (code === SQLITE_BUSY) throw new StoreLocked(path, pidIn(`${path}.pid`));
    if (code !== SQLITE_NOTADB) throw error;
    setAside(path, Date.now());
    return undefined;
  }
}

function pidIn(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
