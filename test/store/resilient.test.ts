import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/open-sqlite.ts';
import { ResilientStore } from '../../src/store/resilient.ts';
import { loadSqlite, type SqliteDatabase, type SqliteOpen } from '../../src/store/sqlite-driver.ts';
import { type StoreEvent, StoreLocked } from '../../src/store/store.ts';
import { alert, hit, incident, NOW } from './incident-samples.ts';
import { runStoreConformance } from './store.conformance.ts';

const sqlite = await loadSqlite();

let root: string;
let path: string;
let events: StoreEvent[];
let stores: ResilientStore[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kw-resilient-'));
  path = join(root, 'knockwatch.db');
  events = [];
  stores = [];
});
afterEach(() => {
  for (const store of stores) store.close();
  rmSync(root, { recursive: true, force: true });
});

function openStore(open: SqliteOpen = sqlite): ResilientStore {
  const store = new ResilientStore({
    path,
    open,
    onEvent: (event) => events.push(event),
    flushMs: 0,
    retryMs: 0,
    now: () => NOW,
  });
  stores.push(store);
  return store;
}

const kinds = () => events.map(({ kind }) => kind);
const put = (store: ResilientStore, id: string) =>
  store.accept([incident('i1')], [{ alert: alert(id), channel: 'mail' }], NOW)[0]!.kind;
const ids = (store: ResilientStore) => store.outbox().map((entry) => entry.alert.id);

/** SQLite whose statements fail with a result code while told to. */
function faultyDisk() {
  const fault = { code: 0, after: Number.POSITIVE_INFINITY, calls: 0 };
  const refuse = () => {
    fault.calls++;
    if (fault.code !== 0 && fault.calls > fault.after) {
      throw Object.assign(new Error(`disk fault ${fault.code}`), {
        code: 'ERR_SQLITE_ERROR',
        errcode: fault.code,
      });
    }
  };
  const open: SqliteOpen = (file) => {
    const db = sqlite(file);
    if (file.endsWith('.lock')) return db;
    const wrapped: SqliteDatabase = {
      exec: (sql) => {
        if (!sql.startsWith('ROLLBACK')) refuse();
        db.exec(sql);
      },
      prepare: (sql) => {
        const statement = db.prepare(sql);
        return {
          run: (...values) => {
            refuse();
            return statement.run(...values);
          },
          get: (...values) => {
            refuse();
            return statement.get(...values);
          },
          all: (...values) => {
            refuse();
            return statement.all(...values);
          },
        };
      },
      close: () => db.close(),
    };
    return wrapped;
  };
  return { open, fault };
}

runStoreConformance('ResilientStore on disk', () => conformant(sqlite));
runStoreConformance('ResilientStore in memory', () => {
  const under = conformant(() => {
    throw Object.assign(new Error('unable to open database file'), { errcode: 14 });
  });
  return { store: under.store, cleanUp: under.cleanUp };
});

function conformant(open: SqliteOpen) {
  const directory = mkdtempSync(join(tmpdir(), 'kw-conformance-'));
  const make = () =>
    new ResilientStore({
      path: join(directory, 'store.db'),
      open,
      onEvent: () => undefined,
      flushMs: 0,
      retryMs: 0,
    });
  let store = make();
  return {
    store,
    reopen: () => {
      store.close();
      store = make();
      return store;
    },
    cleanUp: () => rmSync(directory, { recursive: true, force: true }),
  };
}

describe('when the disk fails', () => {
  it.each([
    ['full', 13],
    ['read-only', 8],
    ['failing', 10 | (3 << 8)],
    ['not to be opened', 14],
    ['busy for too long', 5],
  ])('%s: goes on in memory, says so once, and comes back with everything', (_what, code) => {
    const { open, fault } = faultyDisk();
    const store = openStore(open);
    put(store, 'before');
    put(store, 'delivered later');
    fault.code = code;
    fault.after = fault.calls;
    expect(put(store, 'meanwhile')).toBe('stored');
    store.delivered('delivered later', 'mail', NOW);
    store.saveIncident(incident('i2'));
    store.appendHit(hit(NOW));
    store.setMeta('note', 'kept');
    expect(ids(store)).toEqual(['before', 'meanwhile']);
    expect(store.recover()).toBe(false);
    expect(kinds()).toEqual(['store-degraded']);
    expect(store.failing).toContain(`disk fault ${code}`);
    fault.code = 0;
    expect(store.recover()).toBe(true);
    expect(kinds()).toEqual(['store-degraded', 'store-recovered']);
    expect(store.failing).toBeUndefined();
    store.close();
    const again = openStore();
    expect(ids(again)).toEqual(['before', 'meanwhile']);
    expect(again.countIncidents()).toBe(2);
    expect(again.hits(0)).toHaveLength(1);
    expect(again.meta('note')).toBe('kept');
    expect(put(again, 'delivered later')).toBe('known');
  });

  it('notes deleted as it fails and while it fails stay deleted, those set again stay', () => {
    const { open, fault } = faultyDisk();
    const store = openStore(open);
    const notes = ['kept', 'deleted before', 'deleted meanwhile', 'set again'];
    for (const key of notes) store.setMeta(key, 'old');
    store.flush();
    fault.code = 13;
    fault.after = fault.calls;
    store.setMeta('deleted before', undefined);
    store.flush();
    store.setMeta('deleted meanwhile', undefined);
    store.setMeta('set again', undefined);
    store.setMeta('set again', 'new');
    const left = new Map([
      ['kept', 'old'],
      ['set again', 'new'],
    ]);
    expect(store.metaEntries('')).toEqual(left);
    fault.code = 0;
    expect(store.recover()).toBe(true);
    expect(store.metaEntries('')).toEqual(left);
    store.close();
    expect(openStore().metaEntries('')).toEqual(left);
  });

  it('failing again and again while it takes everything back: a hit is there once', () => {
    const { open, fault } = faultyDisk();
    const store = openStore(open);
    put(store, 'a1');
    fault.code = 13;
    fault.after = fault.calls;
    put(store, 'a2');
    for (let i = 0; i < 2_100; i++) store.appendHit(hit(NOW + i));
    const failsAfter = (calls: number) => {
      fault.after = fault.calls + calls;
      return !store.recover();
    };
    for (const calls of [1, 20, 1_000, 2_050]) expect(failsAfter(calls)).toBe(true);
    let calls = 2_100;
    while (failsAfter(calls)) calls++;
    expect(calls).toBeGreaterThan(2_105);
    fault.code = 0;
    expect(ids(store)).toEqual(['a1', 'a2']);
    store.close();
    const again = openStore();
    expect(again.hits(0)).toHaveLength(2_100);
    expect(ids(again)).toEqual(['a1', 'a2']);
  });

  it('failing in the last clean-up: closes all the same, and another can open what was committed', () => {
    const { open, fault } = faultyDisk();
    const store = openStore(open);
    put(store, 'a1');
    store.flush();
    fault.code = 13;
    fault.after = fault.calls;
    expect(() => store.close()).not.toThrow();
    expect(ids(openStore())).toEqual(['a1']);
  });

  it('what comes as it fails with a full batch is kept once', () => {
    const { open, fault } = faultyDisk();
    const store = openStore(open);
    for (let i = 0; i < 1_999; i++) store.appendHit(hit(NOW + i));
    fault.code = 13;
    fault.after = fault.calls;
    for (let i = 0; i < 2; i++) store.appendHit(hit(NOW + 1_999 + i));
    expect(store.failing).toBeDefined();
    expect(store.hits(0)).toHaveLength(2_001);
  });

  it('failing at the n-th call, once or for good, n = 1, 2, ... until none is met: no alert is lost or comes twice, nothing is silent', () => {
    for (const persistent of [false, true]) {
      for (let nth = 0; nth < 200; nth++) {
        rmSync(path, { force: true });
        for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
        events = [];
        const { open, fault } = faultyDisk();
        fault.code = 13;
        fault.after = nth;
        const failOnce = () => {
          if (!persistent && fault.calls > fault.after) fault.code = 0;
        };
        const store = openStore(open);
        for (const step of [
          () => put(store, 'a1'),
          () => store.saveIncident(incident('i2')),
          () => put(store, 'a2'),
          () => store.retryAt('a1', 'mail', NOW + 5, 'later'),
          () => store.flush(),
          () => store.delivered('a2', 'mail', NOW),
          () => put(store, 'a3'),
          () => store.dead('a3', 'mail', 'no'),
        ]) {
          step();
          failOnce();
        }
        const met = fault.calls > nth;
        fault.code = 0;
        const where = `n = ${nth}, for good: ${persistent}`;
        expect(store.recover(), where).toBe(true);
        expect(ids(store), where).toEqual(['a1']);
        store.close();
        const again = openStore();
        expect(ids(again), where).toEqual(['a1']);
        expect(again.outbox()[0], where).toMatchObject({ attempts: 1, because: 'later' });
        expect(again.deadLetters(), where).toHaveLength(1);
        expect(put(again, 'a2'), where).toBe('known');
        expect(again.incident('i2'), where).toBeDefined();
        if (fault.calls > nth && events.length > 0)
          expect(kinds(), where).toEqual(['store-degraded', 'store-recovered']);
        again.close();
        // So many calls there are: no fault was met any more.
        if (!met) break;
      }
    }
  }, 60_000);

  it('really full (page limit): the transaction is undone as a whole', () => {
    let db: SqliteDatabase | undefined;
    const store = openStore((file) => {
      const opened = sqlite(file);
      if (!file.endsWith('.lock')) db = opened;
      return opened;
    });
    db!.exec('PRAGMA max_page_count = 60');
    const lines = [{ bytes: Buffer.alloc(500_000, 'x'), receivedAtMs: NOW, peer: { address: '192.0.2.1' } }];
    const [result] = store.accept(
      [incident('big', { lines })],
      [{ alert: alert('a1'), channel: 'mail' }],
      NOW,
    );
    expect(result).toEqual({ kind: 'stored' });
    expect(events[0]).toMatchObject({ kind: 'store-degraded', because: expect.stringContaining('full') });
    const disk = openSqliteStore({ path, open: sqlite, onEvent: () => undefined });
    expect(disk.outbox()).toEqual([]);
    expect(disk.incident('big')).toBeUndefined();
    disk.close();
    expect(store.recover()).toBe(true);
    expect(ids(store)).toEqual(['a1']);
  });

  it('a damaged file is set aside while running; what must survive goes into the fresh one', () => {
    const { open, fault } = faultyDisk();
    const store = openStore(open);
    put(store, 'a1');
    fault.code = 11;
    fault.after = fault.calls;
    const heal = (event: StoreEvent) => {
      if (event.kind === 'store-set-aside') fault.code = 0;
    };
    const push = events.push.bind(events);
    events.push = (...more) => {
      more.forEach(heal);
      return push(...more);
    };
    expect(put(store, 'a2')).toBe('stored');
    expect(kinds()).toEqual(['store-degraded', 'store-set-aside', 'store-recovered']);
    expect(readdirSync(root)).toContain('knockwatch.db.bad.20261123T120000Z');
    store.close();
    const again = openStore();
    expect(ids(again)).toEqual(['a1', 'a2']);
    expect(again.incident('i1')).toBeDefined();
  });

  it('a directory removed while running is noticed and made again', () => {
    path = join(root, 'state', 'knockwatch.db');
    const store = openStore();
    put(store, 'a1');
    rmSync(join(root, 'state'), { recursive: true });
    put(store, 'a2');
    expect(kinds()).toEqual(['store-degraded']);
    expect(store.recover()).toBe(true);
    expect(ids(store)).toEqual(['a1', 'a2']);
    store.close();
    expect(ids(openStore())).toEqual(['a1', 'a2']);
  });

  it('a directory that can not be looked into any more (ELOOP; EIO and EACCES alike) is a failing disk, noticed by the timer too', async () => {
    const directory = join(root, 'state');
    path = join(directory, 'knockwatch.db');
    const store = new ResilientStore({
      path,
      open: sqlite,
      onEvent: (event) => events.push(event),
      flushMs: 5,
      retryMs: 5,
    });
    stores.push(store);
    put(store, 'a1');
    renameSync(directory, join(root, 'aside'));
    symlinkSync('state', directory);
    await expect.poll(() => store.failing).toContain('ELOOP');
    expect(put(store, 'a2')).toBe('stored');
    expect(store.recover()).toBe(false);
    expect(kinds()).toEqual(['store-degraded']);
    rmSync(directory);
    renameSync(join(root, 'aside'), directory);
    await expect.poll(() => store.failing).toBeUndefined();
    store.close();
    expect(ids(openStore())).toEqual(['a1', 'a2']);
  });

  it('starts in memory when the directory can not be made, keeps the alerts on disk from before when it comes back', () => {
    path = join(root, 'state', 'knockwatch.db');
    const first = openStore();
    put(first, 'old');
    first.close();
    const aside = join(root, 'aside');
    renameSync(join(root, 'state'), aside);
    writeFileSync(join(root, 'state'), 'in the way');
    const store = openStore();
    expect(kinds()).toEqual(['store-degraded']);
    put(store, 'new');
    rmSync(join(root, 'state'));
    renameSync(aside, join(root, 'state'));
    expect(store.recover()).toBe(true);
    expect(ids(store).sort()).toEqual(['new', 'old']);
  });

  it('says at the end what was lost with the process', () => {
    const { open, fault } = faultyDisk();
    fault.code = 13;
    fault.after = 0;
    const store = openStore(open);
    put(store, 'a1');
    store.close();
    expect(events.at(-1)).toMatchObject({
      kind: 'store-forgot',
      because: expect.stringMatching(/^1 alerts and 1 incidents end with this process: .*disk fault 13$/),
    });
  });

  it('tries again and writes by itself', async () => {
    const { open, fault } = faultyDisk();
    const store = new ResilientStore({
      path,
      open,
      onEvent: (event) => events.push(event),
      flushMs: 5,
      retryMs: 10,
    });
    stores.push(store);
    store.saveIncident(incident('i1'));
    fault.code = 13;
    fault.after = fault.calls;
    await expect.poll(() => store.failing).toBeDefined();
    fault.code = 0;
    await expect.poll(() => store.failing).toBeUndefined();
    const other = openSqliteStore({ path, open: sqlite, onEvent: () => undefined });
    expect(other.incident('i1')).toBeDefined();
    other.close();
  });

  it.runIf(process.getuid?.() !== 0)('read-only directory', () => {
    chmodSync(root, 0o500);
    const store = openStore();
    expect(put(store, 'a1')).toBe('stored');
    expect(kinds()).toEqual(['store-degraded']);
    chmodSync(root, 0o700);
    expect(store.recover()).toBe(true);
  });
});

describe('two processes', () => {
  it('the second refuses and names the first, in this process and from another', async () => {
    openStore();
    expect(() => openStore()).toThrow(StoreLocked);
    expect(() => openStore()).toThrow(`in use by process ${process.pid}`);
    const script = `
      import { createRequire } from 'node:module';
      const load = async () => { try { return await import('node:sqlite'); } catch { return await import('@photostructure/sqlite'); } };
      const { DatabaseSync } = await load();
      const db = new DatabaseSync(process.argv[1]);
      try { db.exec('BEGIN EXCLUSIVE'); console.log('got it'); } catch (error) { console.log(error.errcode & 255); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, `${path}.lock`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(await output(child)).toBe('5\n');
  });

  it('a lock dies with its process, whatever number is left in the file', () => {
    openStore().close();
    writeFileSync(`${path}.lock.pid`, '1\n');
    const store = openStore();
    expect(store.failing).toBeUndefined();
  });

  it('garbage in the lock file is moved away', () => {
    writeFileSync(`${path}.lock`, 'garbage '.repeat(1000));
    expect(openStore().failing).toBeUndefined();
    expect(readdirSync(root).some((name) => name.startsWith('knockwatch.db.lock.bad.'))).toBe(true);
  });
});

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout!) text += chunk;
  return text;
}
