import { visible } from './lib/escape.ts';
import { canonicalIp, classifyIp } from './lib/ip.ts';
import { serviceName } from './lib/services.ts';
import { conditionSentence } from './notify/condition.ts';
import type { Outbox, OutboxEntry } from './notify/outbox.ts';
import type { Outcome, Pipeline } from './pipeline.ts';
import type { Rule, RuleSet } from './rule.ts';
import type { SenderHealth } from './sender-health.ts';
import type { AppStatus } from './status.ts';
import type { Decision, Delivery, Frame, Hit, Incident } from './types.ts';
import { Activity } from './web/activity.ts';
import type { Transition } from './web/incident-book.ts';
import type {
  DeliveryTable,
  IncidentDetail,
  IncidentPage,
  IncidentQuery,
  Overview,
  PageGrid,
  PageLine,
  PageSource,
  QueuedAlert,
  RuleRow,
  SenderTable,
  SourceStory,
  Traffic,
} from './web/source.ts';

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

  constructor(options: PageSourceOptions) {
    this.#options = options;
    this.#activity = new Activity(options.startedAtMs, { live: (identifier) => options.pipeline.incident(identifier), serviceName });
  }

  /** One line and what became of it. */
  line(frame: Frame, outcome: Outcome): void {
    const { result, attempt, hits } = outcome;
    this.#activity.line(frame, result?.kind ?? 'unknown', attempt, hits, () => because(outcome));
  }

  incidentMoved(incident: Incident, transition: Transition, nowMs: number): void {
    this.#activity.incidentMoved(incident, transition, nowMs);
  }

  decided(decision: Decision, incidentIds: readonly string[], nowMs: number): void {
    this.#activity.decided(decision, incidentIds, nowMs);
  }

  delivered(delivery: Delivery, nowMs: number): void {
    this.#activity.delivered({ ...delivery, because: visible(delivery.because, 500) }, nowMs);
  }

  /** Time has come to `nowMs`; to be called about once a second. */
  turn(nowMs: number): void {
    this.#activity.turn(nowMs);
    if (nowMs - this.#queueCountedMs < QUEUE_MS) return;
    this.#queueCountedMs = nowMs;
    void this.#countQueue();
  }

  overview(): Overview {
    const { version, hostName, zone, startedAtMs, pipeline, senders } = this.#options;
    const { rates, incidents } = this.#activity;
    const status = this.#options.status();
    const stats = pipeline.stats();
    const reports = senders.report();
    const recent = rates.recent();
    const refused = status.rules.problems ?? [];
    return {
      version,
      hostName: visible(hostName, 80),
      zone,
      state: status.state,
      ready: status.state === 'listening',
      faults: refused.map((problem) => `rules not taken: ${visible(problem, 300)}`),
      nowMs: Date.now(),
      startedAtMs,
      listeners: status.listeners.map(({ name, host, port }) => ({ name, address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` })),
      changes: this.#activity.changes,
      totals: rates.totals,
      rates: rates.perSecond(),
      recentLines: recent.lines,
      recentHits: recent.hits,
      openIncidents: stats.openIncidents,
      incidents: incidents.size,
      openBySeverity: incidents.openBySeverity(),
      senders: {
        known: reports.length,
        quiet: reports.filter(({ state }) => state === 'quiet').length,
        unparsed: reports.filter(({ state }) => state === 'unparsed').length,
      },
      outbox: this.#queue,
      losses: [
        { what: 'messages lost at the devices, by their own notices', count: reports.reduce((sum, { lost }) => sum + lost, 0) },
        { what: 'keys forgotten early', count: stats.evictedKeys },
        { what: 'hits judged early', count: stats.releasedEarly },
        { what: 'incidents closed early', count: stats.closedEarly },
        { what: 'senders forgotten', count: senders.evicted },
      ].filter(({ count }) => count > 0),
    };
  }

  lines(after?: number): readonly PageLine[] {
    return this.#activity.lines.list(after).map((line) => ({ ...line, sender: visible(line.sender, 100), text: visible(line.text, 1_000) }));
  }

  grid(): PageGrid {
    return this.#activity.grid.picture(this.#options.ruleSet(), this.#activity.incidents.open(MAX_OPEN_SHOWN), serviceName);
  }

  async incidents(query: IncidentQuery): Promise<IncidentPage> {
    return this.#activity.incidents.query(query);
  }

  async incident(id: string): Promise<IncidentDetail | undefined> {
    const found = this.#activity.incidents.find(id);
    if (found === undefined) return undefined;
    const { summary, incident, story } = found;
    const rule = this.#options.ruleSet().rules.find((candidate) => candidate.id === summary.rule);
    const about = {
      ...summary,
      story,
      condition: rule === undefined ? `Rule ${summary.rule} is not in force any more.` : conditionSentence(rule, summary.kind),
      position: rule === undefined ? '' : `${rule.position.file}:${rule.position.line}`,
    };
    if (incident === undefined) return { ...about, ...NO_DETAIL, firstSeenMs: summary.openedAtMs };
    return {
      ...about,
      complete: true,
      firstSeenMs: incident.firstSeenMs,
      lineCount: incident.lineCount,
      remarks: incident.remarks.map((remark) => visible(remark, 400)),
      overflow: incident.overflow,
      transports: incident.transports,
      tcpFlags: incident.tcpFlags.map((flags) => visible(flags, 60)),
      sourcePorts: incident.sourcePorts,
      observers: incident.observers.map(({ hostname, address, product, rule: logged }) => ({
        address,
        product,
        ...(hostname === undefined ? {} : { hostname: visible(hostname, 100) }),
        ...(logged === undefined ? {} : { rule: visible(logged, 100) }),
      })),
      targets: incident.targets.map((target) => ({ ...target, service: service(target.port, target.transport) })),
      lines: incident.lines.map(({ bytes, receivedAtMs, peer }) => ({
        text: visible(bytes.toString('utf8'), 2_048),
        receivedAtMs,
        peer: visible(peer.address, 100),
      })),
    };
  }

  async source(ip: string): Promise<SourceStory> {
    const { incidents, tops, lines } = this.#activity;
    const address = canonicalIp(ip) ?? ip;
    const of = (hit: Hit) => hit.sourceIp === address;
    return {
      ip: visible(address, 64),
      kind: canonicalIp(ip) === undefined ? 'not an address' : classifyIp(address),
      incidents: incidents.query({ source: address, offset: 0, limit: MAX_SOURCE_ROWS }).rows,
      hits: this.#activity.hits(of, MAX_SOURCE_ROWS).map(({ attempt, host, port, ruleId }) => ({
        atMs: attempt.atMs,
        host: host.ip,
        ...(host.name === undefined ? {} : { name: host.name }),
        port,
        service: service(port, attempt.transport),
        rule: ruleId,
        action: attempt.action,
        observer: visible(attempt.observer.hostname ?? attempt.observer.address, 100),
      })),
      lines: lines.list().filter((line) => line.source === address).map((line) => ({ ...line, text: visible(line.text, 1_000) })),
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
    return this.#options.ruleSet().rules.map((rule): RuleRow => {
      const hits = this.#activity.ofRule(rule.id);
      return {
        id: rule.id,
        ...(rule.title === undefined ? {} : { title: rule.title }),
        severity: rule.severity,
        position: `${rule.position.file}:${rule.position.line}`,
        conditions: rule.detect.map(({ kind }) => conditionSentence(rule, kind)),
        watches: watches(rule),
        notify: rule.notify,
        hits: hits?.hits ?? 0,
        ...(hits === undefined ? {} : { lastHitMs: hits.lastMs }),
        ...(counts.get(rule.id) ?? { incidents: 0, open: 0, mails: 0 }),
      };
    });
  }

  senders(): SenderTable {
    const { senders, pipeline } = this.#options;
    const skews = new Map(pipeline.skewedClocks());
    const reports = senders.report();
    return {
      rows: reports.slice(0, MAX_SENDER_ROWS).map(({ address, hostname, ...report }) => {
        const skewMs = skews.get(`${address} ${hostname ?? ''}`);
        return {
          ...report,
          address: visible(address, 64),
          ...(hostname === undefined ? {} : { hostname: visible(hostname, 64) }),
          ...(skewMs === undefined ? {} : { skewMs }),
        };
      }),
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
      waiting: waiting.slice(0, MAX_QUEUED).map(queued),
      dead: dead.slice(-MAX_QUEUED).toReversed().map(queued),
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

const NO_DETAIL = {
  complete: false,
  lineCount: 0,
  remarks: [],
  overflow: 0,
  transports: [],
  tcpFlags: [],
  sourcePorts: [],
  observers: [],
  targets: [],
  lines: [],
} as const;

/** What became of a line, in words. */
function because({ result, attempt }: Outcome): string {
  if (result === undefined) return 'no parser knows this format';
  if (result.kind === 'loss') return visible(`${result.loss.parser}: ${result.loss.reason}`, 200);
  if (result.kind !== 'attempt') return visible(`${result.parser}: ${result.reason}`, 200);
  const { parser, action, transport } = attempt ?? result.attempt;
  const { source, destination } = result.attempt;
  const to = destination.port === undefined ? (transport ?? '') : service(destination.port, transport);
  return visible(`${parser}: ${action}, ${source.ip ?? source.name ?? '?'} to ${destination.ip ?? destination.name ?? '?'} ${to}`, 200);
}

function service(port: number, transport?: string): string {
  return port < 0 ? 'no port' : (serviceName(port, transport) ?? String(port));
}

function watches({ hosts, ports }: Rule): string {
  const hostList = hosts.any ? 'any host' : [...hosts.addresses, ...hosts.networks].join(', ');
  const portList = ports.any
    ? 'any port'
    : ports.ranges
        .map(({ from, to, transport }) => {
          const numbers = from === to ? service(from, transport) : `${from}-${to}`;
          return transport === undefined ? numbers : `${numbers}/${transport}`;
        })
        .join(', ');
  return `${cut(portList)} on ${cut(hostList)}`;
}

function cut(list: string): string {
  return list.length <= 300 ? list : `${list.slice(0, list.lastIndexOf(',', 300))} ...`;
}

function queued({ alert, channel, attempts, createdAtMs, notBeforeMs, because: reason }: OutboxEntry): QueuedAlert {
  return {
    alertId: alert.id,
    channel,
    subject: visible(alert.subject, 200),
    severity: alert.severity,
    reason: alert.reason,
    incidents: alert.incidentIds.slice(0, 20),
    attempts,
    createdAtMs,
    notBeforeMs,
    ...(reason === undefined ? {} : { because: visible(reason, 500) }),
  };
}
