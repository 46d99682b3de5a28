import { SharedCorrelator } from '../cluster/shared-correlator.ts';
import type { RedisSettings } from '../config/redis-settings.ts';
import type { Transition } from '../correlate/incidents.ts';
import { visible } from '../lib/escape.ts';
import type { LedgerRecord } from '../notify/ledger.ts';
import type { Held } from '../notify/tally.ts';
import type { PipelineOptions } from '../pipeline.ts';
import type { SharedStatus } from '../status.ts';
import { spoolPath } from '../store/places.ts';
import { parseObject } from '../store/record-codec.ts';
import { RedisDeliveries } from '../store/redis/redis-deliveries.ts';
import { RedisHeld } from '../store/redis/redis-held.ts';
import { RedisIncidents } from '../store/redis/redis-incidents.ts';
import { RedisLink } from '../store/redis/redis-link.ts';
import { RedisOutbox } from '../store/redis/redis-outbox.ts';
import { SpoolFile } from '../store/spool-file.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Delivery, Incident } from '../types.ts';

export interface SharingOptions {
  readonly redis: RedisSettings;
  /** For people: where that is, without secrets. */
  readonly place: string;
  readonly stateDir: string;
  readonly maxSpoolBytes: number;
  /** A node that is silent for so long is dead to the others. */
  readonly takeoverMs: number;
  /** An outage of Redis up to this long costs no alert. */
  readonly outageMs: number;
  readonly pipeline: Omit<PipelineOptions, 'onTransition'>;
  readonly telemetry: Telemetry;
  /** Resolves once people are certain to be told; it is called again when it rejects. */
  readonly onTransition: (incident: Incident, transition: Transition) => Promise<void>;
  /** These open incidents are this node's from now on, and this is what people were told about them. */
  readonly onTakeOver: (incidents: readonly Incident[], records: readonly LedgerRecord[]) => void;
  /** Open incidents of this node that are not what they were. */
  readonly onChanged: (incidents: readonly Incident[]) => void;
  /** These are another node's. */
  readonly onLeave: (incidentIds: readonly string[]) => void;
  /** A dead node had kept this for a channel's digest. */
  readonly onHeld: (channel: string, held: Held) => void;
  /** So many nodes are alive; there may be something in the outbox that was another's. */
  readonly onNodes: (living: number) => void;
}

/** What one node has to do with the others: the correlator and the outbox they share through Redis. */
export class Sharing {
  readonly correlator: SharedCorrelator;
  readonly outbox: RedisOutbox;
  readonly #link: RedisLink;
  readonly #incidents: RedisIncidents;
  readonly #held: RedisHeld;
  readonly #deliveries: RedisDeliveries;
  readonly #place: string;
  readonly #spool: SpoolFile;
  /** The newest state of incidents on their way to people. */
  readonly #newest = new Map<string, Incident>();
  /** Open incidents as they are now, for whoever may want to see them. */
  readonly #changed = new Map<string, Incident>();

  /** Opens no connection that it needs at once: Redis may be away. Throws for an address that makes no sense. */
  constructor(options: SharingOptions) {
    const { pipeline, telemetry } = options;
    const { log } = telemetry;
    this.#place = options.place;
    this.#link = new RedisLink({
      ...options.redis,
      onChange: (away) => this.#noteAway(away, log),
    });
    this.#incidents = new RedisIncidents(this.#link);
    this.#deliveries = new RedisDeliveries(this.#link);
    this.#spool = new SpoolFile(
      options.stateDir,
      spoolPath(options.stateDir),
      // A hit's text grows a little there.
      2 * options.maxSpoolBytes,
      (because) => log.error({ because }, 'hits Redis does not take are in memory only'),
    );
    this.correlator = new SharedCorrelator({
      ...pipeline,
      link: this.#link,
      rules: pipeline.ruleSet.rules,
      maxOpen: pipeline.maxOpenIncidents,
      maxSpoolBytes: options.maxSpoolBytes,
      spool: this.#spool,
      leaseMs: options.takeoverMs,
      windows: { slackMs: options.outageMs },
      onDropped: (reason, count) => telemetry.dropped('shared', reason, count),
      onTransition: (incident, transition) => this.#tell(incident, transition, options.onTransition),
      onChanged: (incidents) => {
        options.onChanged(incidents);
        void this.#noteChanged(incidents);
      },
      onTakeOver: (incidents, records) =>
        options.onTakeOver(
          incidents,
          records.flatMap((text) => recordOf<LedgerRecord>(text)),
        ),
      onLeave: options.onLeave,
      onNodes: async (living) => {
        await this.outbox.takeOver(living);
        for (const { channel, text } of await this.#held.takeOver(living))
          for (const held of recordOf<Held>(text)) options.onHeld(channel, held);
        options.onNodes(living.length);
      },
      onEvent: (message, details) => log.info(details, message),
    });
    this.outbox = new RedisOutbox(this.#link, {
      node: this.correlator.node,
      incidentOf: (id) => this.#newest.get(id),
      isKnown: () => this.correlator.isKnown,
    });
    this.#held = new RedisHeld(this.#link, this.correlator.node);
  }

  start(): void {
    this.correlator.start();
  }

  status(): SharedStatus {
    return { place: this.#place, ...this.correlator.status() };
  }

  /** See RedisHeld. */
  noteHeld(channel: string, incidentId: string, held: Held | undefined): void {
    void this.#held.note(channel, incidentId, held === undefined ? undefined : JSON.stringify(held));
  }

  /** Whether others have everything `noteHeld` was told, and tell it when this node is gone. */
  keepsHeld(): boolean {
    return this.#link.away === undefined && !this.#held.owes;
  }

  /** For `knockwatch incidents`; one that comes while Redis is away is in this node's own store only. */
  noteDelivery(delivery: Delivery, nowMs: number): void {
    this.#deliveries.record(delivery, nowMs).catch(() => undefined);
  }

  noteTold(incidentId: string, record: LedgerRecord | undefined): void {
    this.correlator.noteTold(incidentId, record === undefined ? undefined : JSON.stringify(record));
  }

  /** Hands over what is here and leaves the rest to the others; the outbox goes on until `close`. Gives the hits that are lost. */
  stop(timeoutMs: number): Promise<number> {
    return this.correlator.stop(timeoutMs);
  }

  async close(): Promise<void> {
    await this.correlator.leave();
    this.#link.close();
    this.#spool.close();
  }

  #noteAway(away: string | undefined, log: Telemetry['log']): void {
    const redis = this.#place;
    if (away === undefined) {
      log.info({ redis }, 'Redis is there');
      this.#checkPolicy(log).catch(() => undefined);
    } else
      log.warn(
        { redis, because: visible(away, 300) },
        'Redis is away: hits are kept here, alerts will be late',
      );
  }

  async #checkPolicy(log: Telemetry['log']): Promise<void> {
    const policy = await this.#link.evictionPolicy();
    if (policy?.startsWith('allkeys'))
      log.warn(
        { 'maxmemory-policy': visible(policy, 50) },
        'when its memory is full, Redis gives up incidents and alerts: set volatile-ttl, which gives up the oldest windows',
      );
  }

  async #noteChanged(incidents: readonly Incident[]): Promise<void> {
    for (const incident of incidents) this.#changed.set(incident.id, incident);
    const news = [...this.#changed.values()];
    try {
      await this.#incidents.save(news);
    } catch {
      // They come along with the next that change.
      return;
    }
    for (const incident of news)
      if (this.#changed.get(incident.id) === incident) this.#changed.delete(incident.id);
  }

  async #tell(
    incident: Incident,
    transition: Transition,
    tell: SharingOptions['onTransition'],
  ): Promise<void> {
    this.#newest.set(incident.id, incident);
    try {
      await this.#incidents.save([incident]);
      await tell(incident, transition);
    } finally {
      if (this.#newest.get(incident.id) === incident) this.#newest.delete(incident.id);
    }
  }
}

function recordOf<T>(text: string): T[] {
  const record = parseObject<T>(text);
  return record === undefined ? [] : [record];
}
