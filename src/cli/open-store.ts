import { existsSync } from 'node:fs';
import { visible } from '../lib/escape.ts';
import { openSqliteStore } from '../store/open-sqlite.ts';
import { storePath } from '../store/places.ts';
import { loadSqlite } from '../store/sqlite-driver.ts';
import type { Store } from '../store/store.ts';
import { CliError, EXIT_FAILURE, type Io } from './io.ts';

/**
 * Lends the store of a state directory to `work`, beside a running daemon or without one; a damaged file stays where it is. Ends
 * the verb with exit code 1 when there is none, or when it can not be read.
 */
export async function withStore<T>(
  io: Io,
  stateDir: string,
  work: (store: Store) => Promise<T> | T,
): Promise<T> {
  const path = storePath(stateDir);
  if (!existsSync(path))
    throw new CliError(
      EXIT_FAILURE,
      `there is no store at ${path}: no daemon has run on this state directory`,
    );
  const onEvent = ({ because }: { readonly because: string }) => io.stderr.write(`${visible(because)}\n`);
  let store: Store;
  try {
    store = openSqliteStore({ path, open: await loadSqlite(), onEvent, setAside: false });
  } catch (error) {
    throw new CliError(EXIT_FAILURE, (error as Error).message);
  }
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
