import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outbox } from '../../src/notify/outbox.ts';
import { openSqliteStore } from '../../src/store/open-sqlite.ts';
import type { SqliteStore } from '../../src/store/sqlite.ts';
import { loadSqlite, type SqliteOpen } from '../../src/store/sqlite-driver.ts';
import { ForeignStore, migrate } from '../../src/store/sqlite-schema.ts';
import { type StoreEvent, StoreFailure } from '../../src/store/store.ts';
import { StoreOutbox } from '../../src/store/store-outbox.ts';
import { alert, hit, incident, NOW } from './incident-samples.ts';
import { runStoreConformance } from './store.conformance.ts';

const sqlite: SqliteOpen = await loadSqlite();

let root: string;
let path: string;
let events: StoreEvent[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kw-sqlite-'));
  path = join(root, 'state', 'knockwatch.db');
  events = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function openStore(open = sqlite): SqliteStore {
  return openSqliteStore({ path, open, onEvent: (event) => events.push(event), now: () => NOW });
}

/** SQLite of the package keeps a closed file open until its statements are collected: thousands of files need help. */
setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');
const MANY = 200;
/** Of a write-ahead log, in octets (sqlite.org/fileformat2.html, 4.1). */
const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const PAGE = 4_096;
async function collect(): Promise<void> {
  gc();
  await new Promise((done) => setImmediate(done));
}

const kinds = () => events.map(({ kind }) => kind);

runStoreConformance('SqliteStore', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kw-conformance-'));
  const open = () =>
    openSqliteStore({ path: join(directory, 'store.db'), open: sqlite, onEvent: () => undefined });
  let store = open();
  return {
    store,
    reopen: () => {
      store.close();
      store = open();
      return store;
    },
    cleanUp: () => rmSync(directory, { recursive: true, force: true }),
  };
});

describe('durability', () => {
  it('what accept() and the outbox calls wrote is there for another process before anything is flushed', () => {
    const store = openStore();
    store.accept([incident('i1')], [{ alert: alert('a1'), channel: 'mail' }], NOW);
    store.saveIncident(incident('batched'));
    const other = openStore();
    expect(other.incident('i1')).toBeDefined();
    expect(other.outbox()).toHaveLength(1);
    expect(other.incident('batched')).toBeUndefined();
    store.dead('a1', 'mail', 'no');
    expect(other.deadLetters()).toHaveLength(1);
    expect(other.retryDead(NOW)).toBe(1);
    expect(store.due('mail', NOW)?.alert.id).toBe('a1');
    other.close();
    store.close();
  });

  it('accept() writes what waits too: who is owed an alert is known as soon as one of two channels has it', () => {
    const store = openStore();
    store.saveIncident(incident('i1'));
    store.setMeta('owed/i1', 'settled');
    store.accept([], [{ alert: alert('a1'), channel: 'mail' }], NOW);
    const other = openStore();
    expect(other.meta('owed/i1')).toBe('settled');
    expect(other.incident('i1')).toBeDefined();
    other.close();
    store.close();
  });

  it('an alert that had to make room is on the disk until the note that it is told another way is', () => {
    mkdirSync(join(root, 'state'), { mode: 0o700 });
    const outbox = { perChannel: 1, deadLetters: 1 };
    const store = openSqliteStore({ path, open: sqlite, onEvent: () => undefined, outbox });
    const ids = () => {
      const other = openStore();
      const found = other.outbox().map((entry) => entry.alert.id);
      other.close();
      return found;
    };
    store.accept([], [{ alert: alert('mild', 'low'), channel: 'mail' }], NOW);
    const [result] = store.accept([], [{ alert: alert('grave', 'critical'), channel: 'mail' }], NOW);
    expect(result).toMatchObject({ kind: 'displaced', alert: { id: 'mild' } });
    expect(store.outbox().map((entry) => entry.alert.id)).toEqual(['grave']);
    // A crash here: both are sent.
    expect(ids()).toEqual(['mild', 'grave']);
    store.setMeta('held/mail/i1', 'in the digest');
    store.flush();
    expect(ids()).toEqual(['grave']);
    store.close();
  });

  it('commits an incident with its alert within a millisecond or so', () => {
    const store = openStore();
    const times: number[] = [];
    for (let i = 0; i < 300; i++) {
      const start = performance.now();
      store.accept(
        [incident(`i${i}`)],
        [{ alert: alert(`a${i}`, 'high', { incidentIds: [`i${i}`] }), channel: `c${i}` }],
        NOW,
      );
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    // The aim is 1 ms; the bound leaves room for a busy machine.
    expect(times[150]).toBeLessThan(8);
    store.close();
  });

  it('writes a full batch without being asked', () => {
    const store = openStore();
    for (let i = 0; i <= 2_000; i++) store.appendHit(hit(NOW + i));
    const other = openStore();
    expect(other.hits(0)).toHaveLength(2_000);
    other.close();
    store.close();
  });

  it('retention() by size gives pages back and keeps open incidents', () => {
    const store = openStore();
    const lines = Array.from({ length: 40 }, () => ({
      bytes: Buffer.alloc(2_000, 'x'),
      receivedAtMs: NOW,
      peer: { address: '192.0.2.1' },
    }));
    for (let i = 0; i < 300; i++)
      store.saveIncident(incident(`c${i}`, { state: i < 5 ? 'open' : 'closed', lines, lastSeenMs: NOW + i }));
    store.flush();
    expect(store.retention({ maxAgeMs: 1e12, maxIncidents: 1e6, maxBytes: 4_000_000 }, NOW)).toBe(295);
    expect(store.countIncidents()).toBe(5);
    store.close();
    expect(statSync(path).size).toBeLessThan(8_000_000);
  });
});

describe('files', () => {
  it.each([0o000, 0o077])('are private under umask %o', (mask) => {
    const before = process.umask(mask);
    try {
      const store = openStore();
      store.accept([incident('i1')], [], NOW);
      for (const name of readdirSync(join(root, 'state'))) {
        expect(`${name} ${(statSync(join(root, 'state', name)).mode & 0o777).toString(8)}`).toBe(
          `${name} 600`,
        );
      }
      expect(readdirSync(join(root, 'state'))).toHaveLength(3);
      store.close();
    } finally {
      process.umask(before);
    }
    expect(statSync(join(root, 'state')).mode & 0o777).toBe(0o700);
  });

  it('made readable by others are closed again; a directory is only complained about', () => {
    mkdirSync(join(root, 'state'), { mode: 0o755 });
    writeFileSync(path, '', { mode: 0o644 });
    openStore().close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(kinds()).toEqual(['directory-exposed']);
  });
});

describe('a file that can not be used is set aside and a fresh store begins', () => {
  const make: Record<string, () => void> = {
    zeros: () => writeFileSync(path, Buffer.alloc(8192)),
    text: () => writeFileSync(path, 'not a database at all\n'.repeat(500)),
    noise: () => writeFileSync(path, Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * 7919) % 251))),
    'a header and nothing sensible': () =>
      writeFileSync(path, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 7)])),
    'a directory': () => mkdirSync(path),
    "another program's database": () => {
      const db = sqlite(path);
      db.exec('CREATE TABLE theirs (x)');
      db.close();
    },
    'a later version': () => {
      openStore().close();
      const db = sqlite(path);
      db.exec('PRAGMA user_version = 99');
      db.close();
    },
    'our version without our tables': () => {
      openStore().close();
      const db = sqlite(path);
      db.exec('DROP TABLE outbox');
      db.close();
    },
    'an overwritten middle': () => {
      const store = openStore();
      for (let i = 0; i < 200; i++) store.saveIncident(incident(`i${i}`));
      store.close();
      const bytes = readFileSync(path);
      bytes.fill(0xee, 4096, bytes.length - 4096);
      writeFileSync(path, bytes);
    },
  };

  it.each(Object.keys(make))('%s', (what) => {
    mkdirSync(join(root, 'state'), { mode: 0o700 });
    make[what]!();
    events = [];
    const store = openStore();
    store.accept([incident('i1')], [{ alert: alert('a1'), channel: 'mail' }], NOW);
    expect(store.outbox()).toHaveLength(1);
    store.close();
    expect(kinds()).toEqual(['store-set-aside']);
    expect(events[0]!.path).toBe(`${path}.bad.20261123T120000Z`);
    expect(
      readdirSync(join(root, 'state')).filter((name) => /\.db\.bad\./.test(name)).length,
    ).toBeGreaterThan(0);
  });

  it('a symbolic link, without touching what it points to', () => {
    mkdirSync(join(root, 'state'), { mode: 0o700 });
    const victim = join(root, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, path);
    openStore().close();
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(kinds()).toEqual(['store-set-aside']);
  });

  it('an empty file is just a new store', () => {
    mkdirSync(join(root, 'state'), { mode: 0o700 });
    writeFileSync(path, '');
    openStore().close();
    expect(kinds()).toEqual([]);
  });

  it('a helper beside the daemon leaves it where it is', () => {
    mkdirSync(join(root, 'state'), { mode: 0o700 });
    writeFileSync(path, 'not a database at all\n'.repeat(500));
    expect(() => openSqliteStore({ path, open: sqlite, onEvent: () => undefined, setAside: false })).toThrow(
      StoreFailure,
    );
    expect(readdirSync(join(root, 'state'))).toEqual(['knockwatch.db']);
  });

  it('two in one second get two names', () => {
    mkdirSync(join(root, 'state'), { mode: 0o700 });
    for (let i = 0; i < 2; i++) {
      writeFileSync(path, 'garbage '.repeat(2_000));
      openStore().close();
    }
    expect(readdirSync(join(root, 'state')).filter((name) => name.includes('.db.bad.'))).toHaveLength(2);
  });
});

describe('damage inside', () => {
  it('a record that can not be read is skipped and said, the others stay', () => {
    const store = openStore();
    for (const id of ['i1', 'i2']) store.saveIncident(incident(id, { state: 'closed' }));
    store.accept(
      [],
      [
        { alert: alert('a1'), channel: 'mail' },
        { alert: alert('a2'), channel: 'mail' },
      ],
      NOW,
    );
    store.close();
    const db = sqlite(path);
    db.exec(
      "UPDATE incidents SET body = substr(body, 1, 40) WHERE id = 'i1'; UPDATE outbox SET entry = '[]' WHERE alert_id = 'a1'",
    );
    db.close();
    const again = openStore();
    expect(again.incidents().map(({ id }) => id)).toEqual(['i2']);
    expect(again.outbox().map(({ alert: { id } }) => id)).toEqual(['a2']);
    expect(events.map(({ because }) => because)).toEqual([
      'the alert a1 for mail can not be read',
      '1 incidents can not be read',
    ]);
    again.close();
  });

  /** Three alerts and their incidents on the disk, most of it still in the write-ahead log: the files as a crash leaves them. */
  function crashed(): { readonly db: Buffer; readonly wal: Buffer; readonly lastCommit: number } {
    const store = openStore();
    for (const id of ['a1', 'a2'])
      store.accept(
        [incident(id)],
        [{ alert: alert(id, 'high', { incidentIds: [id] }), channel: 'mail' }],
        NOW,
      );
    const lastCommit = statSync(`${path}-wal`).size;
    store.accept(
      [incident('a3')],
      [{ alert: alert('a3', 'high', { incidentIds: ['a3'] }), channel: 'mail' }],
      NOW,
    );
    const files = { db: readFileSync(path), wal: readFileSync(`${path}-wal`), lastCommit };
    store.close();
    return files;
  }

  /** What a damaged file gives, or undefined when it says that it is damaged: then it is set aside. */
  function readable<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      expect(error).toBeInstanceOf(StoreFailure);
      expect((error as StoreFailure).corrupt).toBe(true);
      return undefined;
    }
  }

  function lay(db: Buffer, wal: Buffer): void {
    for (const name of readdirSync(join(root, 'state')))
      rmSync(join(root, 'state', name), { recursive: true });
    writeFileSync(path, db, { mode: 0o600 });
    writeFileSync(`${path}-wal`, wal, { mode: 0o600 });
    events = [];
  }

  it('C3: the last commit, cut at every octet of its frame headers and at every 64th of its pages, is there as a whole or not at all, and what was before it always', async () => {
    const { db, wal, lastCommit } = crashed();
    const found = new Set<string>();
    let opens = 0;
    for (let length = lastCommit; length <= wal.length; length++) {
      const inFrame = (length - WAL_HEADER) % (FRAME_HEADER + PAGE);
      if (inFrame > FRAME_HEADER + 1 && inFrame < FRAME_HEADER + PAGE - 1 && inFrame % 64 !== 0) continue;
      if (++opens % MANY === 0) await collect();
      lay(db, wal.subarray(0, length));
      const opened = sqlite(path);
      const ids = opened
        .prepare('SELECT alert_id AS id FROM outbox ORDER BY seq')
        .all()
        .map(({ id }) => id);
      const incidents = opened
        .prepare('SELECT id FROM incidents ORDER BY id')
        .all()
        .map(({ id }) => id);
      opened.close();
      expect(incidents, `cut at ${length}`).toEqual(ids);
      found.add(ids.join(' '));
    }
    expect([...found]).toEqual(['a1 a2', 'a1 a2 a3']);
    // And as the daemon opens it, which says nothing of a commit that never was.
    for (const length of [lastCommit, lastCommit + 1, lastCommit + 24, wal.length - 1, wal.length]) {
      lay(db, wal.subarray(0, length));
      const store = openStore();
      expect(
        store
          .outbox()
          .map((entry) => entry.alert.id)
          .slice(0, 2),
      ).toEqual(['a1', 'a2']);
      expect(kinds()).toEqual([]);
      store.close();
    }
  }, 60_000);

  it('C4: a thousand flipped bits: what is read is what was written, and what is missing is said', async () => {
    openStore().close();
    const store = openStore();
    for (const id of ['a1', 'a2', 'a3'])
      store.accept(
        [incident(id)],
        [{ alert: alert(id, 'high', { incidentIds: [id] }), channel: 'mail' }],
        NOW,
      );
    const wanted = new Map(store.outbox().map((entry) => [entry.alert.id, entry]));
    const story = incident('a1');
    store.close();
    const whole = readFileSync(path);
    let random = 1;
    let damaged = 0;
    for (let i = 0; i < 1_000; i++) {
      if (i % MANY === 0) await collect();
      random = (random * 48_271) % 2_147_483_647;
      const changed = Buffer.from(whole);
      const at = random % whole.length;
      changed[at] = changed[at]! ^ (1 << (i % 8));
      lay(changed, Buffer.alloc(0));
      const again = openStore();
      const where = `octet ${at}, bit ${i % 8}`;
      const read = [again.outbox(), readable(() => again.incidents())] as const;
      for (const entry of read[0]) expect(entry, where).toEqual(wanted.get(entry.alert.id));
      for (const each of read[1] ?? []) expect({ ...each, id: 'a1' }, where).toEqual(story);
      if (read[0].length < 3 || (read[1] !== undefined && read[1].length < 3)) {
        damaged++;
        expect(events, where).not.toEqual([]);
      }
      again.abandon();
    }
    expect(damaged).toBeGreaterThan(50);
  }, 60_000);

  it('a file removed while open is a failure, not silence', () => {
    const store = openStore();
    rmSync(path);
    store.appendHit(hit(NOW));
    expect(() => store.flush()).toThrow('was removed or replaced');
    expect(() => store.accept([incident('i1')], [], NOW)).toThrow(StoreFailure);
    store.abandon();
  });
});

describe('migrate()', () => {
  const database = () => {
    const db = sqlite(join(root, 'm.db'));
    return db;
  };

  it('applies what is missing, in order, once', () => {
    const db = database();
    migrate(db, ['CREATE TABLE a (x)']);
    migrate(db, ['CREATE TABLE a (x)', 'ALTER TABLE a ADD COLUMN y', 'INSERT INTO a VALUES (1, 2)']);
    migrate(db, ['CREATE TABLE a (x)', 'ALTER TABLE a ADD COLUMN y', 'INSERT INTO a VALUES (1, 2)']);
    expect(db.prepare('SELECT * FROM a').all()).toHaveLength(1);
    expect(db.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 3 });
    db.close();
  });

  it('does nothing when one step fails', () => {
    const db = database();
    expect(() => migrate(db, ['CREATE TABLE a (x)', 'NONSENSE'])).toThrow();
    expect(db.prepare('SELECT count(*) AS n FROM sqlite_master').get()).toMatchObject({ n: 0 });
    db.close();
  });

  it('refuses what it does not know', () => {
    const db = database();
    migrate(db, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)']);
    expect(() => migrate(db, ['CREATE TABLE a (x)'])).toThrow(ForeignStore);
    db.close();
  });
});

describe('StoreOutbox', () => {
  it('speaks the notifier’s outbox', async () => {
    const store = openStore();
    const outbox: Outbox = new StoreOutbox(store, () => NOW);
    expect(await outbox.put(alert('a1'), 'mail', NOW)).toEqual({ kind: 'stored' });
    expect(await outbox.list('mail')).toHaveLength(1);
    expect((await outbox.due('mail', NOW))?.alert.id).toBe('a1');
    await outbox.release('a1', 'mail');
    expect(await outbox.nextDueMs('mail')).toBe(NOW);
    await outbox.retryAt('a1', 'mail', NOW + 1, 'later');
    await outbox.dead('a1', 'mail', 'no');
    expect(await outbox.deadLetters()).toMatchObject([{ because: 'no', attempts: 2 }]);
    await outbox.put(alert('a2'), 'mail', NOW);
    await outbox.delivered('a2', 'mail');
    expect(await outbox.list()).toEqual([]);
    store.close();
  });
});
