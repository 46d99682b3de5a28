import { visible } from '../lib/escape.ts';
import { canonicalIp, classifyIp } from '../lib/ip.ts';
import { serviceName } from '../lib/services.ts';
import type { Outbox } from '../notify/outbox.ts';
import { verdictOf } from '../notify/verdict.ts';
import type { Outcome, Pipeline } from '../pipeline.ts';
import type { RuleSet } from '../rule.ts';
import type { AppStatus } from '../status.ts';
import type { Decision, Delivery, Frame, Hit, Incident } from '../types.ts';
import { Activity } from '../web/activity.ts';
import type { Transition } from '../web/incident-book.ts';
import type { IncidentDetail, IncidentPage, IncidentQuery } from '../web/incident-rows.ts';
import type {
  DeliveryTable,
  Overview,
  PageGrid,
  PageLine,
  PageSource,
  RuleRow,
  SenderTable,
  SourceStory,
  Traffic,
} from '../web/source.ts';
import {
  becauseOf,
  faultsOf,
  incidentDetail,
  listenerRow,
  queuedAlert,
  receiveLosses,
  ruleRow,
  safeLine,
  senderRow,
  service,
  sourceHit,
} from './page-rows.ts';
import type { SenderHealth } from './sender-health.ts';

export interface PageSourceOptions {
  readonly version: string;
  readonly hostName: string;
  readonly zone: string;
  readonly channels: readonly string[];
  readonly startedAtMs: number;
  readonly pipeline: Pick<Pipeline, 'incident' | 'stats' | 'skewedClocks'>;
  readonly senders: SenderHealth;
  readonly ruleSet: () => RuleSet;
  readonly status: () => AppStatus;
  readonly outbox: () => Outbox;
}

const MAX_SENDER_ROWS = 1_000;
const MAX_QUEUED = 200;
/** How often the outbox is asked how much waits. */
const QUEUE_MS = 5_000;
const MAX_TOP = 8;
const MAX_OPEN_SHOWN = 50;
const MAX_SOURCE_ROWS = 200;

/** What the daemon knows, for the page and for `status`: it is fed with what happens and asked by the server. */
export class DaemonPageSource implements PageSource {
  readonly #options: PageSourceOptions;
  readonly #activity: Activity;
  #queue = { waiting: 0, dead: 0 };
  #queueCountedMs = 0;
  #passedOver = 0;

  constructor(options: PageSourceOptions) {
    this.#options = options;
    this.#activity = new Activity(options.startedAtMs, {
      live: (identifier) => options.pipeline.incident(identifier),
      serviceName,
      verdict: (incident) => verdictOf(incident, serviceName),
    });
  }

  /** One line and what became of it. */
  line(frame: Frame, outcome: Outcome): void {
    const { result, attempt, hits } = outcome;
    this.#activity.line(frame, result?.kind ?? 'unknown', attempt, hits, () => becauseOf(outcome));
  }

  /** Lines that touch nothing watched and were only counted. */
  passedOver(lines: number): void {
    this.#activity.rates.lines += lines;
    this.#passedOver += lines;
  }

  incidentMoved(incident: Incident, transition: Transition, nowMs: number): void {
    this.#activity.incidentMoved(incident, transition, nowMs);
  }

  /** Open incidents that are not what they were. */
  incidentsChanged(incidents: readonly Incident[]): void {
    this.#activity.incidentsChanged(incidents);
  }

  /** These open incidents are another node's from now on. */
  incidentsLeft(incidentIds: readonly string[]): void {
    this.#activity.incidentsLeft(incidentIds);
  }

  decided(decision: Decision, incidentIds: readonly string[], nowMs: number): void {
    this.#activity.decided(decision, incidentIds, nowMs);
  }

  delivered(delivery: Delivery, nowMs: number): void {
    this.#activity.delivered({ ...delivery, because: visible(delivery.because, 500) }, nowMs);
  }

  /** What is known of earlier runs: incidents in order of opening, deliveries the oldest first. */
  restore(
    incidents: readonly Incident[],
    deliveries: readonly (Delivery & { readonly atMs: number })[],
  ): void {
    this.#activity.restore(
      incidents,
      deliveries.map((delivery) => ({ ...delivery, because: visible(delivery.because, 500) })),
    );
  }

  /** Time has come to `nowMs`; to be called about once a second. */
  turn(nowMs: number): void {
    this.#activity.turn(nowMs);
    if (Math.abs(nowMs - this.#queueCountedMs) < QUEUE_MS) return;
    this.#queueCountedMs = nowMs;
    void this.#countQueue();
  }

  overview(): Overview {
    const { version, hostName, zone, startedAtMs, pipeline, senders } = this.#options;
    const { rates, incidents } = this.#activity;
    const status = this.#options.status();
    const stats = pipeline.stats();
    const { lost, ...senderCounts } = senders.summary();
    const recent = rates.recent();
    return {
      version,
      hostName: visible(hostName, 80),
      zone,
      state: status.state,
      ready: status.state === 'listening',
      faults: faultsOf(status),
      nowMs: Date.now(),
      startedAtMs,
      listeners: status.listeners.map(listenerRow),
      changes: this.#activity.changes,
      totals: rates.totals,
      rates: rates.perSecond(),
      recentLines: recent.lines,
      recentHits: recent.hits,
      openIncidents: stats.openIncidents,
      incidents: incidents.size,
      openBySeverity: incidents.openBySeverity(),
      senders: senderCounts,
      outbox: this.#queue,
      ...(status.shared === undefined ? {} : { shared: status.shared }),
      passedOver: this.#passedOver,
      losses: [
        ...receiveLosses(status),
        { what: 'hits given up because Redis was away or full', count: status.shared?.dropped ?? 0 },
        { what: 'messages lost at the devices, by their own notices', count: lost },
        { what: 'keys forgotten early', count: stats.evictedKeys },
        { what: 'hits judged early', count: stats.releasedEarly },
        { what: 'incidents closed early', count: stats.closedEarly },
        { what: 'senders forgotten', count: senders.evicted },
      ].filter(({ count }) => count > 0),
    };
  }

  lines(after?: number): readonly PageLine[] {
    return this.#activity.lines.list(after).map(safeLine);
  }

  grid(): PageGrid {
    return this.#activity.grid.picture(
      this.#options.ruleSet(),
      this.#activity.incidents.open(MAX_OPEN_SHOWN),
      serviceName,
    );
  }

  async incidents(query: IncidentQuery): Promise<IncidentPage> {
    return this.#activity.incidents.query(query);
  }

  async incident(id: string): Promise<IncidentDetail | undefined> {
    const found = this.#activity.incidents.find(id);
    if (found === undefined) return undefined;
    return incidentDetail(
      found,
      this.#options.ruleSet().rules.find(({ id: ruleId }) => ruleId === found.summary.rule),
    );
  }

  async source(ip: string): Promise<SourceStory> {
    const { incidents, tops, lines } = this.#activity;
    const address = canonicalIp(ip) ?? ip;
    const of = (hit: Hit) => hit.sourceIp === address;
    return {
      ip: visible(address, 64),
      kind: canonicalIp(ip) === undefined ? 'not an address' : classifyIp(address),
      incidents: incidents.query({ source: address, offset: 0, limit: MAX_SOURCE_ROWS }).rows,
      hits: this.#activity.hits(of, MAX_SOURCE_ROWS).map(sourceHit),
      lines: lines
        .list()
        .filter((line) => line.source === address)
        .map(safeLine),
      attempts: tops.ofSource(address),
    };
  }

  traffic(hours: number): Traffic {
    const { rates, tops } = this.#activity;
    const named = (key: string) => {
      const [port = '', transport] = key.split('/');
      return `${service(Number(port), transport)} ${key}`;
    };
    return {
      stepMs: 60_000,
      ...rates.minutes(hours * 60),
      topStepMs: tops.stepMs,
      topTimes: tops.times(hours),
      ports: tops.top('ports', MAX_TOP, hours, named),
      sources: tops.top('sources', MAX_TOP, hours, (key) => key),
    };
  }

  rules(): readonly RuleRow[] {
    const counts = this.#activity.incidents.byRule();
    const { rules, names } = this.#options.ruleSet();
    return rules.map((rule) => ruleRow(rule, names, this.#activity.ofRule(rule.id), counts.get(rule.id)));
  }

  senders(): SenderTable {
    const { senders, pipeline } = this.#options;
    const skews = new Map(pipeline.skewedClocks());
    const reports = senders.report();
    return {
      rows: reports
        .slice(0, MAX_SENDER_ROWS)
        .map((report) => senderRow(report, skews.get(`${report.address} ${report.hostname ?? ''}`))),
      more: Math.max(0, reports.length - MAX_SENDER_ROWS),
      forgotten: senders.evicted,
    };
  }

  async deliveries(): Promise<DeliveryTable> {
    const outbox = this.#options.outbox();
    const [waiting, dead] = await Promise.all([outbox.list(), outbox.deadLetters()]);
    this.#queue = { waiting: waiting.length, dead: dead.length };
    return {
      channels: this.#options.channels,
      waiting: waiting.slice(0, MAX_QUEUED).map(queuedAlert),
      dead: dead.slice(-MAX_QUEUED).toReversed().map(queuedAlert),
      ...this.#activity.told(),
    };
  }

  /** The head of the page shows how many wait; the outbox may be slow or broken, and the page must not be. */
  async #countQueue(): Promise<void> {
    try {
      const outbox = this.#options.outbox();
      const [waiting, dead] = await Promise.all([outbox.list(), outbox.deadLetters()]);
      this.#queue = { waiting: waiting.length, dead: dead.length };
    } catch {
      // The notifier reports the outbox's faults itself.
    }
  }
}
