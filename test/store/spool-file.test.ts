import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpoolFile } from '../../src/store/spool-file.ts';

describe('SpoolFile', () => {
  let dir: string;
  let faults: string[];
  const spool = (maxBytes = 1_000, directory = join(dir, 'state')) =>
    new SpoolFile(directory, join(directory, 'spool'), maxBytes, (because) => faults.push(because));
  const path = () => join(dir, 'state/spool');
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'knockwatch-spool-'));
    faults = [];
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
