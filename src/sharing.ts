import { SharedCorrelator } from './cluster/shared-correlator.ts';
import type { Transition } from './correlate/incidents.ts';
import type { LedgerRecord } from './notify/ledger.ts';
import type { PipelineOptions } from './pipeline.ts';
import type { SharedStatus } from './status.ts';
import { RedisIncidents } from './store/redis/redis-incidents.ts';
import { RedisLink } from './store/redis/redis-link.ts';
import { RedisOutbox } from './store/redis/redis-outbox.ts';
import type { Telemetry } from './telemetry.ts';
import type { Incident } from './types.ts';

export interface SharingOptions {
  /** Where the shared state is: `redis://host:port`. */
  readonly state: string;
  readonly maxSpoolBytes: number;
  readonly pipeline: Omit<PipelineOptions, 'onTransition'>;
  readonly telemetry: Telemetry;
  /** Resolves once people are certain to be told; it is called again when it rejects. */
  readonly onTransition: (incident: Incident, transition: Transition) => Promise<void>;
  readonly onTakeOver: (records: readonly LedgerRecord[]) => void;
  readonly onLeave: (incidentIds: readonly string[]) => void;
  /** There may be something in the outbox that was another node's. */
  readonly onOutbox: () => void;
}

/** What one node has to do with the others: the correlator and the outbox they share through Redis. */
export class Sharing {
  readonly correlator: SharedCorrelator;
  readonly outbox: RedisOutbox;
  readonly #link: RedisLink;
  readonly #incidents: RedisIncidents;
  /** The newest state of incidents on their way to people. */
  readonly #newest = new Map<string, Incident>();

  /** Opens no connection that it needs at once: Redis may be away. Throws for an address that makes no sense. */
  constructor(options: SharingOptions) {
    const { pipeline, telemetry } = options;
    const { log } = telemetry;
    this.#link = new RedisLink({
      state: options.state,
      onChange: (away) =>
        away === undefined
          ? log.info('Redis is there')
          : log.warn({ because: away }, 'Redis is away: hits are kept here, alerts will be late'),
    });
    this.#incidents = new RedisIncidents(this.#link);
    this.correlator = new SharedCorrelator({
      ...pipeline,
      link: this.#link,
      rules: pipeline.ruleSet.rules,
      maxOpen: pipeline.maxOpenIncidents,
      maxSpoolBytes: options.maxSpoolBytes,
      onDropped: (reason, count) => telemetry.dropped('shared', reason, count),
      onTransition: (incident, transition) => this.#tell(incident, transition, options.onTransition),
      onTakeOver: (records) => options.onTakeOver(records.flatMap(recordOf)),
      onLeave: options.onLeave,
      onNodes: async (living) => {
        await this.outbox.takeOver(living);
        options.onOutbox();
      },
      onEvent: (message, details) => log.info(details, message),
    });
    this.outbox = new RedisOutbox(this.#link, {
      node: this.correlator.node,
      incidentOf: (id) => this.#newest.get(id),
    });
  }

  start(): void {
    this.correlator.start();
  }

  status(): SharedStatus {
    return this.correlator.status();
  }

  noteTold(incidentId: string, record: LedgerRecord | undefined): void {
    this.correlator.noteTold(incidentId, record === undefined ? undefined : JSON.stringify(record));
  }

  /** Hands over what is here and leaves the rest to the others; the outbox goes on until `close`. Gives the hits that are lost. */
  stop(timeoutMs: number): Promise<number> {
    return this.correlator.stop(timeoutMs);
  }

  close(): void {
    this.#link.close();
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

function recordOf(text: string): LedgerRecord[] {
  try {
    return [JSON.parse(text) as LedgerRecord];
  } catch {
    return [];
  }
}
