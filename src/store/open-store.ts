import { MemoryStore } from './memory.ts';
import { ResilientStore } from './resilient.ts';
import { loadSqlite } from './sqlite-driver.ts';
import type { Store, StoreEvent } from './store.ts';

/**
 * The daemon's store at a path; in memory, with the reason in `missing`, where there is no SQLite. Rejects with StoreLocked when
 * another process works with it.
 */
export async function openStore(
  path: string,
  onEvent: (event: StoreEvent) => void,
): Promise<{ readonly store: Store; readonly missing?: string }> {
  try {
    const open = await loadSqlite();
    return { store: new ResilientStore({ path, open, onEvent }) };
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    onEvent({ kind: 'store-degraded', because: `${error.message}; nothing survives a restart` });
    return { store: new MemoryStore({ onEvent }), missing: error.message };
  }
}
