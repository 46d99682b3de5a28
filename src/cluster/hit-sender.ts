import { parseObject } from '../store/record-codec.ts';
import type { HitWindows, OfferedHit } from '../store/redis/hit-windows.ts';
import { isPartition } from '../store/redis/keys.ts';
import type { SpoolFile } from '../store/spool-file.ts';

/** Why a hit was given up. */
export type DropReason = 'spool-full' | 'window-full' | 'stream-full';

export interface HitSenderOptions {
  readonly node: string;
  readonly windows: Pick<HitWindows, 'offer'>;
  /** Octets of hits kept while Redis is away; what comes then is dropped and counted. */
  readonly maxSpoolBytes: number;
  /** Where hits outlive the process while Redis is away; in memory only when absent. */
  readonly spool?: Pick<SpoolFile, 'load' | 'append' | 'clear'>;
  readonly onDropped: (reason: DropReason, count: number) => void;
}

interface Queued {
  readonly hit: OfferedHit;
  /** The stream's clock at its arrival. */
  readonly clockMs: number;
  /** It is in the spool's file. */
  onDisk: boolean;
}

/** What is on its way to one partition. */
interface Lane {
  queue: Queued[];
  /** Sent and not confirmed; it is sent again with the same number until it is. */
  batch: Queued[];
  number: number;
  sending: boolean;
}

/** A batch takes a few milliseconds in Redis, which does nothing else meanwhile. */
const MAX_BATCH = 256;
const GATHER_MS = 20;
const RETRY_MS = 250;

/**
 * Hands hits to the shared windows in batches, each batch once and in order. While Redis is away they are kept, up to a
 * bound and on disk too, and go out in order when it is back.
 */
export class HitSender {
  readonly #options: HitSenderOptions;
  readonly #lanes = new Map<number, Lane>();
  #bytes = 0;
  #hits = 0;
  #dropped = 0;
  #spoolUsed = false;
  #closed = false;

  constructor(options: HitSenderOptions) {
    this.#options = options;
  }

  /** Hits Redis has not confirmed yet. */
  get spooled(): number {
    return this.#hits;
  }

  /** Hits given up, here or in Redis, because a bound was reached. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Goes on with what an earlier process could not hand over. Gives how many hits that are. */
  resume(): number {
    const left = this.#options.spool?.load().flatMap(spooledHit) ?? [];
    if (left.length > 0) this.#spoolUsed = true;
    for (const { partition, queued } of left) this.#queue(partition, queued);
    return left.length;
  }

  /** Takes a hit for a partition; `clockMs` never goes back by more than the disorder of arrivals. */
  add(partition: number, hit: OfferedHit, clockMs: number): void {
    this.#queue(partition, { hit, clockMs, onDisk: false });
  }

  /** Every hit that arrived by then is in Redis; `nowMs` when nothing is waiting. */
  watermarkMs(nowMs: number): number {
    let oldest = nowMs;
    for (const { batch, queue } of this.#lanes.values()) {
      const first = batch[0] ?? queue[0];
      if (first !== undefined && first.clockMs - 1 < oldest) oldest = first.clockMs - 1;
    }
    return oldest;
  }

  /** Waits until everything is sent, at most so long; then sends no more. Gives the number of hits that end with this process. */
  async close(timeoutMs: number): Promise<number> {
    const deadline = performance.now() + timeoutMs;
    while (this.#hits > 0 && performance.now() < deadline) await pause(GATHER_MS);
    this.#closed = true;
    for (const [partition, lane] of this.#lanes) this.#writeDown(partition, lane);
    return this.#inMemoryOnly();
  }

  #queue(partition: number, queued: Queued): void {
    const { length } = queued.hit.payload;
    if (this.#bytes + length > this.#options.maxSpoolBytes) {
      this.#drop('spool-full', 1);
      return;
    }
    this.#bytes += length;
    this.#hits++;
    const lane = this.#lane(partition);
    lane.queue.push(queued);
    this.#send(partition, lane, GATHER_MS);
  }

  #send(partition: number, lane: Lane, afterMs: number): void {
    if (lane.sending || this.#closed) return;
    lane.sending = true;
    void pause(afterMs).then(() => this.#sendAll(partition, lane));
  }

  async #sendAll(partition: number, lane: Lane): Promise<void> {
    while (!this.#closed && lane.batch.length + lane.queue.length > 0) {
      if (lane.batch.length === 0) {
        lane.batch = lane.queue.slice(0, MAX_BATCH);
        lane.queue = lane.queue.slice(MAX_BATCH);
        lane.number++;
      }
      if (await this.#offer(partition, lane)) continue;
      this.#writeDown(partition, lane);
      await pause(RETRY_MS);
    }
    lane.sending = false;
  }

  async #offer(partition: number, lane: Lane): Promise<boolean> {
    const { windows, node } = this.#options;
    const hits = lane.batch.map(({ hit }) => hit);
    try {
      const { cut, refused } = await windows.offer(partition, node, lane.number, hits);
      if (cut > 0) this.#drop('window-full', cut);
      if (refused > 0) this.#drop('stream-full', refused);
    } catch {
      return false;
    }
    for (const { payload } of hits) this.#bytes -= payload.length;
    this.#hits -= hits.length;
    lane.batch = [];
    if (this.#hits === 0 && this.#spoolUsed) {
      this.#spoolUsed = false;
      this.#options.spool?.clear();
    }
    return true;
  }

  /** What Redis does not take must outlive this process. */
  #writeDown(partition: number, lane: Lane): void {
    const waiting = [...lane.batch, ...lane.queue].filter(({ onDisk }) => !onDisk);
    const { spool } = this.#options;
    if (spool === undefined || waiting.length === 0) return;
    this.#spoolUsed = true;
    const lines = waiting.map(({ hit, clockMs }) => JSON.stringify({ partition, clockMs, hit }));
    if (spool.append(lines)) for (const queued of waiting) queued.onDisk = true;
  }

  #inMemoryOnly(): number {
    let count = 0;
    for (const { batch, queue } of this.#lanes.values())
      count += [...batch, ...queue].filter(({ onDisk }) => !onDisk).length;
    return count;
  }

  #drop(reason: DropReason, count: number): void {
    this.#dropped += count;
    this.#options.onDropped(reason, count);
  }

  #lane(partition: number): Lane {
    const known = this.#lanes.get(partition);
    if (known !== undefined) return known;
    const lane: Lane = { queue: [], batch: [], number: 0, sending: false };
    this.#lanes.set(partition, lane);
    return lane;
  }
}

interface SpooledHit {
  readonly partition: number;
  readonly clockMs: number;
  readonly hit: OfferedHit;
}

/** A line of the spool's file again; nothing when it is damaged. */
function spooledHit(line: string): { readonly partition: number; readonly queued: Queued }[] {
  const spooled = parseObject<SpooledHit>(line);
  if (spooled === undefined) return [];
  const { partition, clockMs, hit } = spooled;
  if (!isPartition(partition) || !Number.isFinite(clockMs)) return [];
  if (typeof hit?.payload !== 'string' || !Array.isArray(hit.conditions)) return [];
  return [{ partition, queued: { hit, clockMs, onDisk: true } }];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
