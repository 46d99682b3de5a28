import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Imports go one way (docs/architecture.md):
 * main -> cli -> daemon -> stages with I/O; daemon, replay, cli -> pipeline -> core stages; stages never import each other.
 */
const SRC = resolve(import.meta.dirname, '../src');
const STAGES = [
  'receive',
  'decode',
  'parse',
  'rules',
  'match',
  'correlate',
  'notify',
  'evidence',
  'store',
  'web',
  'router',
];
/** What any file may import. */
const COMMON = ['types.ts', 'rule.ts', 'status.ts', 'telemetry.ts', 'lib'];
/** Top-level files and folders, and what they may import beside COMMON. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli'],
  cli: ['cli', 'daemon', 'replay', 'pipeline.ts', 'config', ...STAGES],
  daemon: [
    ...['daemon', 'pipeline.ts', 'config', 'cluster'],
    ...['correlate', 'evidence', 'notify', 'receive', 'rules', 'store', 'web'],
  ],
  replay: ['replay', 'pipeline.ts', 'correlate', 'match', 'receive'],
  cluster: ['cluster', 'correlate', 'store'],
  'pipeline.ts': ['decode', 'parse', 'match', 'correlate', 'rules'],
  config: ['config'],
  'telemetry.ts': [],
  'types.ts': [],
  'rule.ts': [],
  'status.ts': [],
  lib: ['lib', 'types.ts'],
};
/** The core asks neither the time nor the outside. */
const CORE = ['decode', 'parse', 'match', 'correlate', 'router'];
const PURE_FILES = [
  'notify/reason.ts',
  'notify/render.ts',
  'notify/render-text.ts',
  'notify/render-html.ts',
  'notify/background.ts',
  'notify/background-counts.ts',
  'notify/daily.ts',
  'pipeline.ts',
];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => name.replaceAll('\\', '/'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

function local(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return relative(SRC, resolve(SRC, dirname(file), specifier)).replaceAll('\\', '/');
}

/** The top-level file or folder a file belongs to. */
function room(file: string): string {
  return file.split('/')[0]!;
}

describe('imports go one way', () => {
  it('every room is known', () => {
    const rooms = new Set(files.map(room));
    expect([...rooms].filter((name) => !STAGES.includes(name) && !(name in ALLOWED))).toEqual([]);
  });

  it.each(files)('%s', (file) => {
    const from = room(file);
    const allowed = [...COMMON, ...(ALLOWED[from] ?? []), ...(STAGES.includes(from) ? [from] : [])];
    const targets = importsOf(file).flatMap((specifier) => local(file, specifier) ?? []);
    const wrong = targets.filter((target) => !allowed.includes(room(target)) || target.startsWith('..'));
    const exception =
      from === 'lib' || from === 'types.ts' ? wrong.filter((target) => target !== 'types.ts') : wrong;
    expect(exception).toEqual([]);
  });

  it('lib imports nothing of ours but lib, and types as types', () => {
    const wrong = files
      .filter((file) => room(file) === 'lib')
      .filter((file) => /^import (?!type)[^;]*'\.\.\//m.test(readFileSync(join(SRC, file), 'utf8')));
    expect(wrong).toEqual([]);
  });

  it("an implementation imports its stage's interface and helpers, never index.ts", () => {
    const wrong = files.filter(
      (file) =>
        STAGES.includes(room(file)) &&
        !file.endsWith('/correlator.ts') &&
        importsOf(file).some((specifier) => specifier === './index.ts'),
    );
    expect(wrong).toEqual([]);
  });

  it('the core does no I/O and never asks the time', () => {
    const forbidden =
      /Date\.now\(|performance\.now\(|new Date\(\)|setTimeout\(|setInterval\(|from 'node:(?:fs|net|dgram|http|child_process|dns|tls|worker_threads)/;
    const wrong = files
      .filter((file) => CORE.includes(room(file)) || PURE_FILES.includes(file))
      .filter((file) => forbidden.test(readFileSync(join(SRC, file), 'utf8')));
    expect(wrong).toEqual([]);
  });
});
