import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BurstReport } from './burst-report.ts';
import { Counters } from './counters.ts';
import { ListenError, type ListenPlace, placeName, toListenError } from './listen-error.ts';
import type { FrameSink, Receiver, ReceiverEventSink, ReceiverStats } from './receiver.ts';
import { filesSince, readRotated } from './rotated-files.ts';
import {
  parsePosition,
  type TailPosition,
  TailPositionFile,
  type TailPositionNote,
} from './tail-position.ts';
import { TailedFile } from './tailed-file.ts';

export interface TailReceiverOptions {
  /** A log file; it need not exist yet, its directory must. A symbolic link is followed, also when it is switched. */
  readonly path: string;
  /** Where it is remembered how far the file has been read; without it every start is the first. */
  readonly stateDir?: string | undefined;
  /** Remembers it too, together with what came of the lines; what it says counts more than the file in `stateDir`. */
  readonly note?: TailPositionNote | undefined;
  /** Where to begin when nothing is remembered: `end` leaves old lines alone. */
  readonly from?: 'start' | 'end' | undefined;
  /** Octets a line may have; 64 KiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds between two looks; 250. */
  readonly pollMs?: number | undefined;
  /** Milliseconds a rotated file is read on after its last growth: its writer may hold it open; 10 seconds. */
  readonly retireAfterMs?: number | undefined;
}

const DEFAULTS = { maxBytes: 64 * 1024, pollMs: 250, retireAfterMs: 10_000 } as const;
/** How often the position is written at most. */
const REMEMBER_MS = 1_000;
/** Rotated files still read; past them the oldest is given up. */
const MOST_RETIRED = 8;

/** A rotated file whose writer may not have noticed yet. */
interface Retired {
  readonly file: TailedFile;
  grewAtMs: number;
}

/**
 * Follows a log file as it grows, is rotated (renamed, copied and cut, removed and made again, link switched) and cut. Every line
 * comes once; after a crash those of the last second come again. It looks every quarter of a second rather than being told:
 * that works on every file system, and a look costs a system call.
 */
export class TailReceiver implements Receiver {
  readonly name: string;
  readonly address = undefined;
  readonly #options: TailReceiverOptions;
  readonly #maxBytes: number;
  readonly #sink: FrameSink;
  readonly #onEvent: ReceiverEventSink;
  readonly #counters = new Counters();
  readonly #positions: TailPositionFile | undefined;
  readonly #reports = new Map<string, BurstReport>();
  #file: TailedFile | undefined;
  #retired: Retired[] = [];
  #running: Promise<void> | undefined;
  #stopped = new AbortController();
  #remembered = '';
  #rememberedAtMs = Number.NEGATIVE_INFINITY;

  /** Throws RangeError for a path that is not absolute. */
  constructor(options: TailReceiverOptions, sink: FrameSink, onEvent: ReceiverEventSink) {
    if (!options.path.startsWith('/')) throw new RangeError(`path "${options.path}" is not absolute`);
    this.name = placeName(this.#placeOf(options.path));
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? DEFAULTS.maxBytes;
    this.#sink = sink;
    this.#onEvent = onEvent;
    if (options.stateDir !== undefined)
      this.#positions = new TailPositionFile(options.stateDir, options.path);
  }

  /** Resolves when the file is open; what was missed since the last stop is read after that. */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error(`${this.name} has been started already`);
    const { path } = this.#options;
    this.#file = await this.#openFirst(path);
    const lost = await this.#resume(this.#file);
    this.#stopped = new AbortController();
    this.#running = this.#run(lost);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    this.#running = undefined;
  }

  stats(): ReceiverStats {
    return this.#counters.snapshot();
  }

  #placeOf(path: string): ListenPlace {
    return { protocol: 'tail', host: '', port: 0, path };
  }

  /** The file, or undefined when it does not exist yet. Rejects when it never will, or can not be read. */
  async #openFirst(path: string): Promise<TailedFile | undefined> {
    try {
      return await TailedFile.open(path, this.#maxBytes);
    } catch (error) {
      const place = this.#placeOf(path);
      if ((error as NodeJS.ErrnoException).code === undefined)
        throw new ListenError(place, 'ENOTFILE', (error as Error).message);
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toListenError(place, error);
      await stat(dirname(path)).catch((missing) => {
        throw toListenError(place, missing);
      });
      this.#say('missing', 'warn', 'there is no such file yet; waiting for it');
      return undefined;
    }
  }

  async #run(lost: TailPosition | undefined): Promise<void> {
    if (lost !== undefined) await this.#guarded(() => this.#catchUp(lost));
    while (!this.#stopped.signal.aborted) {
      await this.#guarded(() => this.#lookAround());
      const { pollMs = DEFAULTS.pollMs } = this.#options;
      await sleep(pollMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
    await this.#guarded(() => this.#remember());
    for (const { file } of this.#retired.splice(0)) await file.close();
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Nothing a file system does ends the tailing: it is said, and tried again at the next look. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#counters.drop('read-failed');
      this.#say('read-failed', 'warn', (error as Error).message);
    }
  }

  /** Goes on where the last run stopped; resolves with that place when it is not in this file any more. */
  async #resume(file: TailedFile | undefined): Promise<TailPosition | undefined> {
    const noted = parsePosition(this.#options.note?.read() ?? '');
    const remembered = this.#positions?.read().catch((error: Error) => {
      if (noted === undefined)
        this.#say('position', 'warn', `how far it was read is lost (${error.message}): begins anew`);
      return undefined;
    });
    const position = noted ?? (await remembered);
    if (position === undefined) {
      if (this.#options.from !== 'start') await file?.skipToEnd();
      return undefined;
    }
    if (file === undefined || !(await file.isAt(position))) return position;
    await file.goTo(position);
    return undefined;
  }

  /** Reads what came after a position that is not in the current file any more. */
  async #catchUp(position: TailPosition): Promise<void> {
    const { path } = this.#options;
    const files = await filesSince(path, position, this.#file);
    if (files === undefined) {
      this.#counters.drop('rotated-away');
      this.#say('rotated-away', 'warn', 'it was rotated and the old file is gone: lines may be lost');
      return;
    }
    for (const [index, each] of files.entries()) {
      await readRotated(each, index === 0 ? position.offset : 0, this.#maxBytes, this.#onLine);
    }
  }

  async #lookAround(): Promise<void> {
    for (const retired of [...this.#retired]) await this.#lookAtRetired(retired);
    if (this.#file !== undefined) await this.#follow(this.#file);
    await this.#noticeRotation();
    await this.#remember(REMEMBER_MS);
  }

  async #follow(file: TailedFile): Promise<boolean> {
    const change = await file.look();
    if (change === 'rewritten') {
      // Cut after it was copied, most likely: the copy has what was written since the last look.
      const before = file.position;
      file.startAgain();
      this.#say('rewritten', 'info', 'was cut or written anew: reading it from its beginning');
      await this.#catchUp(before);
    }
    if (change === 'none') return false;
    while (!this.#stopped.signal.aborted && (await file.read(this.#onLine)) > 0) {
      // At once: nothing else may be written between the lines and how far they go.
      if (file === this.#file) this.#options.note?.write(JSON.stringify(file.position));
      await this.#remember(REMEMBER_MS);
      // Everybody else gets a turn between two pieces of a long backlog.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return true;
  }

  async #lookAtRetired(retired: Retired): Promise<void> {
    const { retireAfterMs = DEFAULTS.retireAfterMs } = this.#options;
    const now = performance.now();
    if (await this.#follow(retired.file)) retired.grewAtMs = now;
    const isTooMany = this.#retired.length > MOST_RETIRED && this.#retired[0] === retired;
    if (now - retired.grewAtMs < retireAfterMs && !isTooMany) return;
    this.#retired = this.#retired.filter((each) => each !== retired);
    retired.file.finish(this.#onLine);
    await retired.file.close();
  }

  /** Another file has the name now: the old one is read on for a while, the new one from its beginning. */
  async #noticeRotation(): Promise<void> {
    const { path } = this.#options;
    const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const old = this.#file;
    if (info === undefined || (info.dev === old?.device && info.ino === old.inode)) return;
    const file = await TailedFile.open(path, this.#maxBytes);
    // What came between the last look and the rotation, before there is a position in the new file.
    if (old !== undefined) await this.#follow(old);
    if (old !== undefined) this.#retired.push({ file: old, grewAtMs: performance.now() });
    this.#file = file;
    await this.#follow(file);
  }

  /** Writes the position down when it is another than before, and the last time is so many milliseconds ago. */
  async #remember(intervalMs = 0): Promise<void> {
    const now = performance.now();
    if (this.#file === undefined || this.#positions === undefined || now - this.#rememberedAtMs < intervalMs)
      return;
    const { position } = this.#file;
    const text = JSON.stringify(position);
    if (text === this.#remembered) return;
    this.#rememberedAtMs = now;
    await this.#positions.write(position);
    this.#remembered = text;
  }

  readonly #onLine = (bytes: Buffer, truncated: boolean): void => {
    this.#counters.frame(bytes.length);
    if (truncated) this.#counters.drop('frame-too-long');
    this.#sink({
      bytes,
      receivedAtMs: Date.now(),
      peer: { address: this.#options.path },
      transport: 'file',
      ...(truncated ? { truncated } : {}),
    });
  };

  #say(reason: string, level: 'info' | 'warn', message: string): void {
    const report = this.#reports.get(reason) ?? new BurstReport();
    this.#reports.set(reason, report);
    const count = report.hit(performance.now());
    if (count !== undefined)
      this.#onEvent({ level, message: `${this.name}: ${message}`, details: { reason, count } });
  }
}
