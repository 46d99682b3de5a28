import type { Correlator } from '../correlate/correlator.ts';
import type { Rule } from '../rule.ts';
import { PARTITIONS } from '../store/redis/keys.ts';
import { PartitionStore } from '../store/redis/partition-store.ts';
import type { RedisLink } from '../store/redis/redis-link.ts';
import type { Incident } from '../types.ts';
import { Partition, type PartitionOptions } from './partition.ts';

export interface OwnPartitionsOptions extends PartitionOptions {
  readonly link: RedisLink;
  readonly node: string;
  readonly leaseMs: number;
  /** A partition was taken over: its open incidents, and what people were told about them. */
  readonly onTakeOver: (incidents: readonly Incident[], records: readonly string[]) => void;
  /** These incidents are another node's from now on. */
  readonly onLeave: (incidentIds: readonly string[]) => void;
}

const CHECKPOINT_EVERY_MS = 2_000;

interface Owned {
  readonly partition: Partition;
  /** Until when the lease is good for certain. */
  goodUntilMs: number;
  checkpointMs: number;
}

/** The partitions this node judges. Times are those of a clock that does not jump. */
export class OwnPartitions {
  readonly #options: OwnPartitionsOptions;
  readonly #stores: readonly PartitionStore[];
  readonly #owned = new Map<number, Owned>();
  /** Which partition an open incident is in. */
  readonly #homes = new Map<string, Partition>();
  #rules: readonly Rule[];
  #renewedMs = Number.NEGATIVE_INFINITY;

  constructor(options: OwnPartitionsOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#stores = Array.from({ length: PARTITIONS }, (_, i) => new PartitionStore(options.link, i));
  }

  get size(): number {
    return this.#owned.size;
  }

  get correlators(): readonly Correlator[] {
    return [...this.#owned.values()].map(({ partition }) => partition.correlator);
  }

  correlator(partition: number): Correlator | undefined {
    return this.#owned.get(partition)?.partition.correlator;
  }

  reload(rules: readonly Rule[]): void {
    this.#rules = rules;
    for (const { partition } of this.#owned.values()) partition.reload(rules);
  }

  /** What people were told about an incident, for whoever may own its partition later. */
  noteTold(incidentId: string, record: string | undefined): void {
    this.#homes.get(incidentId)?.noteTold(incidentId, record);
    if (record === undefined) this.#homes.delete(incidentId);
  }

  /** Keeps its leases, and has its share of the partitions: no more when others judge too, no less when nobody does. */
  async share(judging: number, nowMs: number): Promise<void> {
    const { leaseMs } = this.#options;
    if (nowMs - this.#renewedMs <= leaseMs / 4) return;
    for (const owned of this.#owned.values()) {
      if (await this.#stores[owned.partition.number]!.renew(owned.partition.lease, leaseMs))
        owned.goodUntilMs = nowMs + leaseMs;
      else this.#lose(owned);
    }
    const share = Math.ceil(PARTITIONS / Math.max(1, judging));
    for (const owned of [...this.#owned.values()].slice(share)) await this.#giveBack(owned);
    for (let i = 0; i < PARTITIONS && this.#owned.size < share; i++)
      if (!this.#owned.has(i)) await this.#take(i, nowMs);
    this.#renewedMs = nowMs;
  }

  /** Judges everything that was received up to the watermark; false when it could not. */
  async judge(watermarkMs: number): Promise<boolean> {
    const judged = await Promise.all(
      [...this.#owned.values()].map((owned) => this.#judge(owned, watermarkMs)),
    );
    return !judged.includes(false);
  }

  /** Leaves all to the others. */
  async giveBack(): Promise<void> {
    await Promise.all([...this.#owned.values()].map((owned) => this.#giveBack(owned)));
  }

  /** Forgets the batch numbers of a node that is gone. */
  async forgetNode(node: string): Promise<void> {
    for (const store of this.#stores) await store.forgetNode(node);
  }

  async #take(number: number, nowMs: number): Promise<void> {
    const { node, leaseMs, onTransition, onTakeOver } = this.#options;
    const store = this.#stores[number]!;
    const lease = await store.acquire(node, leaseMs);
    if (lease === undefined) return;
    const rules = this.#rules;
    const partition: Partition = new Partition(number, lease, store, {
      ...this.#options,
      rules,
      onTransition: (incident, transition) => {
        this.#homes.set(incident.id, partition);
        return onTransition(incident, transition);
      },
    });
    try {
      const records = await partition.restore();
      const incidents = partition.correlator.incidents();
      for (const { id } of incidents) this.#homes.set(id, partition);
      onTakeOver(incidents, records);
      partition.begin();
      this.#owned.set(number, { partition, goodUntilMs: nowMs + leaseMs, checkpointMs: nowMs });
      if (this.#rules !== rules) partition.reload(this.#rules);
    } catch (error) {
      partition.leave();
      await store.release(lease);
      throw error;
    }
  }

  /** False when it was not its turn to judge. */
  async #judge(owned: Owned, watermarkMs: number): Promise<boolean> {
    const nowMs = performance.now();
    // Past its time somebody else may have it; renewing tells.
    if (nowMs > owned.goodUntilMs) return false;
    await owned.partition.advance(watermarkMs);
    if (nowMs - owned.checkpointMs < CHECKPOINT_EVERY_MS) return true;
    owned.checkpointMs = nowMs;
    if (!(await owned.partition.checkpoint())) this.#lose(owned);
    return true;
  }

  async #giveBack(owned: Owned): Promise<void> {
    const { partition } = owned;
    this.#lose(owned);
    // Without the last checkpoint the next owner goes on from the one before it.
    if (await partition.checkpoint().catch(() => false))
      await this.#stores[partition.number]!.release(partition.lease).catch(() => undefined);
  }

  #lose({ partition }: Owned): void {
    partition.leave();
    this.#owned.delete(partition.number);
    const left = [...this.#homes].filter(([, home]) => home === partition).map(([id]) => id);
    for (const id of left) this.#homes.delete(id);
    this.#options.onLeave(left);
  }
}
