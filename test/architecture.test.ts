import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Imports go one way (docs/architecture.md):
 * main -> cli -> app -> stages with I/O; app, cli -> pipeline -> core stages; stages never import each other.
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
  cli: [
    'cli',
    'app.ts',
    'pipeline.ts',
    'replay.ts',
    'tune.ts',
    'config.ts',
    'config-load.ts',
    'notifications.ts',
    'web-token.ts',
    'persistence.ts',
    'redis-settings.ts',
    'source-evidence.ts',
    'config-listeners.ts',
    'listeners.ts',
    ...STAGES,
  ],
  'app.ts': [
    'sharing.ts',
    'redis-settings.ts',
    'listeners.ts',
    'live-skim.ts',
    'alert-desk.ts',
    'daily-digest.ts',
    'gauges.ts',
    'persistence.ts',
    'source-evidence.ts',
    'pipeline.ts',
    'config.ts',
    'notifications.ts',
    'receive',
    'store',
    'notify',
    'evidence',
    'web',
    'rules',
    'page-source.ts',
    'sender-health.ts',
    'sender-notices.ts',
    'web-token.ts',
  ],
  'daily-digest.ts': ['config.ts', 'notifications.ts', 'notify'],
  'persistence.ts': ['config.ts', 'pipeline.ts', 'store', 'notify', 'told-notes.ts'],
  'told-notes.ts': ['notify', 'store'],
  'alert-desk.ts': [
    'config.ts',
    'notifications.ts',
    'notify',
    'persistence.ts',
    'source-evidence.ts',
    'told-notes.ts',
  ],
  'gauges.ts': ['page-source.ts', 'persistence.ts', 'pipeline.ts', 'sender-health.ts'],
  'source-evidence.ts': ['config.ts', 'evidence', 'notify'],
  'sharing.ts': ['cluster', 'correlate', 'notify', 'pipeline.ts', 'redis-settings.ts', 'store'],
  'redis-settings.ts': ['config.ts'],
  cluster: ['cluster', 'correlate', 'store'],
  'page-source.ts': ['page-rows.ts', 'pipeline.ts', 'notify', 'web', 'sender-health.ts'],
  'page-rows.ts': ['pipeline.ts', 'notify', 'web', 'sender-health.ts'],
  'sender-health.ts': ['sender-record.ts', 'sender-table.ts'],
  'sender-table.ts': ['sender-record.ts'],
  'sender-record.ts': [],
  'sender-notices.ts': ['notify', 'sender-health.ts'],
  'web-token.ts': ['config.ts'],
  'notifications.ts': ['config.ts', 'config-channels.ts', 'notify'],
  'replay.ts': ['pipeline.ts', 'receive', 'replay-skim.ts', 'replay-source.ts'],
  'replay-skim.ts': ['replay-source.ts', 'receive', 'match'],
  'replay-source.ts': ['pipeline.ts', 'receive'],
  'pipeline.ts': ['decode', 'parse', 'match', 'correlate', 'rules'],
  'listeners.ts': ['config.ts', 'receive'],
  'live-skim.ts': ['pipeline.ts', 'receive'],
  'config-listeners.ts': [],
  'config.ts': ['config-listeners.ts', 'config-channels.ts', 'config-evidence.ts'],
  'config-evidence.ts': [],
  'config-channels.ts': [],
  'config-load.ts': ['config.ts', 'config-channels.ts'],
  'telemetry.ts': [],
  'types.ts': [],
  'rule.ts': [],
  'status.ts': [],
  'tune.ts': ['pipeline.ts', 'replay.ts', 'correlate', 'receive'],
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
