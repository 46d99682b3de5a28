import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EvidenceRun, evidenceRun, ALL_LINES as LINES } from '../support/evidence-run.ts';

const TODAY = new Date().toISOString().slice(0, 10);

let run: EvidenceRun;
beforeAll(async () => {
  run = await evidenceRun();
}, 30_000);
afterAll(() => run?.remove());

const archive = (...args: string[]) => run.verb('archive', ...args);
const tar = (name: string) => join(run.dir, name);
const directory = () => join(run.stateDir, 'archive');

describe('knockwatch archive, misused', () => {
  it.each([
    [['export'], 'missing required argument'],
    [['export', 'x.tar', '--from', '2026-2-3'], 'write a day (UTC) like 2026-11-23'],
    [['export', 'x.tar', '--to', '2026-02-30'], 'write a day (UTC) like 2026-11-23'],
    [['export', 'x.tar', '--from', 'yesterday'], 'write a day (UTC) like 2026-11-23'],
    [['verify', '--from', '../..'], 'write a day (UTC) like 2026-11-23'],
    [['prove'], "unknown command 'prove'"],
  ])('%j ends with 2', async (args, because) => {
    const { exitCode, stdout, stderr } = await archive(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(because);
  });

  it('says so when there is nothing of that time, and leaves no file behind', async () => {
    const { exitCode, stderr } = await archive('export', tar('none.tar'), '--to', '2020-01-01');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('the archive has no file from 0000-00-00 to 2020-01-01');
    expect(readdirSync(run.dir)).not.toContain('none.tar');
  });

  it('never writes over a file', async () => {
    writeFileSync(tar('mine.tar'), 'mine');
    const { exitCode, stderr } = await archive('export', tar('mine.tar'));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('mine.tar exists already, and nothing is written over it');
    expect(readFileSync(tar('mine.tar'), 'utf8')).toBe('mine');
  });

  it('says so when there is no directory to write to', async () => {
    const { exitCode, stderr } = await archive('export', '/nope/x.tar');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('/nope/x.tar: there is no such directory'),
    });
  });

  it.each([['export', 'x.tar'], ['verify']])(
    '%s refuses a period that ends before it begins',
    async (...verb) => {
      const { exitCode, stderr } = await archive(...verb, '--from', '2021-01-01', '--to', '2020-01-01');
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringContaining('--from 2021-01-01 is after --to 2020-01-01'),
      });
    },
  );

  it('says so when the directory to verify is not there', async () => {
    const { exitCode, stderr } = await archive('verify', join(run.dir, 'nowhere'));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('there is no directory');
  });
});

describe('knockwatch archive, beside the running daemon', () => {
  it('verify proves the chain, and says how far it goes', async () => {
    const { exitCode, stdout, stderr } = await archive('verify');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        `^${LINES} sound records in 1 file, \\S+Z to \\S+Z, records 1 to ${LINES}\nnewest digest [0-9a-f]{64}\n$`,
      ),
    );
  });

  it('export makes a tar that others can check with tar and sha256sum', async () => {
    const { exitCode, stdout } = await archive('export', tar('case.tar'), '--from', TODAY, '--to', TODAY);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/case\.tar: 3 files, \d+ bytes, SHA-256 [0-9a-f]{64}\n$/);
    expect(statSync(tar('case.tar')).mode & 0o777).toBe(0o600);
    const unpacked = join(run.dir, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-xf', tar('case.tar'), '-C', unpacked]);
    expect(readdirSync(unpacked).sort()).toEqual(['README.txt', 'SHA256SUMS', `evidence-${TODAY}.jsonl`]);
    expect(spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: unpacked }).status).toBe(0);
    expect(await archive('verify', unpacked)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`${LINES} sound records in 1 file`),
    });
  });

  it('--json says the same to programs', async () => {
    const verified = JSON.parse((await archive('verify', '--json')).stdout);
    expect(verified).toMatchObject({
      records: LINES,
      first: { seq: 1 },
      last: { seq: LINES },
      broken: [],
      brokenCount: 0,
    });
    const exported = JSON.parse((await archive('export', tar('json.tar'), '--json')).stdout);
    expect(exported).toMatchObject({
      file: tar('json.tar'),
      members: expect.arrayContaining(['SHA256SUMS']),
    });
  });
});

describe('knockwatch archive verify, of a changed archive', () => {
  let name = '';
  let lines: string[] = [];
  beforeAll(async () => {
    await run.end();
    [name = ''] = readdirSync(directory());
    copyFileSync(join(directory(), name), tar('whole.jsonl'));
    lines = readFileSync(tar('whole.jsonl'), 'utf8').trimEnd().split('\n');
  });
  afterAll(() => copyFileSync(tar('whole.jsonl'), join(directory(), name)));
  const write = (changed: readonly string[]) =>
    writeFileSync(join(directory(), name), changed.map((line) => `${line}\n`).join(''));

  it('names a record in which one character was changed', async () => {
    write(lines.map((line, i) => (i === 6 ? line.replace('denied', 'Denied') : line)));
    const { exitCode, stderr } = await archive('verify');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`${name.replaceAll('.', '\\.')}:7 \\(record 7\\): the digest does not match`),
    );
    expect(stderr).toContain('1 place is not as it was written');
  });

  it('names a record that was taken out', async () => {
    write(lines.filter((_, i) => i !== 6));
    const { exitCode, stderr } = await archive('verify');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('record 7 is missing before it');
  });

  it('notices that the end was cut off, because the store knows how far it went', async () => {
    write(lines.slice(0, -2));
    const { exitCode, stderr } = await archive('verify');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      `the end of the archive (record ${LINES}): record ${LINES} was written and is not here`,
    );
    // Without the store nothing is missing: this is what the store is for.
    rmSync(join(run.stateDir, 'knockwatch.db'));
    expect((await archive('verify')).exitCode).toBe(0);
  });

  it('shows hostile text of a record as text', async () => {
    write(['{"seq":1,"receivedAt":"\x1b[2J","sha256":"0"}', ...lines.slice(1)]);
    const { stdout, stderr } = await archive('verify');
    expect(stdout + stderr).not.toMatch(/[\0-\x09\x0b-\x1f]/);
  });
});
