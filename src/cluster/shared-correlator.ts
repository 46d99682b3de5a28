import { randomUUID } from 'node:crypto';
import type { CorrelatorStats, HitSink } from '../correlate/correlator.ts';
import type { Rule } from '../rule.ts';
import type { SharedStatus } from '../status.ts';
import { HitWindows, type HitWindowsOptions } from '../store/redis/hit-windows.ts';
import { PARTITIONS } from '../store/redis/keys.ts';
import { Nodes, type NodeWord } from '../store/redis/nodes.ts';
import type { SpoolFile } from '../store/spool-file.ts';
import type { Hit, Incident, LineKeeper } from '../types.ts';
import { type DropReason, HitSender } from './hit-sender.ts';
import { encodeSharedHit } from './logged-hit.ts';
import { NodeWatch } from './node-watch.ts';
import { OwnPartitions, type OwnPartitionsOptions } from './own-partitions.ts';
import { Routing, rulesDigest } from './routing.ts';

export interface SharedCorrelatorOptions
  extends Omit<OwnPartitionsOptions, 'lines' | 'slackMs' | 'node' | 'leaseMs'> {
  readonly lines: LineKeeper;
  /** This process among all; drawn when absent. */
  readonly node?: string;
  readonly maxSpoolBytes: number;
  /** The clock `add` goes by. */
  readonly now?: () => number;
  readonly windows?: HitWindowsOptions;
  /** Where hits outlive this process while Redis is away; in memory only when absent. */
  readonly spool?: SpoolFile;
  /** A node that is silent for so long is dead to the others. */
  readonly leaseMs?: number;
  readonly onDropped: (reason: DropReason, count: number) => void;
  /** Which nodes are alive, whenever that has changed and from time to time. */
  readonly onNodes: (living: readonly string[]) => Promise<void>;
  readonly onEvent: (message: string, details: object) => void;
}

const TURN_MS = 200;
const LEASE_MS = 6_000;
const NODES_EVERY_MS = 5_000;
/** A line may be on its way from the socket to us for so long without being called late. */
const IN_FLIGHT_MS = 250;
/** For how long a delay on that way is expected to come again. */
const DELAY_REMEMBERED_MS = 10_000;
const MAX_DELAY_MS = 60_000;

/**
 * The correlator of all nodes together. Hits go to the shared windows; of the partitions each node owns its share, and judges
 * what is handed over there. A node that dies is missed, and the others take its partitions from their checkpoints.
 */
export class SharedCorrelator implements HitSink {
  readonly node: string;
  readonly #options: SharedCorrelatorOptions;
  readonly #sender: HitSender;
  readonly #nodes: Nodes;
  readonly #watch: NodeWatch;
  readonly #leaseMs: number;
  readonly #now: () => number;
  readonly #own: OwnPartitions;
  #rules: readonly Rule[];
  #routing: Routing;
  #hits = 0;
  /** The longest way from socket to us of late, and when it was. */
  #delay = { ms: 0, atMs: Number.NEGATIVE_INFINITY };
  #living: readonly string[] = [];
  #rulesDigest: string;
  #otherRules = 0;
  #judgedMs = Number.NEGATIVE_INFINITY;
  /** When the others last heard of us. */
  #saidMs = Number.NEGATIVE_INFINITY;
  #nodesToldMs = 0;
  #fault: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turning: Promise<void> | undefined;
  #leaving = false;
  #stopped = false;

  constructor(options: SharedCorrelatorOptions) {
    this.#options = options;
    this.node = options.node ?? randomUUID().slice(0, 8);
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    this.#now = options.now ?? Date.now;
    this.#watch = new NodeWatch(this.#leaseMs);
    this.#rules = options.rules;
    this.#rulesDigest = rulesDigest(options.rules);
    this.#routing = this.#route(options.rules);
    this.#nodes = new Nodes(options.link);
    const { lines, windows } = options;
    this.#own = new OwnPartitions({
      ...options,
      node: this.node,
      leaseMs: this.#leaseMs,
      ...(windows?.slackMs === undefined ? {} : { slackMs: windows.slackMs }),
      lines: {
        keep: (line) => lines.keep({ ...line, transport: 'udp' }),
        get: (ref) => lines.get(ref),
      },
    });
    this.#sender = new HitSender({
      node: this.node,
      windows: new HitWindows(options.link, windows),
      maxSpoolBytes: options.maxSpoolBytes,
      ...(options.spool === undefined ? {} : { spool: options.spool }),
      onDropped: options.onDropped,
    });
  }

  /** Begins to take part, with what an earlier run could not hand over. */
  start(): void {
    const hits = this.#sender.resume();
    if (hits > 0) this.#options.onEvent('handing over what the last run could not', { hits });
    const again = () => {
      this.#turning = this.#turn().finally(() => {
        if (!this.#stopped) this.#timer = setTimeout(again, TURN_MS);
      });
    };
    again();
  }

  /**
   * Hands over what it has, for at most so long, and leaves its partitions to the others, who go on taking it for alive until
   * `leave`. Gives the hits that are lost.
   */
  async stop(timeoutMs: number): Promise<number> {
    const left = await this.#sender.close(timeoutMs);
    this.#leaving = true;
    await this.#turning;
    await this.#own.giveBack();
    return left;
  }

  /** After `stop`: takes leave of the others. */
  async leave(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#turning;
    await this.#nodes.leave(this.node).catch(() => undefined);
  }

  status(): Omit<SharedStatus, 'place'> {
    const away = this.#options.link.away ?? this.#fault;
    return {
      node: this.node,
      nodes: this.#living.length,
      partitions: this.#own.size,
      allPartitions: PARTITIONS,
      spooled: this.#sender.spooled,
      dropped: this.#sender.dropped,
      otherRules: this.#otherRules,
      ...(Number.isFinite(this.#judgedMs) ? { judgedUpToMs: this.#judgedMs } : {}),
      ...(away === undefined ? {} : { away }),
    };
  }

  /** Whether the other nodes take this one for alive. */
  get isKnown(): boolean {
    return performance.now() - this.#saidMs < this.#leaseMs / 2;
  }

  /** What people were told about an incident, for whoever may own its partition later. */
  noteTold(incidentId: string, record: string | undefined): void {
    this.#own.noteTold(incidentId, record);
  }

  add(hit: Hit, clockMs: number): void {
    const name = `${this.node}-${++this.#hits}`;
    this.#noteDelay(clockMs);
    const route = this.#routing.route(hit, name);
    if (route === undefined) return;
    const line = this.#options.lines.get(hit.attempt.line);
    const payload = encodeSharedHit({ name, clockMs, hit, ...(line === undefined ? {} : { line }) });
    const offered = { payload, atMs: hit.attempt.atMs, conditions: route.conditions };
    this.#sender.add(route.partition, offered, clockMs);
  }

  /** The clock of all nodes is what counts. */
  advance(): void {}

  /** Each partition is judged in its own turn. */
  readonly nextDueMs = Number.POSITIVE_INFINITY;

  /** The stream goes on with the other nodes, or when this one is back. */
  drain(): void {}

  flush(): void {}

  /** What an earlier run left is in Redis. */
  resume(incidents: readonly Incident[]): Incident[] {
    return [...incidents];
  }

  takeChanged(): Incident[] {
    return [];
  }

  reload(rules: readonly Rule[]): void {
    this.#rules = rules;
    this.#rulesDigest = rulesDigest(rules);
    this.#routing = this.#route(rules);
    this.#own.reload(rules);
  }

  rule(id: string): Rule | undefined {
    for (const correlator of this.#own.correlators) {
      const rule = correlator.rule(id);
      if (rule !== undefined) return rule;
    }
    return this.#rules.find((rule) => rule.id === id);
  }

  /** Open incidents of the partitions this node owns. */
  incidents(): Incident[] {
    return this.#own.correlators.flatMap((correlator) => correlator.incidents());
  }

  incidentsOf(hit: Hit): Incident[] {
    return this.#own.correlators.flatMap((correlator) => correlator.incidentsOf(hit));
  }

  incident(identifier: string): Incident | undefined {
    return this.#own.correlators
      .map((correlator) => correlator.incident(identifier))
      .find((incident) => incident !== undefined);
  }

  progress(hit: Hit): readonly string[] {
    const partition = this.#routing.route(hit, '')?.partition;
    const correlator = partition === undefined ? undefined : this.#own.correlator(partition);
    return correlator === undefined ? ['another node judges it'] : correlator.progress(hit);
  }

  stats(): CorrelatorStats {
    const all = this.#own.correlators.map((correlator) => correlator.stats());
    const sum = (of: (stats: CorrelatorStats) => number) => all.reduce((total, each) => total + of(each), 0);
    return {
      hits: this.#hits,
      held: sum(({ held }) => held),
      duplicates: sum(({ duplicates }) => duplicates),
      keys: sum(({ keys }) => keys),
      openIncidents: sum(({ openIncidents }) => openIncidents),
      evictedKeys: sum(({ evictedKeys }) => evictedKeys),
      releasedEarly: sum(({ releasedEarly }) => releasedEarly),
      closedEarly: sum(({ closedEarly }) => closedEarly),
    };
  }

  #route(rules: readonly Rule[]): Routing {
    const routing = new Routing(rules, this.#options.quietMs);
    if (routing.undivided.length > 0)
      this.#options.onEvent('one node judges everything: these rules group hits without their source', {
        rules: routing.undivided,
      });
    return routing;
  }

  /** One look at everything; what fails is tried again in the next. */
  async #turn(): Promise<void> {
    try {
      const nowMs = performance.now();
      // Before anything is read: what these words vouch for is in the streams by now.
      const words = await this.#nodes.say(this.node, {
        watermarkMs: this.#sender.watermarkMs(this.#now() - IN_FLIGHT_MS - this.#delayMs()),
        judges: !this.#leaving,
        rules: this.#rulesDigest,
      });
      this.#saidMs = nowMs;
      const { living, judging, rules, dead, watermarkMs } = this.#watch.look(words, nowMs);
      const changed = `${living}` !== `${this.#living}`;
      this.#living = living;
      this.#otherRules = rules.filter((digest) => digest !== this.#rulesDigest).length;
      if (changed) this.#options.onEvent('nodes', { living });
      for (const node of dead) await this.#forget(node);
      if (!this.#leaving) await this.#own.share(judging, nowMs);
      if (changed || nowMs - this.#nodesToldMs > NODES_EVERY_MS) {
        this.#nodesToldMs = nowMs;
        await this.#options.onNodes(living);
      }
      if (await this.#own.judge(watermarkMs)) this.#judgedMs = watermarkMs;
      this.#fault = undefined;
    } catch (error) {
      this.#fault = (error as Error).message;
    }
  }

  async #forget(node: NodeWord): Promise<void> {
    await this.#nodes.forget(node);
    await this.#own.forgetNode(node.node);
  }

  /** Lines pile up in front of us when there are too many: nothing is vouched for that may still be among them. */
  #noteDelay(clockMs: number): void {
    const nowMs = this.#now();
    const ms = Math.min(nowMs - clockMs, MAX_DELAY_MS);
    if (ms >= this.#delayMs(nowMs)) this.#delay = { ms, atMs: nowMs };
  }

  #delayMs(nowMs = this.#now()): number {
    return nowMs - this.#delay.atMs > DELAY_REMEMBERED_MS ? 0 : this.#delay.ms;
  }
}
