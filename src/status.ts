/**
 * What the daemon says about itself, as one plain value: `App.status()` gives it, the web page shows it, and
 * `<stateDir>/status.json` holds it for the verbs that run beside the daemon. Times are milliseconds since the epoch.
 */
export interface AppStatus {
  readonly pid: number;
  readonly state: 'new' | 'starting' | 'listening' | 'draining' | 'stopped';
  /** Absent until the daemon listens. */
  readonly startedAtMs?: number;
  /** When this was put together. */
  readonly atMs: number;
  /** The addresses that are bound, and what was not taken there, by reason. */
  readonly listeners: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly drops: Readonly<Record<string, number>>;
  }[];
  readonly rules: RulesStatus;
  readonly store: StoreStatus;
  /** Absent unless the state is shared (`state: redis://...`). */
  readonly shared?: SharedStatus;
  /** Incidents open now, and keys with hits in a window. */
  readonly openIncidents: number;
  readonly keys: number;
}

/** Where incidents and alerts are kept at this moment; `because` when the disk is not used although it should be. */
export interface StoreStatus {
  readonly mode: 'disk' | 'memory';
  readonly because?: string;
}

/** The rules in force, and what is wrong with newer ones that could not be taken. */
export interface RulesStatus {
  /** The rule directory or file. */
  readonly path: string;
  /** Files the rules in force were read from. */
  readonly files: readonly string[];
  /** Number of rules in force. */
  readonly rules: number;
  /** When the rules in force were read. */
  readonly loadedAtMs: number;
  /** When the files were last looked at, whatever came of it. */
  readonly checkedAtMs: number;
  /** Why the newest files are not in force, `file:line:column: what is wrong`; absent while they are. */
  readonly problems?: readonly string[];
}

/** How this process shares its work with others through Redis. */
export interface SharedStatus {
  /** Where Redis is, without secrets. */
  readonly place: string;
  /** Its name among the nodes. */
  readonly node: string;
  /** Nodes that are alive, this one included. */
  readonly nodes: number;
  /** Partitions it owns, of how many. */
  readonly partitions: number;
  readonly allPartitions: number;
  /** Hits kept here until Redis has them, and hits given up because a bound was reached, here or there. */
  readonly spooled: number;
  readonly dropped: number;
  /** Living nodes whose rules are not this one's: hits of rules an owner does not have come to nothing. */
  readonly otherRules: number;
  /** All nodes' lines received up to then have been judged. */
  readonly judgedUpToMs?: number;
  /** Why Redis can not be used; absent while it can. */
  readonly away?: string;
}

export type SenderState = 'ok' | 'quiet' | 'unparsed' | 'waiting';

/** What is known about one sender: an address, and the host name its lines state. */
export interface SenderReport {
  readonly address: string;
  /** Stated in the lines, so untrusted. */
  readonly hostname?: string;
  readonly state: SenderState;
  readonly everyMs?: number;
  readonly read: number;
  readonly parsed: number;
  readonly ignored: number;
  readonly malformed: number;
  readonly unknown: number;
  /** Messages the device said it did not send. */
  readonly lost: number;
  readonly lastLoss?: string;
  readonly firstSeenMs?: number;
  readonly lastSeenMs?: number;
  /** The last five minutes: lines, and how many of them were understood. */
  readonly recentRead: number;
  readonly recentUnderstood: number;
  /** Lines no parser knows, one of each shape, the newest last; safe to print. */
  readonly samples: readonly string[];
}
