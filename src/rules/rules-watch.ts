import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRuleFile } from './read-file.ts';

export interface RulesWatchOptions {
  /** Quiet after the last change before it is told: editors and copies write a file in several steps. */
  readonly debounceMs?: number;
  /** How often the files are looked at anyway, where the system tells nothing (network file systems, replaced directories). */
  readonly pollMs?: number;
}

const DEBOUNCE_MS = 500;
const POLL_MS = 5_000;

/** Tells when a rule file, or the rule files of a directory, have changed and the change is complete. */
export class RulesWatch {
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #debounceMs: number;
  readonly #pollMs: number;
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #debounce: NodeJS.Timeout | undefined;
  /** What the files looked like when they were last told of. */
  #seen = '';
  #stopped = false;

  constructor(path: string, onChange: () => void, options: RulesWatchOptions = {}) {
    this.#path = path;
    this.#onChange = onChange;
    this.#debounceMs = options.debounceMs ?? DEBOUNCE_MS;
    this.#pollMs = options.pollMs ?? POLL_MS;
  }

  /** From now on changes are told. */
  async start(): Promise<void> {
    this.#seen = await fingerprint(this.#path);
    if (this.#stopped) return;
    await this.#listen();
    this.#poll = setInterval(() => void this.#look(), this.#pollMs);
    this.#poll.unref();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#poll);
    clearTimeout(this.#debounce);
    this.#watcher?.close();
  }

  /** In a directory of rules any name wakes us: a symbolic link that is switched bears another one. */
  async #listen(): Promise<void> {
    this.#watcher?.close();
    this.#watcher = undefined;
    const isDirectory = await stat(this.#path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (this.#stopped) return;
    try {
      const place = isDirectory ? this.#path : dirname(this.#path);
      const watcher = watch(place, { persistent: false }, (_, name) => {
        if (isDirectory || name === null || name === basename(this.#path)) this.#wait();
      });
      watcher.on('error', () => watcher.close());
      this.#watcher = watcher;
    } catch {
      // Out of watches, or nothing there to watch: the poll remains.
    }
  }

  #wait(expected?: string): void {
    clearTimeout(this.#debounce);
    if (this.#stopped) return;
    this.#debounce = setTimeout(() => void this.#settle(expected), this.#debounceMs);
  }

  async #look(): Promise<void> {
    const now = await fingerprint(this.#path);
    if (now === this.#seen || this.#stopped) return;
    await this.#listen();
    this.#wait(now);
  }

  /** `expected` is what a poll saw: without events only two equal looks tell that nobody is writing any more. */
  async #settle(expected: string | undefined): Promise<void> {
    const now = await fingerprint(this.#path);
    if (now === this.#seen || this.#stopped) return;
    if (expected !== undefined && now !== expected) return this.#wait(now);
    this.#seen = now;
    this.#onChange();
  }
}

/** Names, identities, sizes and times of the rule files, as one text to compare. */
async function fingerprint(path: string): Promise<string> {
  const names = await readdir(path).then(
    (all) => all.filter(isRuleFile).sort(),
    () => undefined,
  );
  const files = names === undefined ? [path] : names.map((name) => join(path, name));
  const marks = files.map((file) =>
    stat(file).then(
      ({ ino, size, mtimeMs, ctimeMs }) => `${file} ${ino} ${size} ${mtimeMs} ${ctimeMs}`,
      (error: NodeJS.ErrnoException) => `${file} ${error.code}`,
    ),
  );
  return (await Promise.all(marks)).join('\n');
}
