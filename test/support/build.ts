import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/*
 * Before the tests: dist is built when src is newer. Worker threads and child processes run from dist, because
 * Node 20 runs no TypeScript. Type errors do not stop it (tsc writes its output all the same, and
 * `npm run typecheck` is the gate for them); a build that wrote nothing does.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const STAMP = join(ROOT, 'dist/.built-for-tests');

export default function setup(): void {
  if (newestIn(join(ROOT, 'src')) < modifiedMs(STAMP)) return;
  const startedAt = new Date();
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const build = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: ROOT, encoding: 'utf8' });
  if (modifiedMs(join(ROOT, 'dist/main.js')) < startedAt.getTime() - 1_000) {
    throw new Error(`tsc built nothing: ${build.stdout}${build.stderr}${build.error ?? ''}`);
  }
  // As `npm run build` does: the page's files are no TypeScript, and the program is joined into a few files.
  for (const script of ['scripts/copy-assets.mjs', 'scripts/bundle.mjs']) {
    const { status, stderr } = spawnSync(process.execPath, [script], { cwd: ROOT, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  }
  if (build.status !== 0) console.warn(`dist is built in spite of type errors:\n${build.stdout}`);
  // A file saved while tsc ran counts as newer: the stamp carries the time of the start.
  writeFileSync(STAMP, '');
  utimesSync(STAMP, startedAt, startedAt);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestIn(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.reduce((newest, name) => Math.max(newest, modifiedMs(join(folder, name))), 0);
}
