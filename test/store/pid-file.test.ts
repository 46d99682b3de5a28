import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { removePidFile, runningPid, writePidFile } from '../../src/store/pid-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-pid-'));
const path = join(dir, 'knockwatch.pid');
beforeEach(() => rmSync(path, { force: true }));
afterAll(() => rmSync(dir, { recursive: true }));

describe.runIf(existsSync('/proc/self/stat'))('runningPid()', () => {
  it('gives the process that wrote the file', () => {
    writePidFile(dir);
    expect(runningPid(dir)).toBe(process.pid);
    expect(readFileSync(path, 'utf8').split('\n')[0]).toBe(String(process.pid));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('gives nothing without a file, or for one that says nothing of use', () => {
    expect(runningPid(dir)).toBeUndefined();
    for (const text of [
      '',
      '\n',
      'x\ny\n',
      '-1\n1 x\n',
      '0\n\n',
      `${process.pid}\n`,
      `${process.pid}\n\n`,
      '99999999999\n1 x\n',
    ]) {
      writeFileSync(path, text);
      expect(runningPid(dir), JSON.stringify(text)).toBeUndefined();
    }
  });

  it('gives nothing for a process that has ended', () => {
    writePidFile(dir);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(path, readFileSync(path, 'utf8').replace(String(process.pid), String(pid)));
    expect(runningPid(dir)).toBeUndefined();
  });

  it('gives nothing for a stranger who was given the number since: a stale file signals nobody', () => {
    writePidFile(dir);
    const beginning = readFileSync(path, 'utf8').split('\n')[1]!;
    // Process 1 lives, but it did not begin when we did.
    writeFileSync(path, `1\n${beginning}\n`);
    expect(runningPid(dir)).toBeUndefined();
    // The same number and the same ticks, before the last boot.
    writeFileSync(
      path,
      `${process.pid}\n${beginning.replace(/ .*/, ' 00000000-0000-0000-0000-000000000000')}\n`,
    );
    expect(runningPid(dir)).toBeUndefined();
  });
});

describe.runIf(existsSync('/proc/self/stat'))('removePidFile()', () => {
  it('takes the own file away and leaves one of another process alone', () => {
    writePidFile(dir);
    removePidFile(dir);
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '1\n5 x\n');
    removePidFile(dir);
    expect(existsSync(path)).toBe(true);
  });
});
