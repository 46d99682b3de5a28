import type { HitWindows, OfferedHit } from '../store/redis/hit-windows.ts';

export interface HitSenderOptions {
  readonly node: string;
  readonly windows: Pick<HitWindows, 'offer'>;
  /** Octets of hits kept while Redis is away; what comes then is dropped and counted. */
  readonly maxSpoolBytes: number;
  readonly onDropped: (reason: 'spool-full' | 'window-full', count: number) => void;
}

interface Queued {
  readonly hit: OfferedHit;
  /** The stream's clock at its arrival. */
  readonly clockMs: number;
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
 * bound, and go out in order when it is back.
 */
export class HitSender {
  readonly #options: HitSenderOptions;
  readonly #lanes = new Map<number, Lane>();
  #bytes = 0;
  #hits = 0;
  #dropped = 0;
  #closed = false;

  constructor(options: HitSenderOptions) {
    this.#options = options;
  }

  /** Hits Redis has not confirmed yet. */
  get spooled(): number {
    return this.#hits;
  }

  /** Hits dropped because the spool was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a hit for a partition; `clockMs` never goes back by more than the disorder of arrivals. */
  add(partition: number, hit: OfferedHit, clockMs: number): void {
    if (this.#bytes + hit.payload.length > this.#options.maxSpoolBytes) {
      this.#dropped++;
      this.#options.onDropped('spool-full', 1);
      return;
    }
    this.#bytes += hit.payload.length;
    this.#hits++;
    const lane = this.#lane(partition);
    lane.queue.push({ hit, clockMs });
    this.#send(partition, lane, GATHER_MS);
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

  /** Waits until everything is sent, at most so long; then sends no more. Gives the number of hits that are left. */
  async close(timeoutMs: number): Promise<number> {
    const deadline = performance.now() + timeoutMs;
    while (this.#hits > 0 && performance.now() < deadline) await pause(GATHER_MS);
    this.#closed = true;
    return this.#hits;
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
      if (!(await this.#offer(partition, lane))) await pause(RETRY_MS);
    }
    lane.sending = false;
  }

  async #offer(partition: number, lane: Lane): Promise<boolean> {
    const { windows, node, onDropped } = this.#options;
    const hits = lane.batch.map(({ hit }) => hit);
    try {
      const { cut } = await windows.offer(partition, node, lane.number, hits);
      if (cut > 0) onDropped('window-full', cut);
    } catch {
      return false;
    }
    for (const { payload } of hits) this.#bytes -= payload.length;
    this.#hits -= hits.length;
    lane.batch = [];
    return true;
  }

  #lane(partition: number): Lane {
    const known = this.#lanes.get(partition);
    if (known !== undefined) return known;
    const lane: Lane = { queue: [], batch: [], number: 0, sending: false };
    this.#lanes.set(partition, lane);
    return lane;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
