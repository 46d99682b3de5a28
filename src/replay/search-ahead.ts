import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PACKAGE_ROOT } from '../lib/package-root.ts';
import type { Prefilter } from '../match/prefilter.ts';
import type { LineBlock, LineWindow, LogFile } from '../receive/file.ts';
import type { SearchWorkerData } from './search-worker.ts';
import { type SearchedSegment, Segments, SLACK_BYTES } from './segments.ts';
import { type Skim, WINDOW_BYTES } from './skim.ts';

/** How a second thread helps; tests make it small, and put another program in its place. */
export interface SearchAheadOptions {
  /** Files smaller than this are read in one thread, in octets. */
  readonly minBytes?: number;
  readonly segmentBytes?: number;
  readonly spawn?: (data: SearchWorkerData) => Worker;
}

/** Below this a second thread would save a tenth of a second, for a third more memory and a fifth more processor time. */
const MIN_BYTES = 256 << 20;
const SEGMENT_BYTES = 512 << 10;

/**
 * Reads a log with a second thread that searches segments ahead of this one, which searches those between itself. Every
 * line is judged here, in the order of the file, so that the answer is that of one thread. What the other thread can not
 * do, and what comes behind the last whole segment, is read here.
 */
export class SearchAhead {
  readonly #file: LogFile;
  readonly #skim: Skim;
  readonly #segments: Segments;
  readonly #worker: Worker;
  readonly #onProgress: (() => void) | undefined;
  #died: Error | undefined;
  #wake = () => {};
  /** Segments the other thread has searched and this one has come to. */
  #met = 0;
  /** How far the file has been read. */
  #position = 0;

  /** Undefined when the file is none that gains by it. */
  static of(
    file: LogFile,
    prefilter: Prefilter,
    skim: Skim,
    options: SearchAheadOptions,
    onProgress?: () => void,
  ): SearchAhead | undefined {
    const { sizeBytes, fd } = file;
    if (fd === undefined || sizeBytes === undefined || sizeBytes < (options.minBytes ?? MIN_BYTES))
      return undefined;
    const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    const segments = new Segments({ segmentBytes, segments: Math.floor(sizeBytes / segmentBytes) });
    const { memory, shape } = segments;
    const data = { fd, shape, memory, search: prefilter.search, windowBytes: WINDOW_BYTES };
    return new SearchAhead(file, skim, segments, (options.spawn ?? spawnSearchWorker)(data), onProgress);
  }

  private constructor(
    file: LogFile,
    skim: Skim,
    segments: Segments,
    worker: Worker,
    onProgress: (() => void) | undefined,
  ) {
    this.#file = file;
    this.#skim = skim;
    this.#segments = segments;
    this.#worker = worker;
    this.#onProgress = onProgress;
    const died = (because: string) => {
      this.#died ??= new Error(
        `${file.path}: the searching thread died (${because}); read it without --threads 2`,
      );
      this.#wake();
    };
    worker.on('message', () => this.#wake());
    worker.on('error', (error) => died(error.message));
    worker.on('exit', (code) => died(`exit ${code}`));
  }

  /** Reads the file to its end. Rejects when reading fails or the other thread died; what was read before has been processed. */
  async run(): Promise<void> {
    const { segments, segmentBytes } = this.#segments.shape;
    try {
      for (let at = 0; at < segments; ) {
        if (this.#segments.read(at)) at = await this.#readOwn(at);
        else await this.#readSearched(at++, segmentBytes);
      }
    } finally {
      this.#worker.removeAllListeners();
      await this.#worker.terminate();
    }
    this.#file.seek(this.#position);
    await this.#readUpTo(() => Number.POSITIVE_INFINITY);
  }

  /** Reads a segment and those behind it as far as the other thread has not taken them; gives the next. */
  async #readOwn(first: number): Promise<number> {
    const { segments, segmentBytes } = this.#segments.shape;
    let next = first + 1;
    await this.#readUpTo((reached) => {
      while (next * segmentBytes <= reached && next < segments && this.#segments.read(next)) next++;
      return next * segmentBytes;
    });
    return next;
  }

  async #readSearched(segment: number, segmentBytes: number): Promise<void> {
    while (!this.#segments.isDone(segment)) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#segments.isDone(segment)) break;
      if (this.#died !== undefined) throw this.#died;
      await woken;
    }
    const offset = segment * segmentBytes - SLACK_BYTES;
    const searched = this.#segments.searched(this.#met++);
    if (searched !== undefined && offset + searched.start === this.#position) {
      this.#skim.take(searched, finderOf(searched));
      this.#position = offset + searched.end;
      this.#file.seek(this.#position);
      this.#onProgress?.();
    } else await this.#readUpTo(() => (segment + 1) * segmentBytes);
    this.#segments.release(this.#met);
  }

  /** Reads the lines that end in front of a position, which is asked for with how far the file has been read so far. */
  async #readUpTo(limitOf: (reached: number) => number): Promise<void> {
    let limit = limitOf(this.#file.readBytes);
    while (this.#file.readBytes < limit) {
      const block = await this.#file.next();
      if (block === undefined) return;
      const from = this.#position - block.start;
      limit = limitOf(this.#file.readBytes);
      const end = endBefore(block, limit - from);
      this.#skim.take({ ...block, end });
      this.#position = from + end;
      this.#onProgress?.();
      if (end === block.end) continue;
      this.#file.seek(this.#position);
      return;
    }
  }
}

/** Where the last line ends that ends in front of one of a block's positions. */
function endBefore({ buffer, start, end }: LineBlock, limit: number): number {
  return limit >= end ? end : Math.max(start, buffer.lastIndexOf(10, limit - 1) + 1);
}

/** Hands out what was found in a segment, window by window. */
function finderOf({ spans }: SearchedSegment): (window: LineWindow, found: number[]) => void {
  let at = 0;
  return ({ offset, length }, found) => {
    found.length = 0;
    while (at < spans.length && spans[at]! < offset) at += 2;
    for (; at < spans.length && spans[at]! < offset + length; at += 2)
      found.push(spans[at]! - offset, spans[at + 1]! - offset);
  };
}

/**
 * Starts the searching thread; its texts die young, so it needs little room. Node 20 runs no TypeScript in a worker thread,
 * so a replay that runs from src uses the thread built in dist, too.
 */
export function spawnSearchWorker(data: SearchWorkerData): Worker {
  const built = join(PACKAGE_ROOT, 'dist/replay/search-worker.js');
  const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };
  return new Worker(built, { workerData: data, name: 'search', execArgv: [], resourceLimits });
}
