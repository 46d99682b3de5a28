import type { Decision, Delivery, Incident, Severity } from '../types.ts';
import { IncidentDetails } from './incident-details.ts';
import { IncidentEntry, type IncidentWords } from './incident-entry.ts';
import type { IncidentPage, IncidentQuery, IncidentSummary, StoryEvent } from './incident-rows.ts';

const MAX_INCIDENTS = 10_000;
/** Entries that are compared when one has to go. */
const LOOKED_AT = 256;
const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

export type Transition = 'opened' | 'settled' | 'escalated' | 'closed';

export interface IncidentBookOptions extends IncidentWords {
  /** The incident as it is now, while it is open; by its identifier. */
  readonly live: (identifier: string) => Incident | undefined;
}

/** What the page tells about incidents: the last ten thousand in short, those that are open or recent in full. */
export class IncidentBook {
  readonly #options: IncidentBookOptions;
  /** By id, in order of opening. */
  readonly #entries = new Map<string, IncidentEntry>();
  readonly #details = new IncidentDetails();

  constructor(options: IncidentBookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  moved(incident: Incident, transition: Transition, nowMs: number): void {
    const known = this.#entries.get(incident.id);
    known?.update(incident);
    const entry = known ?? this.#add(incident);
    entry.remember({ atMs: nowMs, kind: transition, severity: incident.severity });
    if (transition === 'closed') this.#details.keep(incident);
  }

  /** An open incident is not what it was; says whether that includes its state. */
  changed(incident: Incident): boolean {
    const entry = this.#entries.get(incident.id);
    if (entry === undefined) return false;
    // Who has looked at it meanwhile has its new state already, but only that one.
    const isNews = incident.state === 'quiet' || entry.summary.state !== incident.state;
    entry.update(incident);
    return isNews;
  }

  /** An incident of an earlier run. */
  restore(incident: Incident): void {
    const entry = this.#entries.get(incident.id) ?? this.#add(incident);
    entry.remember({ atMs: incident.openedAtMs, kind: 'opened', severity: incident.severity });
    if (incident.state === 'closed') this.#details.keep(incident);
  }

  /** A delivery of an earlier run. */
  restoreDelivery(delivery: Delivery, atMs: number): void {
    this.#entryOf(delivery)?.deliveredBefore(delivery, atMs);
  }

  /** Tells of it no more. */
  forget(id: string): void {
    this.#entries.delete(id);
  }

  decided(decision: Decision, incidentIds: readonly string[], nowMs: number): void {
    for (const id of incidentIds) this.#entries.get(id)?.decided(decision, nowMs);
  }

  delivered(delivery: Delivery, nowMs: number): void {
    this.#entryOf(delivery)?.remember({ atMs: nowMs, kind: 'delivery', delivery });
  }

  query(query: IncidentQuery): IncidentPage {
    const found: IncidentEntry[] = [];
    for (const entry of this.#entries.values()) if (entry.matches(query)) found.push(entry);
    const end = found.length - query.offset;
    const rows = found.slice(Math.max(0, end - query.limit), Math.max(0, end)).reverse();
    return { total: found.length, of: this.#entries.size, rows: rows.map((entry) => this.#fresh(entry)) };
  }

  /** The incident in full, or its summary alone, with its story. */
  find(id: string):
    | {
        readonly summary: IncidentSummary;
        readonly incident?: Incident;
        readonly story: readonly StoryEvent[];
      }
    | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const incident = this.#live(entry) ?? this.#details.get(id);
    if (incident !== undefined) entry.update(incident);
    return { summary: entry.summary, ...(incident === undefined ? {} : { incident }), story: entry.story };
  }

  /** `Probe: who did what`, as it was when it was last looked at. */
  headline(id: string): string | undefined {
    const summary = this.#entries.get(id)?.summary;
    return summary && `${summary.word}: ${summary.headline}`;
  }

  /** Incidents that are not closed, the newest `max` of them, as they are now. */
  open(max: number): Incident[] {
    const open: Incident[] = [];
    for (const entry of [...this.#entries.values()].reverse()) {
      if (open.length >= max) break;
      const incident = this.#live(entry);
      if (incident !== undefined) open.push(incident);
    }
    return open.reverse();
  }

  openBySeverity(): Record<Severity, number> {
    const counts = { low: 0, medium: 0, high: 0, critical: 0 };
    for (const { isClosed, summary } of this.#entries.values()) if (!isClosed) counts[summary.severity]++;
    return counts;
  }

  /** Incidents and mails of each rule. */
  byRule(): Map<string, { incidents: number; open: number; mails: number }> {
    const rules = new Map<string, { incidents: number; open: number; mails: number }>();
    for (const { summary, isClosed } of this.#entries.values()) {
      const counts = rules.get(summary.rule) ?? { incidents: 0, open: 0, mails: 0 };
      counts.incidents++;
      counts.mails += summary.mails;
      if (!isClosed) counts.open++;
      rules.set(summary.rule, counts);
    }
    return rules;
  }

  /** Alerts are named `<incident>.<what>`. */
  #entryOf({ alertId }: Delivery): IncidentEntry | undefined {
    return this.#entries.get(alertId.slice(0, alertId.indexOf('.')));
  }

  #add(incident: Incident): IncidentEntry {
    if (this.#entries.size >= MAX_INCIDENTS) this.#forgetOne();
    const entry = new IncidentEntry(incident, this.#options);
    this.#entries.set(incident.id, entry);
    return entry;
  }

  /** Of the oldest: one that is closed, or else the mildest. A flood of small ones must not push the grave ones out. */
  #forgetOne(): void {
    let [mildest, least] = ['', Number.POSITIVE_INFINITY];
    let looked = 0;
    for (const [id, { isClosed, summary }] of this.#entries) {
      const weight = isClosed ? -1 : SEVERITIES.indexOf(summary.severity);
      if (weight < least) [mildest, least] = [id, weight];
      if (isClosed || ++looked >= LOOKED_AT) break;
    }
    this.#entries.delete(mildest);
  }

  #live(entry: IncidentEntry): Incident | undefined {
    if (entry.isClosed) return undefined;
    const incident = this.#options.live(entry.identifier);
    // The identifier may have come round again: a later incident of the same source.
    return incident?.id === entry.summary.id ? incident : undefined;
  }

  #fresh(entry: IncidentEntry): IncidentSummary {
    const incident = this.#live(entry);
    if (incident !== undefined) entry.update(incident);
    return entry.summary;
  }
}
