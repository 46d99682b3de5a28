import type { Decision, Delivery, Incident, Severity } from '../types.ts';
import type { IncidentPage, IncidentQuery, IncidentSummary, StoryEvent } from './source.ts';

const MAX_INCIDENTS = 10_000;
/** Octets of whole incidents (lines, targets) that are kept beside the summaries. */
const MAX_DETAIL_BYTES = 24 << 20;
const MAX_LINE_BYTES = 2_048;
const MAX_STORY = 64;
/** Sources and ports of a summary; the counts are exact. */
const SHOWN_SOURCES = 8;
const SHOWN_PORTS = 8;
/** A target in memory is about so large. */
const TARGET_BYTES = 150;

export type Transition = 'opened' | 'settled' | 'escalated' | 'closed';

interface Entry {
  readonly identifier: string;
  summary: IncidentSummary;
  /** All sources and hosts, for the filters. */
  sources: readonly string[];
  hosts: ReadonlySet<string>;
  ports: readonly number[];
  searchText: string;
  readonly story: StoryEvent[];
  mails: number;
}

export interface IncidentBookOptions {
  /** The incident as it is now, while it is open; by its identifier. */
  readonly live: (identifier: string) => Incident | undefined;
  readonly serviceName: (port: number, transport?: string) => string | undefined;
  /** Who did what to whom, in a word and in a line. */
  readonly verdict: (incident: Incident) => { readonly word: string; readonly headline: string };
}

/** What the page tells about incidents: the last ten thousand in short, those that are open or recent in full. */
export class IncidentBook {
  readonly #options: IncidentBookOptions;
  /** By id, in order of opening. */
  readonly #entries = new Map<string, Entry>();
  /** Closed incidents in full, oldest first. */
  readonly #details = new Map<string, Incident>();
  #detailBytes = 0;

  constructor(options: IncidentBookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  moved(incident: Incident, transition: Transition, nowMs: number): void {
    const entry = this.#entries.get(incident.id) ?? this.#add(incident);
    this.#update(entry, incident);
    remember(entry, { atMs: nowMs, kind: transition, severity: incident.severity });
    if (transition === 'closed') this.#keepDetail(incident);
  }

  /** Tells of it no more. */
  forget(id: string): void {
    this.#entries.delete(id);
  }

  decided(decision: Decision, incidentIds: readonly string[], nowMs: number): void {
    for (const id of incidentIds) {
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      if (decision.send) entry.mails++;
      entry.summary = { ...entry.summary, told: decision.reason, mails: entry.mails };
      remember(entry, { atMs: nowMs, kind: 'decision', decision });
    }
  }

  /** Alerts are named `<incident>.<what>`. */
  delivered(delivery: Delivery, nowMs: number): void {
    const entry = this.#entries.get(delivery.alertId.slice(0, delivery.alertId.indexOf('.')));
    if (entry !== undefined) remember(entry, { atMs: nowMs, kind: 'delivery', delivery });
  }

  query(query: IncidentQuery): IncidentPage {
    const found: Entry[] = [];
    for (const entry of this.#entries.values()) if (matches(entry, query)) found.push(entry);
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
    if (incident !== undefined) this.#update(entry, incident);
    return { summary: entry.summary, ...(incident === undefined ? {} : { incident }), story: entry.story };
  }

  /** Incidents that are not closed, the newest `max` of them, as they are now. */
  open(max: number): Incident[] {
    const open: Incident[] = [];
    for (const entry of [...this.#entries.values()].reverse()) {
      if (open.length >= max) break;
      const incident = entry.summary.state === 'closed' ? undefined : this.#live(entry);
      if (incident !== undefined) open.push(incident);
    }
    return open.reverse();
  }

  openBySeverity(): Record<Severity, number> {
    const counts = { low: 0, medium: 0, high: 0, critical: 0 };
    for (const { summary } of this.#entries.values())
      if (summary.state !== 'closed') counts[summary.severity]++;
    return counts;
  }

  /** Incidents and mails of each rule. */
  byRule(): Map<string, { incidents: number; open: number; mails: number }> {
    const rules = new Map<string, { incidents: number; open: number; mails: number }>();
    for (const { summary, mails } of this.#entries.values()) {
      const counts = rules.get(summary.rule) ?? { incidents: 0, open: 0, mails: 0 };
      counts.incidents++;
      counts.mails += mails;
      if (summary.state !== 'closed') counts.open++;
      rules.set(summary.rule, counts);
    }
    return rules;
  }

  #add(incident: Incident): Entry {
    if (this.#entries.size >= MAX_INCIDENTS) this.#entries.delete(this.#entries.keys().next().value!);
    const entry: Entry = {
      identifier: incident.identifier,
      summary: this.#summaryOf(incident),
      sources: [],
      hosts: new Set(),
      ports: [],
      searchText: '',
      story: [],
      mails: 0,
    };
    this.#entries.set(incident.id, entry);
    return entry;
  }

  #live(entry: Entry): Incident | undefined {
    if (entry.summary.state === 'closed') return undefined;
    const incident = this.#options.live(entry.identifier);
    // The identifier may have come round again: a later incident of the same source.
    return incident?.id === entry.summary.id ? incident : undefined;
  }

  #fresh(entry: Entry): IncidentSummary {
    const incident = this.#live(entry);
    if (incident !== undefined) this.#update(entry, incident);
    return entry.summary;
  }

  #update(entry: Entry, incident: Incident): void {
    const { told } = entry.summary;
    entry.summary = {
      ...this.#summaryOf(incident),
      ...(told === undefined ? {} : { told }),
      mails: entry.mails,
    };
    entry.sources = incident.sources;
    entry.hosts = new Set(
      incident.targets.flatMap(({ ip, name }) => (name === undefined ? [ip] : [ip, name])),
    );
    entry.ports = incident.ports;
    const { id, ruleId, kind, sources } = incident;
    const { word, headline, services } = entry.summary;
    entry.searchText = [
      id,
      ruleId,
      kind,
      word,
      headline,
      ...sources.slice(0, 32),
      ...services,
      ...entry.hosts,
    ]
      .join(' ')
      .slice(0, 1_000)
      .toLowerCase();
  }

  #summaryOf(incident: Incident): IncidentSummary {
    const { word, headline } = this.#options.verdict(incident);
    const transport = incident.transports[0];
    return {
      id: incident.id,
      kind: incident.kind,
      rule: incident.ruleId,
      severity: incident.severity,
      state: incident.state,
      openedAtMs: incident.openedAtMs,
      lastSeenMs: incident.lastSeenMs,
      sources: incident.sources.slice(0, SHOWN_SOURCES),
      sourceCount: incident.sources.length,
      hostCount: new Set(incident.targets.map(({ ip }) => ip)).size,
      ports: incident.ports.slice(0, SHOWN_PORTS),
      services: incident.ports
        .slice(0, SHOWN_PORTS)
        .map((port) => this.#options.serviceName(port, transport) ?? String(port)),
      count: incident.count,
      word,
      headline,
      sentence: incident.sentence,
      mails: 0,
    };
  }

  #keepDetail(incident: Incident): void {
    const lines = incident.lines.map((line) =>
      line.bytes.length <= MAX_LINE_BYTES
        ? line
        : { ...line, bytes: Buffer.from(line.bytes.subarray(0, MAX_LINE_BYTES)) },
    );
    const kept = { ...incident, lines };
    this.#details.set(incident.id, kept);
    this.#detailBytes += weightOf(kept);
    for (const [id, oldest] of this.#details) {
      if (this.#detailBytes <= MAX_DETAIL_BYTES) break;
      this.#details.delete(id);
      this.#detailBytes -= weightOf(oldest);
    }
  }
}

function remember(entry: Entry, event: StoryEvent): void {
  if (entry.story.length >= MAX_STORY) entry.story.splice(1, 1);
  entry.story.push(event);
}

function weightOf({ lines, targets }: Incident): number {
  return (
    1_000 + targets.length * TARGET_BYTES + lines.reduce((sum, { bytes }) => sum + bytes.length + 200, 0)
  );
}

function matches({ summary, sources, hosts, ports, searchText }: Entry, query: IncidentQuery): boolean {
  if (query.severity !== undefined && summary.severity !== query.severity) return false;
  if (query.state !== undefined && (summary.state === 'closed') !== (query.state === 'closed')) return false;
  if (query.rule !== undefined && summary.rule !== query.rule) return false;
  if (query.source !== undefined && !sources.includes(query.source)) return false;
  if (query.host !== undefined && !hosts.has(query.host)) return false;
  if (query.port !== undefined && !ports.includes(query.port)) return false;
  return query.text === undefined || searchText.includes(query.text.toLowerCase());
}
