import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveOptions, EvidenceArchive } from '../../src/store/archive.ts';
import { type ArchiveRecord, GENESIS, rawBytes } from '../../src/store/archive-record.ts';
import { verifyArchive } from '../../src/store/archive-verify.ts';
import type { StoreEvent } from '../../src/store/store.ts';
import type { Frame } from '../../src/types.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const DAY_MS = 86_400_000;

let directory: string;
let events: StoreEvent[];

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'kw-archive-')), 'evidence');
  events = [];
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

function frame(text: string | Buffer, receivedAtMs = NOON): Frame {
  return {
    bytes: Buffer.from(text as string),
    receivedAtMs,
    peer: { address: '192.0.2.1', port: 514 },
    transport: 'udp',
  };
}

function openArchive(options: Partial<ArchiveOptions> = {}): Promise<EvidenceArchive> {
  return EvidenceArchive.open({
    directory,
    onEvent: (event) => events.push(event),
    now: () => NOON,
    flushMs: 60_000,
    retryMs: 60_000,
    ...options,
  });
}

async function write(texts: readonly string[], atMs = NOON): Promise<void> {
  const archive = await openArchive();
  for (const text of texts) archive.append(frame(text, atMs));
  await archive.close();
}

function file(name = 'evidence-2026-11-23.jsonl'): string {
  return join(directory, name);
}

function records(path = file()): ArchiveRecord[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const kinds = () => events.map(({ kind }) => kind);

describe('what is written', () => {
  it('append() keeps octets, receipt time, sender and transport, chained from the beginning', async () => {
    const archive = await openArchive();
    archive.append(frame('<190>denied tcp 198.51.100.7'), 'abc123');
    archive.append(frame(Buffer.from([0xff, 0xfe, 0x41]), NOON + 5));
    await archive.close();
    const [first, second] = records();
    expect(first).toEqual({
      seq: 1,
      receivedAt: '2026-11-23T12:00:00.000Z',
      sender: '192.0.2.1',
      port: 514,
      transport: 'udp',
      raw: '<190>denied tcp 198.51.100.7',
      incident: 'abc123',
      prev: GENESIS,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(second).toMatchObject({ seq: 2, rawBase64: '//5B', prev: first!.sha256 });
    expect(second).not.toHaveProperty('raw');
  });

  it.each([
    ['NUL, ESC and line ends', 'a\0\x1b[2Jb\r\n\u2028c'],
    ['a byte order mark', '\ufeffx'],
    ['bidi controls', 'a\u202eb'],
    ['nothing', ''],
  ])('append() gives back the octets of %s and shows none of them raw', async (_what, text) => {
    await write([text]);
    expect(readFileSync(file(), 'utf8')).toMatch(/^[\x20-\x7e]+\n$/);
    expect(rawBytes(records()[0]!)).toEqual(Buffer.from(text));
  });

  it('is checked with nothing but sed and sha256sum', async () => {
    await write(['one', 'two']);
    for (const line of readFileSync(file(), 'utf8').trimEnd().split('\n')) {
      const stated = /"sha256":"([0-9a-f]+)"\}$/.exec(line)![1];
      const open = line.replace(/,"sha256":"[0-9a-f]*"\}$/, '}');
      expect(createHash('sha256').update(open).digest('hex')).toBe(stated);
    }
  });

  it.each([0o000, 0o077])('makes directory and file private under umask %o', async (mask) => {
    const before = process.umask(mask);
    try {
      await write(['x']);
    } finally {
      process.umask(before);
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('says that others may look into a directory that was there, and leaves its mode alone', async () => {
    mkdirSync(directory, { mode: 0o755, recursive: true });
    await write(['x']);
    expect(kinds()).toEqual(['directory-exposed']);
    expect(statSync(directory).mode & 0o777).toBe(0o755);
  });
});

describe('days', () => {
  it('begins a file a UTC day and compresses the closed one; the chain goes on', async () => {
    const archive = await openArchive();
    archive.append(frame('monday', NOON));
    archive.append(frame('tuesday', NOON + DAY_MS));
    await archive.flush();
    await archive.compressed();
    await archive.close();
    expect(readdirSync(directory).sort()).toEqual([
      'evidence-2026-11-23.jsonl.gz',
      'evidence-2026-11-24.jsonl',
    ]);
    expect(statSync(file('evidence-2026-11-23.jsonl.gz')).mode & 0o777).toBe(0o600);
    expect(gunzipSync(readFileSync(file('evidence-2026-11-23.jsonl.gz'))).toString()).toContain('monday');
    const verified = await verifyArchive(directory);
    expect(verified).toMatchObject({ records: 2, brokenCount: 0, last: { seq: 2, raw: 'tuesday' } });
  });

  it('does not open and close files for lines that arrive a little late around midnight', async () => {
    const midnight = Date.parse('2026-11-24T00:00:00Z');
    const archive = await openArchive();
    for (const offset of [-2, 1, -1, 2]) archive.append(frame(`at ${offset}`, midnight + offset));
    await archive.close();
    expect(readdirSync(directory).filter((name) => name.includes('-24'))).toEqual([
      'evidence-2026-11-24.jsonl',
    ]);
    expect(records(file('evidence-2026-11-24.jsonl')).map(({ raw }) => raw)).toEqual([
      'at 1',
      'at -1',
      'at 2',
    ]);
  });

  it('opens another part of a day when the clock was set back; the order of records is kept', async () => {
    const archive = await openArchive();
    for (const [text, ms] of [
      ['a', NOON],
      ['b', NOON + 10 * DAY_MS],
      ['c', NOON + 1],
    ] as const) {
      archive.append(frame(text, ms));
      await archive.flush();
      await archive.compressed();
    }
    await archive.close();
    expect(readdirSync(directory)).toContain('evidence-2026-11-23.2.jsonl');
    expect(await verifyArchive(directory)).toMatchObject({ records: 3, brokenCount: 0, last: { raw: 'c' } });
  });

  it('goes on after a restart, also when the newest day was compressed already', async () => {
    const first = await openArchive();
    first.append(frame('a', NOON));
    first.append(frame('b', NOON + DAY_MS));
    await first.flush();
    await first.compressed();
    await first.close();
    rmSync(file('evidence-2026-11-24.jsonl'));
    const second = await openArchive();
    expect(second.head).toMatchObject({ seq: 1 });
    await second.close();
  });

  it('compresses after a restart what was not compressed before, and removes half a compression', async () => {
    await write(['a'], NOON);
    await write(['b'], NOON + DAY_MS);
    writeFileSync(file('evidence-2026-11-23.jsonl.gz'), 'half');
    writeFileSync(file('evidence-2026-11-23.jsonl.gz.tmp'), 'half');
    const archive = await openArchive();
    await archive.compressed();
    await archive.close();
    expect(readdirSync(directory).sort()).toEqual([
      'evidence-2026-11-23.jsonl.gz',
      'evidence-2026-11-24.jsonl',
    ]);
    expect(await verifyArchive(directory)).toMatchObject({ records: 2, brokenCount: 0 });
  });

  it('retention() removes by age and by size, oldest first, never the file being written', async () => {
    const archive = await openArchive({ now: () => NOON + 5 * DAY_MS });
    for (let day = 0; day < 6; day++) archive.append(frame(`day ${day}`, NOON + day * DAY_MS));
    await archive.flush();
    expect(await archive.retention(3 * DAY_MS, 1e9)).toEqual([
      'evidence-2026-11-23.jsonl.gz',
      'evidence-2026-11-24.jsonl.gz',
    ]);
    expect(await archive.retention(30 * DAY_MS, 1)).toHaveLength(3);
    await archive.close();
    expect(readdirSync(directory)).toEqual(['evidence-2026-11-28.jsonl']);
    expect(await verifyArchive(directory)).toMatchObject({ records: 1, brokenCount: 0, first: { seq: 6 } });
  });
});

describe('a torn end', () => {
  it('the last record cut at every offset: every earlier record stays, the tail is kept aside, the chain goes on', async () => {
    await write(['first', 'second', 'third']);
    const whole = readFileSync(file());
    const lastStart = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (let length = lastStart; length <= whole.length; length++) {
      rmSync(directory, { recursive: true });
      mkdirSync(directory, { mode: 0o700 });
      writeFileSync(file(), whole.subarray(0, length), { mode: 0o600 });
      events = [];
      await write(['fourth']);
      const complete = length >= whole.length - 1;
      const torn = readdirSync(directory).filter((name) => name.includes('.torn.'));
      const verified = await verifyArchive(directory);
      expect(verified, `cut at ${length}`).toMatchObject({
        records: complete ? 4 : 3,
        brokenCount: 0,
        last: { raw: 'fourth' },
      });
      expect(kinds(), `cut at ${length}`).toEqual(complete || length === lastStart ? [] : ['archive-torn']);
      if (torn[0] !== undefined)
        expect(readFileSync(file(torn[0]))).toEqual(whole.subarray(lastStart, length));
      expect(torn.length).toBe(complete || length === lastStart ? 0 : 1);
    }
  });

  it.each([
    ['zeros', Buffer.alloc(5000)],
    ['another format', Buffer.from('{"version":2,"text":"x"}\n'.repeat(20))],
    ['noise', Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919) % 251))],
  ])('a file of %s is set aside whole and the chain goes on after the day before', async (_what, content) => {
    await write(['sound'], NOON - DAY_MS);
    writeFileSync(file(), content);
    await write(['next']);
    expect(kinds()).toEqual(['archive-damaged']);
    const aside = readdirSync(directory).find((name) => name.includes('.bad.'));
    expect(readFileSync(file(aside))).toEqual(content);
    expect(await verifyArchive(directory)).toMatchObject({ records: 2, brokenCount: 0 });
  });

  it('an empty file and a directory in its place do not stop it', async () => {
    mkdirSync(join(directory, 'evidence-2026-11-23.jsonl'), { recursive: true, mode: 0o700 });
    writeFileSync(file('evidence-2026-11-22.jsonl'), '');
    await write(['next']);
    expect(kinds()).toContain('archive-damaged');
    expect(records()).toHaveLength(1);
  });

  it('a symbolic link in its place is moved away, not followed', async () => {
    mkdirSync(directory, { mode: 0o700 });
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, file());
    await write(['next']);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(kinds()).toContain('archive-damaged');
  });
});

describe('when the disk refuses', () => {
  /** Opens files whose n-th write or sync (from 1) fails, and those after it until `healed()`. */
  function failingDisk(nth: number, persistent: boolean) {
    let calls = 0;
    let healed = false;
    const refuse = () => {
      calls++;
      if (!healed && (persistent ? calls >= nth : calls === nth))
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    };
    return {
      heal: () => {
        healed = true;
      },
      open: async (path: string, flags: number, mode: number): Promise<FileHandle> => {
        refuse();
        const handle = await open(path, flags, mode);
        const realWrite = handle.write as (
          ...args: [Buffer, number, number, number]
        ) => ReturnType<FileHandle['write']>;
        const { datasync } = handle;
        handle.write = (async (buffer: Buffer, offset: number, length: number, position: number) => {
          const half = Math.floor(length / 2);
          if (half > 0) await realWrite.call(handle, buffer, offset, half, position);
          refuse();
          return realWrite.call(handle, buffer, offset, length, position);
        }) as FileHandle['write'];
        handle.datasync = async () => {
          refuse();
          await datasync.call(handle);
        };
        return handle;
      },
    };
  }

  it.each([true, false])(
    'failing at the n-th call, n = 1..40 (for good until healed: %s), loses and doubles nothing',
    async (persistent) => {
      for (let nth = 1; nth <= 40; nth++) {
        rmSync(directory, { recursive: true, force: true });
        events = [];
        const disk = failingDisk(nth, persistent);
        const archive = await openArchive({ open: disk.open });
        for (let i = 0; i < 12; i++) {
          archive.append(frame(`line ${i}`, NOON + (i > 8 ? DAY_MS : 0)));
          await archive.flush();
        }
        disk.heal();
        await archive.close();
        const verified = await verifyArchive(directory);
        expect(verified, `failing at call ${nth}`).toMatchObject({
          records: 12,
          brokenCount: 0,
          last: { raw: 'line 11' },
        });
        if (events.length > 0) expect(kinds()).toEqual(['archive-failing', 'archive-recovered']);
      }
    },
  );

  it('says so once, drops over its bound with a count, and notes the gap in the archive', async () => {
    const disk = failingDisk(1, true);
    const archive = await openArchive({ open: disk.open, maxPendingBytes: 2000 });
    for (let i = 0; i < 50; i++) archive.append(frame(`line ${i} ${'x'.repeat(100)}`));
    await archive.flush();
    await archive.flush();
    expect(archive.counters).toMatchObject({ written: 0, dropped: 45, failing: 'ENOSPC: no space left' });
    expect(kinds()).toEqual(['archive-failing']);
    disk.heal();
    await archive.flush();
    archive.append(frame('after'));
    await archive.close();
    expect(kinds()).toEqual(['archive-failing', 'archive-recovered']);
    const all = records();
    expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(all[5]!.note).toBe('45 frames are missing here: the disk did not take them in time');
    expect(await verifyArchive(directory)).toMatchObject({ brokenCount: 0 });
  });

  it('says at the end what could not be written', async () => {
    const archive = await openArchive({ open: failingDisk(1, true).open });
    archive.append(frame('lost'));
    await archive.close();
    expect(events.at(-1)?.because).toBe('1 records were not written: ENOSPC: no space left');
  });

  it('makes the directory again when it was removed while running', async () => {
    const archive = await openArchive();
    archive.append(frame('one'));
    await archive.flush();
    rmSync(directory, { recursive: true });
    archive.append(frame('two'));
    await archive.close();
    expect(kinds()).toEqual(['archive-damaged']);
    expect(records()).toMatchObject([{ seq: 2, raw: 'two' }]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('waits for a directory that can not be made, then writes what waited', async () => {
    const parent = join(directory, '..');
    rmSync(parent, { recursive: true });
    writeFileSync(parent, 'a file where the parent should be');
    const archive = await openArchive();
    archive.append(frame('patient'));
    await archive.flush();
    expect(archive.counters.failing).toBeDefined();
    rmSync(parent);
    mkdirSync(parent);
    await archive.close();
    expect(records()).toMatchObject([{ seq: 1, raw: 'patient' }]);
    expect(kinds()).toEqual(['archive-failing', 'archive-recovered']);
  });
});

describe('misuse', () => {
  it('append() throws after close()', async () => {
    const archive = await openArchive();
    await archive.close();
    await archive.close();
    expect(() => archive.append(frame('x'))).toThrow('the archive is closed');
  });

  it('a foreign line at the end is set aside', async () => {
    await write(['one']);
    appendFileSync(file(), 'hello\n');
    await write(['two']);
    expect(kinds()).toEqual(['archive-torn']);
    expect(records()).toHaveLength(2);
  });
});
