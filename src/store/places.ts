import { join } from 'node:path';

/** The store's file in the state directory. */
export function storePath(stateDir: string): string {
  return join(stateDir, 'knockwatch.db');
}

/** The directory of the evidence archive in the state directory. */
export function archiveDirectory(stateDir: string): string {
  return join(stateDir, 'archive');
}

/** Hits Redis has not taken yet. */
export function spoolPath(stateDir: string): string {
  return join(stateDir, 'spool.ndjson');
}
