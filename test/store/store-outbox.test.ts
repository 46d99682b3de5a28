import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { MemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/open-sqlite.ts';
import { ResilientStore } from '../../src/store/resilient.ts';
import { loadSqlite } from '../../src/store/sqlite-driver.ts';
import { StoreOutbox } from '../../src/store/store-outbox.ts';
import { outboxConformance } from '../support/outbox-conformance.ts';

const open = await loadSqlite();
const root = mkdtempSync(join(tmpdir(), 'kw-outbox-'));
const opened: { close(): void }[] = [];
let files = 0;
const onEvent = () => undefined;

afterAll(() => {
  for (const store of opened) store.close();
  rmSync(root, { recursive: true, force: true });
});

outboxConformance('StoreOutbox in memory', (outbox) => new StoreOutbox(new MemoryStore({ outbox })));
outboxConformance('StoreOutbox on SQLite', (outbox) => {
  const store = openSqliteStore({ path: join(root, `${files++}.db`), open, onEvent, outbox });
  opened.push(store);
  return new StoreOutbox(store);
});
outboxConformance('StoreOutbox on a ResilientStore', (outbox) => {
  const store = new ResilientStore({
    path: join(root, `${files++}.db`),
    open,
    onEvent,
    outbox,
    flushMs: 0,
    retryMs: 0,
  });
  opened.push(store);
  return new StoreOutbox(store);
});
