import type { SenderReport, SharedStatus } from '../status.ts';
import type { Decision, Delivery, NotifyReason, Severity } from '../types.ts';
import type { IncidentDetail, IncidentPage, IncidentQuery, IncidentSummary } from './incident-rows.ts';

/**
 * What the page shows, as plain values that go over the wire as JSON. The server knows nothing but this interface: memory
 * backs it today, a store may tomorrow. Times are milliseconds since the epoch. Text from log lines has its unsafe characters
 * made visible (lib/escape); it is not HTML, and the page puts it into text nodes only.
 */
export interface PageSource {
  overview(): Overview;
  /** The last lines, oldest first; with `after`, those numbered higher. */
  lines(after?: number): readonly PageLine[];
  grid(): PageGrid;
  incidents(query: IncidentQuery): Promise<IncidentPage>;
  incident(id: string): Promise<IncidentDetail | undefined>;
  source(ip: string): Promise<SourceStory>;
  traffic(hours: number): Traffic;
  rules(): readonly RuleRow[];
  senders(): SenderTable;
  deliveries(): Promise<DeliveryTable>;
}

export type LineKind = 'attempt' | 'ignored' | 'loss' | 'malformed' | 'unknown';

/** The head of the page and of `knockwatch status`. */
export interface Overview {
  readonly version: string;
  readonly hostName: string;
  readonly zone: string;
  readonly state: string;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly faults: readonly string[];
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  /** Grows whenever an incident, a decision or a delivery has changed. */
  readonly changes: number;
  readonly totals: Counts;
  /** Per second, over the last ten seconds. */
  readonly rates: Counts;
  /** Lines a second for the last five minutes, oldest first. */
  readonly recentLines: readonly number[];
  readonly recentHits: readonly number[];
  readonly openIncidents: number;
  readonly incidents: number;
  readonly openBySeverity: Readonly<Record<Severity, number>>;
  readonly senders: { readonly known: number; readonly quiet: number; readonly unparsed: number };
  readonly outbox: { readonly waiting: number; readonly dead: number };
  /** How the state is shared with other nodes; absent when it is not. */
  readonly shared?: SharedStatus;
  /** What was given up because a bound was reached; zeros left out. */
  /** Lines of floods that touch nothing watched: they were only counted. */
  readonly passedOver?: number;
  readonly losses: readonly { readonly what: string; readonly count: number }[];
}

export interface Counts {
  readonly lines: number;
  readonly attempts: number;
  readonly hits: number;
  readonly unknown: number;
  readonly malformed: number;
}

/** A line and what became of it. */
export interface PageLine {
  readonly id: number;
  readonly atMs: number;
  readonly sender: string;
  readonly kind: LineKind;
  readonly text: string;
  /** The parser and what it read, or why it did not. */
  readonly because: string;
  /** Rules that watch what it touched. */
  readonly rules: readonly string[];
  readonly source?: string;
}

/** Hosts down, ports across; only cells that were ever hit are listed. */
export interface PageGrid {
  readonly hosts: readonly { readonly ip: string; readonly name?: string; readonly watched: boolean }[];
  /** -1 stands for attempts without a port, -2 for all ports without a column of their own. */
  readonly ports: readonly { readonly port: number; readonly name?: string; readonly watched: boolean }[];
  readonly cells: readonly GridCell[];
  /** Hosts that had no room. */
  readonly omitted: number;
  readonly halfLifeMs: number;
}

export interface GridCell {
  /** Indexes into `hosts` and `ports`. */
  readonly host: number;
  readonly port: number;
  readonly count: number;
  readonly lastMs: number;
  /** Hits, those of one half-life ago counting half; as of `lastMs`. */
  readonly heat: number;
  readonly source: string;
  /** The open incident it belongs to. */
  readonly incident?: string;
  readonly severity?: Severity;
}

export interface SourceHit {
  readonly atMs: number;
  readonly host: string;
  readonly name?: string;
  readonly port: number;
  readonly service: string;
  readonly rule: string;
  readonly action: string;
  readonly observer: string;
}

/** Everything remembered about one address. */
export interface SourceStory {
  readonly ip: string;
  readonly kind: string;
  readonly incidents: readonly IncidentSummary[];
  readonly hits: readonly SourceHit[];
  readonly lines: readonly PageLine[];
  /** Attempts counted in the traffic tables, at least. */
  readonly attempts: number;
}

/** Counts over time: `times[i]` is the beginning of a step, `lines[i]` what came in it. */
export interface Traffic {
  readonly stepMs: number;
  readonly times: readonly number[];
  readonly lines: readonly number[];
  readonly attempts: readonly number[];
  readonly hits: readonly number[];
  readonly ports: readonly TopSeries[];
  readonly sources: readonly TopSeries[];
  readonly topStepMs: number;
  readonly topTimes: readonly number[];
}

export interface TopSeries {
  readonly key: string;
  readonly label: string;
  readonly total: number;
  /** By how much the total may be too low. */
  readonly error: number;
  readonly counts: readonly number[];
}

export interface RuleRow {
  readonly id: string;
  readonly title?: string;
  readonly severity: Severity;
  readonly position: string;
  readonly conditions: readonly string[];
  readonly watches: string;
  readonly notify: readonly string[];
  readonly hits: number;
  readonly lastHitMs?: number;
  readonly incidents: number;
  readonly open: number;
  readonly mails: number;
}

/** A sender as the page and `status` tell it; texts are safe to print. */
export interface SenderRow extends Omit<SenderReport, 'firstSeenMs'> {
  /** Milliseconds added to its stamps. */
  readonly skewMs?: number;
}

export interface SenderTable {
  readonly rows: readonly SenderRow[];
  /** Senders beyond `rows`. */
  readonly more: number;
  readonly forgotten: number;
}

export interface QueuedAlert {
  readonly alertId: string;
  readonly channel: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly reason: NotifyReason;
  readonly incidents: readonly string[];
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly notBeforeMs: number;
  readonly because?: string;
}

export interface DeliveryTable {
  readonly channels: readonly string[];
  readonly waiting: readonly QueuedAlert[];
  readonly dead: readonly QueuedAlert[];
  /** The last tries, the newest first. */
  readonly tries: readonly (Delivery & { readonly atMs: number })[];
  /** How often each decision was taken. */
  readonly decisions: readonly {
    readonly reason: NotifyReason;
    readonly sent: boolean;
    readonly count: number;
  }[];
  /** The last decisions, the newest first. */
  readonly recent: readonly (Decision & {
    readonly atMs: number;
    readonly incidents: readonly string[];
    /** What the incident was, when it is about one. */
    readonly headline?: string;
  })[];
}
