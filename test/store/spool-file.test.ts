import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpoolFile } from '../../src/store/spool-file.ts';

/** A disk with room for so many octets more, which may refuse to cut files too. */
const disk = vi.hoisted(() => ({ room: Number.POSITIVE_INFINITY, cuts: true }));
vi.mock(import('node:fs'), async (original) => {
  const fs = await original();
  const writeSync = (fd: number, bytes: Buffer, at: number) => {
    if (disk.room === 0) throw new Error('ENOSPC: no space left on device, write');
    const written = fs.writeSync(fd, bytes, at, Math.min(bytes.length - at, disk.room));
    disk.room -= written;
    return written;
  };
  const ftruncateSync: typeof fs.ftruncateSync = (fd, length) => {
    if (!disk.cuts) throw new Error('EIO: i/o error, ftruncate');
    fs.ftruncateSync(fd, length);
  };
  return { ...fs, writeSync: writeSync as typeof fs.writeSync, ftruncateSync };
});

describe('SpoolFile', () => {
  let dir: string;
  let faults: string[];
  const spool = (maxBytes = 1_000, directory = join(dir, 'state')) =>
    new SpoolFile(directory, join(directory, 'spool'), maxBytes, (because) => faults.push(because));
  const path = () => join(dir, 'state/spool');
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'knockwatch-spool-'));
    faults = [];
    Object.assign(disk, { room: Number.POSITIVE_INFINITY, cuts: true });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('gives the next process what was appended, and is readable by its owner only', () => {
    const before = spool();
    expect(before.append(['a', 'b'])).toBe(true);
    expect(before.append(['c'])).toBe(true);
    expect(spool().load()).toEqual(['a', 'b', 'c']);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    before.close();
    expect(faults).toEqual([]);
  });

  it('is empty after it was cleared, and before anything was appended', () => {
    expect(spool().load()).toEqual([]);
    expect(existsSync(path())).toBe(false);
    const file = spool();
    file.append(['a']);
    file.clear();
    file.append(['b']);
    expect(spool().load()).toEqual(['b']);
  });

  it('leaves out a last line that was cut off', () => {
    spool().append(['whole']);
    appendFileSync(path(), 'half a li');
    expect(spool().load()).toEqual(['whole']);
  });

  it('a line cut off by a full disk takes no other with it, and none of its batch is there', () => {
    const file = spool();
    file.append(['first']);
    disk.room = 9;
    expect(file.append(['whole', 'cut off'])).toBe(false);
    disk.room = Number.POSITIVE_INFINITY;
    expect([file.append(['second']), file.append(['third'])]).toEqual([true, true]);
    expect(spool().load()).toEqual(['first', 'second', 'third']);
    expect(faults).toEqual(['ENOSPC: no space left on device, write']);
  });

  it('a cut line that can not be taken back takes no other with it, nor does one that an earlier process was killed at', () => {
    const file = spool();
    file.append(['first']);
    Object.assign(disk, { room: 3, cuts: false });
    expect(file.append(['cut off'])).toBe(false);
    disk.room = Number.POSITIVE_INFINITY;
    expect(file.append(['second'])).toBe(true);
    appendFileSync(path(), 'kil');
    const next = spool();
    expect([next.append(['third']), next.append(['fourth'])]).toEqual([true, true]);
    expect(spool().load()).toEqual(['first', 'cut', 'second', 'kil', 'third', 'fourth']);
    next.append(['fifth']);
    disk.cuts = true;
    next.clear();
    next.append(['sixth']);
    expect(spool().load()).toEqual(['sixth']);
  });

  it('takes no more than its bound, over restarts', () => {
    expect(spool(10).append(['12345'])).toBe(true);
    const next = spool(10);
    expect(next.append(['12345'])).toBe(false);
    expect(next.append(['123'])).toBe(true);
    expect(spool(10).load()).toEqual(['12345', '123']);
  });

  it('does not read a file that is larger than its bound', () => {
    spool().append(['a']);
    writeFileSync(path(), 'x\n'.repeat(600));
    expect(spool().load()).toEqual([]);
    expect(faults[0]).toContain('larger than 1000 bytes');
  });

  it('reports a disk that fails once, and never throws', () => {
    const file = spool(1_000, '/proc/knockwatch');
    expect([file.append(['a']), file.append(['b'])]).toEqual([false, false]);
    file.clear();
    expect(faults).toHaveLength(1);
  });
});
