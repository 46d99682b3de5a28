import type { Decision, Delivery, Incident, IncidentState, NotifyReason, Severity } from '../types.ts';

/*
 * What the page asks and is told about incidents, as JSON; source.ts says what holds for all such values.
 */

export interface IncidentQuery {
  readonly severity?: Severity;
  readonly state?: 'open' | 'closed';
  readonly rule?: string;
  readonly source?: string;
  readonly host?: string;
  readonly port?: number;
  /** Looked for in sentence, sources, rule and id, any letter case. */
  readonly text?: string;
  readonly offset: number;
  readonly limit: number;
}

export interface IncidentPage {
  /** How many match, of how many there are. */
  readonly total: number;
  readonly of: number;
  /** The newest first. */
  readonly rows: readonly IncidentSummary[];
}

export interface IncidentSummary {
  readonly id: string;
  readonly kind: Incident['kind'];
  readonly rule: string;
  readonly severity: Severity;
  readonly state: IncidentState;
  readonly openedAtMs: number;
  readonly lastSeenMs: number;
  readonly sources: readonly string[];
  readonly sourceCount: number;
  readonly hostCount: number;
  readonly ports: readonly number[];
  readonly services: readonly string[];
  readonly count: number;
  /** `Probe`, and who did what to whom in how much time. */
  readonly word: string;
  readonly headline: string;
  /** What was seen against which threshold, when the condition was met. */
  readonly sentence: string;
  /** The last decision about it. */
  readonly told?: NotifyReason;
  readonly mails: number;
}

/** One thing that happened to an incident. */
export type StoryEvent =
  | {
      readonly atMs: number;
      readonly kind: 'opened' | 'settled' | 'escalated' | 'closed';
      readonly severity: Severity;
    }
  | { readonly atMs: number; readonly kind: 'decision'; readonly decision: Decision }
  | { readonly atMs: number; readonly kind: 'delivery'; readonly delivery: Delivery };

export interface IncidentDetail extends IncidentSummary {
  readonly firstSeenMs: number;
  readonly lineCount: number;
  readonly condition: string;
  readonly position: string;
  readonly remarks: readonly string[];
  readonly overflow: number;
  readonly transports: readonly string[];
  readonly tcpFlags: readonly string[];
  readonly sourcePorts: readonly number[];
  readonly observers: Incident['observers'];
  readonly targets: readonly (Incident['targets'][number] & { readonly service: string })[];
  readonly lines: readonly { readonly text: string; readonly receivedAtMs: number; readonly peer: string }[];
  readonly story: readonly StoryEvent[];
  /** False when memory keeps only the summary. */
  readonly complete: boolean;
}
