import { open as openFile } from 'node:fs/promises';
import type { Frame } from '../types.ts';
import type { ArchiveFile } from './archive-files.ts';
import { type ChainHead, frameBody, GENESIS, type RecordBody, sealRecord } from './archive-record.ts';
import { resumeArchive } from './archive-recover.ts';
import { compressFile, trimArchive } from './archive-upkeep.ts';
import { DayFiles, type OpenFile } from './day-files.ts';
import { errorText, privateDirectory } from './private-files.ts';
import type { StoreEvent } from './store.ts';

export interface ArchiveOptions {
  readonly directory: string;
  readonly onEvent: (event: StoreEvent) => void;
  /** Octets that may wait for the disk; what comes on top is dropped and counted. */
  readonly maxPendingBytes?: number;
  /** Longest time a record waits before it is written. */
  readonly flushMs?: number;
  /** Time between tries while the disk refuses. */
  readonly retryMs?: number;
  readonly now?: () => number;
  readonly open?: OpenFile;
}

export interface ArchiveCounters {
  /** Records on disk. */
  readonly written: number;
  /** Frames given up because too many were waiting for the disk. */
  readonly dropped: number;
  readonly pendingBytes: number;
  /** Why nothing is being written; absent when all is well. */
  readonly failing?: string;
}

interface Pending {
  readonly day: string;
  readonly body: RecordBody;
  readonly bytes: number;
}

const DEFAULTS = { maxPendingBytes: 16 * 1024 * 1024, flushMs: 250, retryMs: 1_000 };
const MAX_BATCH_BYTES = 1024 * 1024;
/** What a queued record takes beside its frame's octets. */
const RECORD_OVERHEAD = 256;
const HOUR_MS = 3_600_000;

/**
 * The append-only archive of received lines: one JSON Lines file a UTC day, each record chained to the one before, compressed
 * once the next day has begun. `append` only queues; the disk is written in the background, in order.
 */
export class EvidenceArchive {
  readonly #options: Required<ArchiveOptions>;
  readonly #files: DayFiles;
  readonly #stop = new AbortController();
  readonly #pending: Pending[] = [];
  /** Undefined until the directory could be read. */
  #head: ChainHead | undefined;
  #work: Promise<void> = Promise.resolve();
  #compressing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #pendingBytes = 0;
  #written = 0;
  #dropped = 0;
  /** Dropped since the last note about it in the archive. */
  #unnoted = 0;
  #failing: string | undefined;
  #closed = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastDay = '';

  private constructor(options: Required<ArchiveOptions>) {
    this.#options = options;
    this.#files = new DayFiles(options);
  }

  /**
   * Opens the archive of a directory (made 0700 when missing) and goes on after its newest record. A directory that can not be
   * used is reported and tried again later; what is appended meanwhile waits in memory.
   */
  static async open(options: ArchiveOptions): Promise<EvidenceArchive> {
    const archive = new EvidenceArchive({ now: Date.now, open: openFile, ...DEFAULTS, ...options });
    await archive.flush();
    return archive;
  }

  /** The newest record on disk; kept elsewhere, it proves that nothing was cut off the end. */
  get head(): ChainHead {
    return this.#head ?? { seq: 0, sha256: GENESIS };
  }

  get counters(): ArchiveCounters {
    return {
      written: this.#written,
      dropped: this.#dropped,
      pendingBytes: this.#pendingBytes,
      ...(this.#failing === undefined ? {} : { failing: this.#failing }),
    };
  }

  /** Queues a frame, with the incident it belongs to when that is known. Never waits. */
  append(frame: Frame, incident?: string): void {
    if (this.#closed) throw new Error('the archive is closed');
    if (this.#pendingBytes + frame.bytes.length + RECORD_OVERHEAD > this.#options.maxPendingBytes) {
      this.#dropped++;
      this.#unnoted++;
      return;
    }
    if (this.#unnoted > 0) this.#noteDrops(frame.receivedAtMs);
    this.#queue(frameBody(frame, incident), frame.receivedAtMs, frame.bytes.length);
  }

  /** Resolves when everything queued so far is on disk, or the disk has refused it. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = this.#work.then(() => this.#drain());
    return this.#work;
  }

  /** Removes closed files older than `maxAgeMs` and the oldest ones over `maxBytes` in all; returns their names. */
  async retention(maxAgeMs: number, maxBytes: number): Promise<string[]> {
    await this.#compressing;
    return trimArchive(
      this.#options.directory,
      dayOf(this.#options.now() - maxAgeMs),
      maxBytes,
      this.#files.currentName,
    );
  }

  /** Resolves when no closed day is being compressed. */
  async compressed(): Promise<void> {
    await this.#compressing;
  }

  /** Writes what is queued, once more at most when the disk refuses, and stops. Says how much could not be written. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
    this.#stop.abort();
    await this.#compressing;
    await this.#files.close();
    if (this.#pending.length === 0) return;
    const because = `${this.#pending.length} records were not written: ${this.#failing}`;
    this.#options.onEvent({ kind: 'archive-failing', because });
  }

  #noteDrops(atMs: number): void {
    const note = `${this.#unnoted} frames are missing here: the disk did not take them in time`;
    this.#unnoted = 0;
    this.#queue({ receivedAt: new Date(atMs).toISOString(), note }, atMs, 0);
  }

  #queue(body: RecordBody, atMs: number, length: number): void {
    const bytes = length + RECORD_OVERHEAD;
    this.#pending.push({ day: this.#dayFor(atMs), body, bytes });
    this.#pendingBytes += bytes;
    this.#schedule(this.#failing === undefined ? this.#options.flushMs : this.#options.retryMs);
  }

  /** Receivers hand frames over a little out of order; around midnight that must not open and close files in turn. */
  #dayFor(atMs: number): string {
    if (atMs > this.#lastMs || atMs < this.#lastMs - HOUR_MS) {
      this.#lastMs = atMs;
      this.#lastDay = dayOf(atMs);
    }
    return this.#lastDay;
  }

  #schedule(ms: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => void this.flush(), ms);
    this.#timer.unref();
  }

  async #drain(): Promise<void> {
    try {
      this.#head ??= await this.#resume();
      while (this.#pending.length > 0) await this.#writeBatch(this.#head);
      this.#recovered();
    } catch (error) {
      this.#fail(error);
      // What a failed write left behind is unknown: the file is opened again for the next try.
      await this.#files.close();
      this.#schedule(this.#options.retryMs);
    }
  }

  async #resume(): Promise<ChainHead> {
    const { directory, now, onEvent } = this.#options;
    if (privateDirectory(directory).exposed) {
      onEvent({ kind: 'directory-exposed', because: `others may look into ${directory}`, path: directory });
    }
    const found = await resumeArchive(directory, now(), onEvent);
    if (found.file !== undefined) this.#files.resume(found.file, found.length);
    for (const file of found.uncompressed) this.#compress(file);
    return found.head;
  }

  async #writeBatch(from: ChainHead): Promise<void> {
    const { day } = this.#pending[0]!;
    const lines: Buffer[] = [];
    let head = from;
    let size = 0;
    for (const entry of this.#pending) {
      if (entry.day !== day || size > MAX_BATCH_BYTES) break;
      const sealed = sealRecord(entry.body, head);
      head = sealed.head;
      lines.push(sealed.line);
      size += sealed.line.length;
    }
    await this.#files.write(day, Buffer.concat(lines));
    this.#head = head;
    for (const { bytes } of this.#pending.splice(0, lines.length)) this.#pendingBytes -= bytes;
    this.#written += lines.length;
    for (const file of this.#files.takeFinished()) this.#compress(file);
  }

  #compress(file: ArchiveFile): void {
    this.#compressing = this.#compressing
      .then(() => (this.#stop.signal.aborted ? undefined : compressFile(file, this.#stop.signal)))
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted) return;
        const because = `${file.name} stays uncompressed: ${errorText(error)}`;
        this.#options.onEvent({ kind: 'archive-failing', because, path: file.path });
      });
  }

  #fail(error: unknown): void {
    const because = errorText(error);
    if (this.#failing === undefined) this.#options.onEvent({ kind: 'archive-failing', because });
    this.#failing = because;
  }

  #recovered(): void {
    if (this.#failing === undefined) return;
    this.#failing = undefined;
    const lost =
      this.#unnoted === 0
        ? 'nothing that was queued is lost'
        : `${this.#unnoted} frames were dropped meanwhile`;
    this.#options.onEvent({ kind: 'archive-recovered', because: `the archive is written again; ${lost}` });
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
