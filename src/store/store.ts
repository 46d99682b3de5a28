import type {
  Alert,
  Delivery,
  EvidenceLine,
  Hit,
  Incident,
  IncidentState,
  OutboxEntry,
  PutResult,
  Severity,
} from '../types.ts';

/** Something an operator must hear about the store or the archive. Each is reported once per change, not once per line. */
export interface StoreEvent {
  readonly kind: /** The disk does not take writes; everything goes on in memory. */
    | 'store-degraded'
    /** The disk is back and holds everything again that memory kept. */
    | 'store-recovered'
    /** A file that could not be used was set aside, a fresh one begun. */
    | 'store-set-aside'
    /** Something had to be given up because a bound was reached; `because` says what and how many. */
    | 'store-forgot'
    | 'directory-exposed'
    | 'archive-failing'
    | 'archive-recovered'
    | 'archive-damaged'
    | 'archive-torn';
  readonly because: string;
  readonly path?: string;
}

/** A delivery as it is remembered: what happened, and when. */
export interface DeliveryRecord extends Delivery {
  readonly atMs: number;
}

/** A hit of an open window with its raw line, so that a restart can go on where the last run ended. */
export interface StoredHit {
  /** `attempt.line.sequence` is 0: line numbers of an earlier run mean nothing in this one. */
  readonly hit: Hit;
  readonly line?: EvidenceLine;
}

/** Which incidents; every given condition must hold. Newest first. */
export interface IncidentFilter {
  readonly states?: readonly IncidentState[];
  readonly severities?: readonly Severity[];
  readonly ruleId?: string;
  /** Address among the sources. */
  readonly source?: string;
  /** Last seen at or after, first seen before. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** 100 unless told. */
  readonly limit?: number;
  readonly offset?: number;
}

/** How long things are kept. What is still needed (open incidents, waiting alerts and dead letters) never goes. */
export interface RetentionPolicy {
  /** Closed incidents with their deliveries. */
  readonly maxAgeMs: number;
  /** Closed incidents beyond this number go, oldest first. */
  readonly maxIncidents: number;
  /** Size of the store on disk; the oldest closed incidents go until it fits. */
  readonly maxBytes: number;
}

/** A row of the outbox with its place in line. */
export interface OutboxSlot {
  /** Order of acceptance. */
  readonly seq: number;
  readonly entry: OutboxEntry;
  /** Given up. */
  readonly dead: boolean;
}

/** Everything a store must not lose, as one value: what one store hands to another. */
export interface LiveState {
  readonly incidents: readonly Incident[];
  readonly slots: readonly OutboxSlot[];
  /** Alert id and channel of entries that are done with, and must not come back. */
  readonly settled: readonly (readonly [alertId: string, channel: string])[];
  readonly deliveries: readonly DeliveryRecord[];
  readonly hits: readonly StoredHit[];
  /** Notes; without a value those that are deleted, and must not come back. */
  readonly meta: ReadonlyMap<string, string | undefined>;
}

/**
 * The memory of the daemon. Synchronous: the embedded engine is, and an incident must be on disk before anything is sent.
 * `accept` and the outbox calls are on disk when they return; everything else is batched until `flush`.
 * Implementations throw only StoreFailure and programmer errors.
 */
export interface Store {
  /**
   * Commits incidents and alerts for channels in one transaction, together with everything that waits to be written, so that
   * whoever is still to be told is known when the first has been. An alert that is there already, was given up or delivered, is
   * `known` and changes nothing.
   */
  accept(
    incidents: readonly Incident[],
    alerts: readonly { readonly alert: Alert; readonly channel: string }[],
    nowMs: number,
  ): PutResult[];
  /** The newest state of an incident. */
  saveIncident(incident: Incident): void;
  incident(id: string): Incident | undefined;
  incidents(filter?: IncidentFilter): Incident[];
  countIncidents(filter?: IncidentFilter): number;

  /** Claims the channel's oldest entry that is due. It is not handed out again before `retryAt` or `release`. */
  due(channel: string, nowMs: number): OutboxEntry | undefined;
  /** When the channel's next unclaimed entry is due. */
  nextDueMs(channel: string): number | undefined;
  delivered(alertId: string, channel: string, atMs: number): void;
  /** A failed try: ends the claim and counts. */
  retryAt(alertId: string, channel: string, atMs: number, because: string): void;
  /** Ends a claim as if the try had not been made. */
  release(alertId: string, channel: string): void;
  /** Gives up: the entry moves to the dead letters. */
  dead(alertId: string, channel: string, because: string): void;
  /** Waiting and claimed entries, oldest first; of every channel when none is named. */
  outbox(channel?: string): OutboxEntry[];
  /** What was given up, newest last, bounded. */
  deadLetters(): OutboxEntry[];
  /** Makes dead letters wait again, due now: all, or those of one alert. Returns how many. */
  retryDead(nowMs: number, alertId?: string): number;

  recordDelivery(delivery: Delivery, atMs: number): void;
  /** Newest first; of one alert when it is named. 100 unless told. */
  deliveries(alertId?: string, limit?: number): DeliveryRecord[];

  appendHit(hit: Hit, line?: EvidenceLine): void;
  /** Hits with event time at or after, oldest first. */
  hits(sinceMs: number): StoredHit[];
  /** Forgets hits with event time before. */
  expireHits(beforeMs: number): void;

  /** A look-up's stored answer, undefined when there is none or it has expired. */
  cached(key: string, nowMs: number): string | undefined;
  cache(key: string, value: string, expiresAtMs: number): void;

  meta(key: string): string | undefined;
  /** Keys that begin so, with their values. */
  metaEntries(prefix: string): ReadonlyMap<string, string>;
  /** Without a value the key is forgotten. */
  setMeta(key: string, value: string | undefined): void;

  /** Writes what is batched. */
  flush(): void;
  /** Removes what is older or more than the policy says; returns how many incidents went. */
  retention(policy: RetentionPolicy, nowMs: number): number;
  /** Everything that must survive; available when the disk is not. */
  live(): LiveState;
  /** Takes over another store's live state; what is known here and not mentioned there stays. */
  adopt(state: LiveState): void;
  close(): void;
}

/** The disk failed. `corrupt` means the file can not be used any more; otherwise a later try may work. */
export class StoreFailure extends Error {
  readonly corrupt: boolean;

  constructor(message: string, corrupt: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreFailure';
    this.corrupt = corrupt;
  }
}

/** Another process works with this store. */
export class StoreLocked extends Error {
  /** The other process, when it left its number. */
  readonly pid: number | undefined;

  constructor(path: string, pid: number | undefined) {
    super(`${path} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`);
    this.name = 'StoreLocked';
    this.pid = pid;
  }
}
