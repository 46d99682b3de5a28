import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EvidenceArchive } from '../../src/store/archive.ts';
import type { ChainHead } from '../../src/store/archive-record.ts';
import { verifyArchive } from '../../src/store/archive-verify.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const DAY_MS = 86_400_000;

let directory: string;
let head: ChainHead;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kw-verify-'));
  const archive = await EvidenceArchive.open({ directory, onEvent: () => undefined, flushMs: 60_000 });
  for (let i = 0; i < 20; i++) {
    archive.append({
      bytes: Buffer.from(`line ${i + 1}`),
      receivedAtMs: NOON + (i >= 10 ? DAY_MS : 0),
      peer: { address: '192.0.2.1', port: 514 },
      transport: 'udp',
    });
  }
  await archive.flush();
  await archive.compressed();
  head = archive.head;
  await archive.close();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const today = () => join(directory, 'evidence-2026-11-24.jsonl');
const yesterday = () => join(directory, 'evidence-2026-11-23.jsonl.gz');
const lines = () => readFileSync(today(), 'utf8').trimEnd().split('\n');
const rewrite = (changed: readonly string[]) => writeFileSync(today(), `${changed.join('\n')}\n`);

describe('verifyArchive()', () => {
  it('has nothing to say about an archive that is as it was written', async () => {
    expect(await verifyArchive(directory, '', '9999', head)).toMatchObject({
      files: ['evidence-2026-11-23.jsonl.gz', 'evidence-2026-11-24.jsonl'],
      records: 20,
      first: { seq: 1 },
      last: { seq: 20 },
      broken: [],
      brokenCount: 0,
    });
  });

  it('takes a directory without an archive for an empty one', async () => {
    expect(await verifyArchive(join(directory, 'nowhere'))).toEqual({
      files: [],
      records: 0,
      broken: [],
      brokenCount: 0,
    });
  });

  it('looks at the days asked for only', async () => {
    expect(await verifyArchive(directory, '2026-11-24')).toMatchObject({
      records: 10,
      first: { seq: 11 },
      brokenCount: 0,
    });
    expect(await verifyArchive(directory, '', '2026-11-23')).toMatchObject({
      records: 10,
      last: { seq: 10 },
    });
  });

  it('names exactly the one record a flipped bit is in, wherever it is', async () => {
    const whole = readFileSync(today());
    const from = whole.indexOf(10) + 1;
    const to = whole.indexOf(10, from);
    for (let at = from; at < to; at++) {
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ 1;
      if (changed[at] === 10) continue;
      writeFileSync(today(), changed);
      const result = await verifyArchive(directory);
      expect(result.broken[0], `byte ${at}`).toMatchObject({ file: 'evidence-2026-11-24.jsonl', line: 2 });
      expect(result, `byte ${at}`).toMatchObject({ brokenCount: 1, records: 19, last: { seq: 20 } });
    }
  });

  it('names a record that was changed and sealed again by the one that follows', async () => {
    const { sealRecord } = await import('../../src/store/archive-record.ts');
    const changed = lines();
    const { seq: _seq, prev, sha256: _sha, ...body } = JSON.parse(changed[4]!);
    changed[4] = sealRecord({ ...body, raw: 'nothing happened' }, { seq: 14, sha256: prev })
      .line.toString()
      .trimEnd();
    rewrite(changed);
    expect((await verifyArchive(directory)).broken).toEqual([
      {
        file: 'evidence-2026-11-24.jsonl',
        line: 6,
        seq: 16,
        because: 'it does not follow the record before it',
      },
    ]);
  });

  it.each([
    [
      'removed',
      (all: string[]) => all.splice(3, 1),
      { line: 4, seq: 15, because: 'record 14 is missing before it' },
    ],
    [
      'removed in a row',
      (all: string[]) => all.splice(3, 3),
      { line: 4, seq: 17, because: 'records 14 to 16 are missing before it' },
    ],
    [
      'doubled',
      (all: string[]) => all.splice(3, 0, all[2]!),
      { line: 4, seq: 13, because: 'record 13 comes again after 13' },
    ],
    ['turned to text', (all: string[]) => all.splice(3, 1, 'hello'), { line: 4, because: 'not a record' }],
  ])('names the place where a record was %s', async (_what, change, expected) => {
    const all = lines();
    change(all);
    rewrite(all);
    const result = await verifyArchive(directory);
    expect(result.broken[0]).toEqual({ file: 'evidence-2026-11-24.jsonl', ...expected });
    expect(result.brokenCount).toBe(1);
  });

  it('names a whole day that is gone by the gap it leaves', async () => {
    await later('record 21', NOON + 2 * DAY_MS);
    rmSync(join(directory, 'evidence-2026-11-24.jsonl.gz'));
    expect((await verifyArchive(directory)).broken).toEqual([
      {
        file: 'evidence-2026-11-25.jsonl',
        line: 1,
        seq: 21,
        because: 'records 11 to 20 are missing before it',
      },
    ]);
  });

  it('notices a cut end only by the known head', async () => {
    rewrite(lines().slice(0, -2));
    expect(await verifyArchive(directory)).toMatchObject({ brokenCount: 0 });
    const { broken } = await verifyArchive(directory, '', '9999', head);
    expect(broken).toEqual([
      { file: 'the end of the archive', seq: 20, because: 'record 20 was written and is not here' },
    ]);
    expect(await verifyArchive(directory, '', '9999', { seq: 12, sha256: 'f'.repeat(64) })).toMatchObject({
      brokenCount: 1,
    });
  });

  it('reads a damaged compressed file as far as it goes and says where it stopped', async () => {
    const whole = readFileSync(yesterday());
    writeFileSync(yesterday(), whole.subarray(0, whole.length - 30));
    const result = await verifyArchive(directory);
    expect(result.broken[0]).toMatchObject({ file: 'evidence-2026-11-23.jsonl.gz' });
    expect(result.broken[0]!.because).toContain('can not be read to its end');
    expect(result.last?.seq).toBe(20);
  });

  it('is not blown up by a line without end, compressed or not', async () => {
    writeFileSync(yesterday(), gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x41)));
    appendFileSync(today(), 'x'.repeat(3 * 1024 * 1024));
    const result = await verifyArchive(directory);
    expect(result.broken.map(({ because }) => because)).toEqual([
      'longer than any record (the last line has no end)',
      'longer than any record (the last line has no end)',
    ]);
    expect(result.records).toBe(10);
  });

  it('keeps a bounded list of faults and counts them all', async () => {
    appendFileSync(today(), 'x\n'.repeat(500));
    const result = await verifyArchive(directory);
    expect(result.broken).toHaveLength(100);
    expect(result.brokenCount).toBe(500);
  });
});

async function later(text: string, receivedAtMs: number): Promise<void> {
  const archive = await EvidenceArchive.open({ directory, onEvent: () => undefined });
  archive.append({
    bytes: Buffer.from(text),
    receivedAtMs,
    peer: { address: '192.0.2.1' },
    transport: 'tcp',
  });
  await archive.flush();
  await archive.compressed();
  await archive.close();
}
