import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EvidenceArchive } from '../../src/store/archive.ts';
import { exportArchive } from '../../src/store/archive-export.ts';
import { verifyArchive } from '../../src/store/archive-verify.ts';

const NOON = Date.parse('2025-11-23T12:00:00Z');
const DAY_MS = 86_400_000;

let root: string;
let directory: string;
let tar: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'kw-export-'));
  directory = join(root, 'evidence');
  tar = join(root, 'out.tar');
  const archive = await EvidenceArchive.open({ directory, onEvent: () => undefined, flushMs: 60_000 });
  for (let i = 0; i < 40; i++) {
    archive.append({
      bytes: Buffer.from(`line ${i + 1} ${'y'.repeat(i * 10)}`),
      receivedAtMs: NOON + Math.floor(i / 10) * DAY_MS,
      peer: { address: '192.0.2.1', port: 514 },
      transport: 'udp',
    });
  }
  await archive.flush();
  await archive.compressed();
  await archive.close();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function unpack(): string {
  const into = join(root, 'unpacked');
  mkdirSync(into);
  execFileSync('tar', ['-xf', tar, '-C', into]);
  return into;
}

describe('exportArchive()', () => {
  it('refuses a period without records and leaves no file', async () => {
    await expect(exportArchive(directory, '2020-01-01', '2020-12-31', tar)).rejects.toThrow(
      'no file from 2020-01-01',
    );
    expect(existsSync(tar)).toBe(false);
  });

  it('does not overwrite', async () => {
    writeFileSync(tar, 'precious');
    await expect(exportArchive(directory, '2025-11-23', '2025-11-24', tar)).rejects.toThrow('EEXIST');
    expect(readFileSync(tar, 'utf8')).toBe('precious');
  });

  it('writes a tar that tar unpacks, sha256sum checks and verifyArchive() proves', async () => {
    const result = await exportArchive(directory, '2025-11-24', '2025-11-26', tar);
    expect(result.members).toEqual([
      'README.txt',
      'evidence-2025-11-24.jsonl.gz',
      'evidence-2025-11-25.jsonl.gz',
      'evidence-2025-11-26.jsonl',
      'SHA256SUMS',
    ]);
    expect(result.sha256).toBe(createHash('sha256').update(readFileSync(tar)).digest('hex'));
    expect(result.bytes).toBe(statSync(tar).size);
    expect(statSync(tar).mode & 0o777).toBe(0o600);
    const into = unpack();
    expect(readdirSync(into).sort()).toEqual([...result.members].sort());
    expect(execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: into, encoding: 'utf8' })).toMatch(
      /evidence-2025-11-26.jsonl: OK/,
    );
    expect(await verifyArchive(into)).toMatchObject({
      records: 30,
      first: { seq: 11 },
      last: { seq: 40 },
      brokenCount: 0,
    });
  });

  it('leaves out a record that is just being written', async () => {
    appendFileSync(join(directory, 'evidence-2025-11-26.jsonl'), '{"seq":41,"rec');
    await exportArchive(directory, '2025-11-26', '2025-11-26', tar);
    expect(await verifyArchive(unpack())).toMatchObject({ records: 10, brokenCount: 0 });
  });

  it('tells how one record is checked without this program, and that works', async () => {
    await exportArchive(directory, '2025-11-26', '2025-11-26', tar);
    const into = unpack();
    const recipe = /^Check one record: {4}(.*)$/m.exec(readFileSync(join(into, 'README.txt'), 'utf8'))![1]!;
    const command = recipe.replace('FILE', 'evidence-2025-11-26.jsonl');
    const sum = execFileSync('sh', ['-c', command], { cwd: into, encoding: 'utf8' }).slice(0, 64);
    const line = readFileSync(join(into, 'evidence-2025-11-26.jsonl'), 'utf8').split('\n')[6]!;
    expect(JSON.parse(line).sha256).toBe(sum);
  });
});
