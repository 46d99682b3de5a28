import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { MemoryStore } from './memory.ts';
import { type OpenOptions, openSqliteStore, replaceStore } from './open-sqlite.ts';
import { errorText, privateDirectory } from './private-files.ts';
import type { SqliteStore } from './sqlite.ts';
import { type LiveState, type Store, StoreFailure, StoreLocked } from './store.ts';
import { lockStore, type StoreLock } from './store-lock.ts';
import { StoreProxy } from './store-proxy.ts';

export interface ResilientOptions extends OpenOptions {
  /** How often batched writes are made, and how often a failed disk is tried again; 0 for never by itself. */
  readonly flushMs?: number;
  readonly retryMs?: number;
}

const FLUSH_MS = 250;
const RETRY_MS = 10_000;

/**
 * The store the daemon uses: SQLite while the disk works, memory while it does not, and back. What must survive moves along
 * both ways. Nothing is forgotten without a word: every change is an event.
 */
export class ResilientStore extends StoreProxy {
  readonly #options: ResilientOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  #disk: SqliteStore | undefined;
  #memory: MemoryStore | undefined;
  #lock: StoreLock | undefined;
  #failing: string | undefined;
  #closed = false;

  /**
   * Opens the file, or starts in memory when the disk does not let us. Throws StoreLocked when another process works with it.
   */
  constructor(options: ResilientOptions) {
    super();
    this.#options = options;
    try {
      this.#disk = this.#openDisk();
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.#memory = this.#newMemory();
      this.#degraded(error);
    }
    const { flushMs = FLUSH_MS, retryMs = RETRY_MS } = options;
    if (flushMs > 0) this.#every(flushMs, () => this.#disk !== undefined && this.flush());
    if (retryMs > 0) this.#every(retryMs, () => this.recover());
  }

  /** Why the disk is not used at the moment; undefined while it is. */
  get failing(): string | undefined {
    return this.#failing;
  }

  /** Tries to go back to the disk; returns whether the store is on disk now. */
  recover(): boolean {
    if (this.#memory === undefined) return true;
    let disk: SqliteStore | undefined;
    try {
      disk = this.#openDisk();
      disk.adopt(this.#memory.live());
    } catch (error) {
      disk?.abandon();
      if (!(error instanceof StoreFailure) && !(error instanceof StoreLocked)) throw error;
      this.#failing = errorText(error);
      return false;
    }
    this.#disk = disk;
    this.#memory = undefined;
    this.#failing = undefined;
    this.#options.onEvent({
      kind: 'store-recovered',
      because: 'the store is on disk again, with what memory kept meanwhile',
    });
    return true;
  }

  override live(): LiveState {
    return (this.#disk ?? this.#memory!).live();
  }

  /** One last try to get everything on disk, then the end. What stays behind is said. */
  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    if (this.recover()) {
      this.run((store) => store.flush());
      this.#closeDisk();
    }
    if (this.#memory !== undefined) {
      const { slots, incidents } = this.#memory.live();
      const because = `${slots.length} alerts and ${incidents.length} incidents end with this process: ${this.#failing}`;
      this.#options.onEvent({ kind: 'store-forgot', because });
    }
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** Everything is committed by now: where the last clean-up fails, the next run finds it in the write-ahead log. */
  #closeDisk(): void {
    try {
      this.#disk?.close();
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.#disk?.abandon();
    }
  }

  /** Does it on disk; when the disk fails, in memory, with everything that must survive. */
  protected override run<T>(work: (store: Store) => T): T {
    if (this.#disk === undefined) return work(this.#memory!);
    try {
      return work(this.#disk);
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.#leaveDisk(this.#disk, error);
      return work(this.#disk ?? this.#memory!);
    }
  }

  #leaveDisk(disk: SqliteStore, error: StoreFailure): void {
    const memory = this.#newMemory();
    memory.adopt(disk.live());
    disk.abandon();
    this.#disk = undefined;
    this.#memory = memory;
    this.#degraded(error);
    if (!error.corrupt) return;
    try {
      replaceStore(this.#options, error.message);
    } catch (cause) {
      this.#failing = errorText(cause);
      return;
    }
    this.recover();
  }

  #openDisk(): SqliteStore {
    const { path, open } = this.#options;
    if (this.#lock !== undefined && !existsSync(`${path}.lock`)) {
      this.#lock.release();
      this.#lock = undefined;
    }
    try {
      privateDirectory(dirname(path));
      this.#lock ??= lockStore(`${path}.lock`, open);
    } catch (error) {
      if (error instanceof StoreLocked) throw error;
      throw new StoreFailure(`${path}.lock: ${errorText(error)}`, false, { cause: error });
    }
    return openSqliteStore(this.#options);
  }

  #newMemory(): MemoryStore {
    const { onEvent, outbox } = this.#options;
    return new MemoryStore({ onEvent, ...(outbox === undefined ? {} : { outbox }) });
  }

  #degraded(error: StoreFailure): void {
    this.#failing = error.message;
    const because = `the store does not take writes (${error.message}); alerts go on from memory and are lost if this process ends`;
    this.#options.onEvent({ kind: 'store-degraded', because, path: this.#options.path });
  }

  #every(ms: number, work: () => unknown): void {
    const timer = setInterval(work, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}
