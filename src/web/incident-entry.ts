import type { Decision, Delivery, Incident } from '../types.ts';
import type { IncidentQuery, IncidentSummary, StoryEvent } from './incident-rows.ts';

/** Sources and ports of a summary; the counts are exact. */
const SHOWN_SOURCES = 8;
const SHOWN_PORTS = 8;
const MAX_STORY = 64;

/** How an incident is put into words. */
export interface IncidentWords {
  readonly serviceName: (port: number, transport?: string) => string | undefined;
  /** Who did what to whom, in a word and in a line. */
  readonly verdict: (incident: Incident) => { readonly word: string; readonly headline: string };
}

/** What the page keeps of one incident: its summary, what it is found by, and its story. */
export class IncidentEntry {
  readonly identifier: string;
  readonly #words: IncidentWords;
  readonly #story: StoryEvent[] = [];
  #summary: IncidentSummary;
  /** All sources and hosts, for the filters. */
  #sources: readonly string[] = [];
  #hosts: ReadonlySet<string> = new Set();
  #ports: readonly number[] = [];
  #searchText = '';

  constructor(incident: Incident, words: IncidentWords) {
    this.identifier = incident.identifier;
    this.#words = words;
    this.#summary = { ...this.#summaryOf(incident), mails: 0 };
    this.update(incident);
  }

  get summary(): IncidentSummary {
    return this.#summary;
  }

  get story(): readonly StoryEvent[] {
    return this.#story;
  }

  get isClosed(): boolean {
    return this.#summary.state === 'closed';
  }

  /** Takes the incident as it is now. */
  update(incident: Incident): void {
    const { told, mails } = this.#summary;
    this.#summary = { ...this.#summaryOf(incident), ...(told === undefined ? {} : { told }), mails };
    const { id, ruleId, kind, sources, targets, ports } = incident;
    this.#sources = sources;
    this.#hosts = new Set(targets.flatMap(({ ip, name }) => (name === undefined ? [ip] : [ip, name])));
    this.#ports = ports;
    const { word, headline, services } = this.#summary;
    this.#searchText = [
      id,
      ruleId,
      kind,
      word,
      headline,
      ...sources.slice(0, 32),
      ...services,
      ...this.#hosts,
    ]
      .join(' ')
      .slice(0, 1_000)
      .toLowerCase();
  }

  /** Adds to the story; one that never ends keeps its beginning and its end. */
  remember(event: StoryEvent): void {
    if (this.#story.length >= MAX_STORY) this.#story.splice(1, 1);
    this.#story.push(event);
  }

  decided(decision: Decision, atMs: number): void {
    this.#told(decision.reason, decision.send);
    this.remember({ atMs, kind: 'decision', decision });
  }

  /** A delivery of an earlier run, whose decisions are forgotten: an alert that arrived was a mail, by however many channels. */
  deliveredBefore(delivery: Delivery, atMs: number): void {
    const isKnown = this.#story.some(
      (event) =>
        event.kind === 'delivery' &&
        event.delivery.alertId === delivery.alertId &&
        event.delivery.outcome === 'delivered',
    );
    if (delivery.outcome === 'delivered' && !isKnown) this.#told('already-alerted', true);
    this.remember({ atMs, kind: 'delivery', delivery });
  }

  matches(query: IncidentQuery): boolean {
    const { severity, rule } = this.#summary;
    if (query.severity !== undefined && severity !== query.severity) return false;
    if (query.state !== undefined && this.isClosed !== (query.state === 'closed')) return false;
    if (query.rule !== undefined && rule !== query.rule) return false;
    if (query.source !== undefined && !this.#sources.includes(query.source)) return false;
    if (query.host !== undefined && !this.#hosts.has(query.host)) return false;
    if (query.port !== undefined && !this.#ports.includes(query.port)) return false;
    return query.text === undefined || this.#searchText.includes(query.text.toLowerCase());
  }

  #told(told: NonNullable<IncidentSummary['told']>, isMail: boolean): void {
    this.#summary = { ...this.#summary, told, mails: this.#summary.mails + (isMail ? 1 : 0) };
  }

  #summaryOf(incident: Incident): Omit<IncidentSummary, 'mails' | 'told'> {
    const { id, kind, ruleId, severity, state, openedAtMs, lastSeenMs, sources, targets, ports } = incident;
    const transport = incident.transports[0];
    const shownPorts = ports.slice(0, SHOWN_PORTS);
    return {
      id,
      kind,
      rule: ruleId,
      severity,
      state,
      openedAtMs,
      lastSeenMs,
      sources: sources.slice(0, SHOWN_SOURCES),
      sourceCount: sources.length,
      hostCount: new Set(targets.map(({ ip }) => ip)).size,
      ports: shownPorts,
      services: shownPorts.map((port) => this.#words.serviceName(port, transport) ?? String(port)),
      count: incident.count,
      ...this.#words.verdict(incident),
      sentence: incident.sentence,
    };
  }
}
