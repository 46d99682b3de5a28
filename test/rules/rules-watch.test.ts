import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RulesWatch, type RulesWatchOptions } from '../../src/rules/rules-watch.ts';
import { until } from '../support/net-sockets.ts';

let dir: string;
let changes: number;
const watches: RulesWatch[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'knockwatch-watch-'));
  changes = 0;
  writeFileSync(join(dir, 'a.yaml'), 'rules: []\n');
});
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function watch(
  path = dir,
  options: RulesWatchOptions = { debounceMs: 200, pollMs: 60_000 },
): Promise<void> {
  const started = new RulesWatch(path, () => changes++, options);
  watches.push(started);
  await started.start();
}

/** Long enough for a change that was told twice to be told twice. */
const settled = () => sleep(600);

describe('RulesWatch', () => {
  it('tells of a file that is written in three steps once, after the last', async () => {
    await watch();
    for (const text of ['ru', 'rules', 'rules: []\n#\n']) {
      writeFileSync(join(dir, 'a.yaml'), text);
      await sleep(50);
      expect(changes).toBe(0);
    }
    expect(await until(() => changes > 0)).toBe(true);
    await settled();
    expect(changes).toBe(1);
  });

  it('tells of an editor that renames its copy into place once', async () => {
    await watch();
    writeFileSync(join(dir, '.a.yaml.swp'), 'x');
    writeFileSync(join(dir, 'a.yaml~'), 'x');
    renameSync(join(dir, '.a.yaml.swp'), join(dir, 'a.yaml'));
    expect(await until(() => changes > 0)).toBe(true);
    await settled();
    expect(changes).toBe(1);
  });

  it('tells of a hundred saves in a second once, when they are over', async () => {
    await watch();
    for (let i = 0; i < 100; i++) {
      writeFileSync(join(dir, 'a.yaml'), `rules: [] # ${i}\n`);
      await sleep(10);
    }
    expect(changes).toBe(0);
    expect(await until(() => changes > 0)).toBe(true);
    await settled();
    expect(changes).toBe(1);
  });

  it('tells of a file that comes, one that goes, and nothing of files that are no rules', async () => {
    await watch();
    writeFileSync(join(dir, 'README'), 'x');
    writeFileSync(join(dir, '.hidden.yaml'), 'x');
    await settled();
    expect(changes).toBe(0);
    writeFileSync(join(dir, 'b.yml'), 'rules: []\n');
    expect(await until(() => changes === 1)).toBe(true);
    rmSync(join(dir, 'b.yml'));
    expect(await until(() => changes === 2)).toBe(true);
  });

  it('tells of a link that is switched to other files, as mounted configuration is', async () => {
    for (const version of ['1', '2']) {
      mkdirSync(join(dir, `..${version}`));
      writeFileSync(join(dir, `..${version}`, 'b.yaml'), `rules: [] # ${version}\n`);
    }
    symlinkSync('..1', join(dir, '..data'));
    symlinkSync('..data/b.yaml', join(dir, 'b.yaml'));
    await watch();
    symlinkSync('..2', join(dir, '..new'));
    renameSync(join(dir, '..new'), join(dir, '..data'));
    expect(await until(() => changes === 1)).toBe(true);
  });

  it('watches one file by itself, and what else happens beside it does not keep it waiting', async () => {
    await watch(join(dir, 'a.yaml'));
    const noise = setInterval(() => writeFileSync(join(dir, 'router.log'), String(Math.random())), 20);
    writeFileSync(join(dir, 'a.yaml'), 'rules: [] # new\n');
    expect(await until(() => changes === 1)).toBe(true);
    clearInterval(noise);
  });

  it('finds by looking what no event tells: a directory that was put in the place of the old one', async () => {
    await watch(dir, { debounceMs: 50, pollMs: 100 });
    renameSync(dir, `${dir}.old`);
    mkdirSync(dir);
    writeFileSync(join(dir, 'a.yaml'), 'rules: [] # other\n');
    expect(await until(() => changes >= 1)).toBe(true);
    const before = changes;
    writeFileSync(join(dir, 'a.yaml'), 'rules: [] # third\n');
    expect(await until(() => changes > before)).toBe(true);
    rmSync(`${dir}.old`, { recursive: true });
  });

  it('survives that there is nothing to watch, and tells when there is', async () => {
    const later = join(dir, 'later', 'rules');
    await watch(later, { debounceMs: 50, pollMs: 100 });
    mkdirSync(later, { recursive: true });
    writeFileSync(join(later, 'a.yaml'), 'rules: []\n');
    expect(await until(() => changes >= 1)).toBe(true);
  });

  it('tells nothing after stop', async () => {
    await watch();
    for (const one of watches) one.stop();
    writeFileSync(join(dir, 'a.yaml'), 'rules: [] # new\n');
    utimesSync(join(dir, 'a.yaml'), 1, 1);
    await settled();
    expect(changes).toBe(0);
  });
});
