import { visible } from '../lib/escape.ts';
import { serviceName } from '../lib/services.ts';
import { conditionSentence } from '../notify/condition.ts';
import type { Outcome } from '../pipeline.ts';
import type { Rule, RuleSet } from '../rule.ts';
import type { AppStatus, SenderReport } from '../status.ts';
import type { Hit, Incident, OutboxEntry } from '../types.ts';
import type { IncidentDetail, IncidentSummary, StoryEvent } from '../web/incident-rows.ts';
import type { Overview, PageLine, QueuedAlert, RuleRow, SenderRow, SourceHit } from '../web/source.ts';

/*
 * What each thing looks like on the page: plain values, with all text from outside made safe to print.
 */

/** A port as people call it. */
export function service(port: number, transport?: string): string {
  return port < 0 ? 'no port' : (serviceName(port, transport) ?? String(port));
}

/** What became of a line, in words. */
export function becauseOf({ result, attempt }: Outcome): string {
  if (result === undefined) return 'no parser knows this format';
  if (result.kind === 'loss') return visible(`${result.loss.parser}: ${result.loss.reason}`, 200);
  if (result.kind !== 'attempt') return visible(`${result.parser}: ${result.reason}`, 200);
  const { parser, action, transport, source, destination } = attempt ?? result.attempt;
  const to = destination.port === undefined ? (transport ?? '') : service(destination.port, transport);
  const [from, at] = [source.ip ?? source.name ?? '?', destination.ip ?? destination.name ?? '?'];
  return visible(`${parser}: ${action}, ${from} to ${at} ${to}`, 200);
}

/** A line as it may be shown. */
export function safeLine(line: PageLine): PageLine {
  return { ...line, sender: visible(line.sender, 100), text: visible(line.text, 1_000) };
}

/** A bound address as people write it, IPv6 in brackets. */
export function listenerRow({
  name,
  host,
  port,
}: AppStatus['listeners'][number]): Overview['listeners'][number] {
  return { name: name.split(' ', 1)[0]!, address: `${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/** Datagrams that came and were not taken. */
export function receiveLosses({ listeners }: AppStatus): { what: string; count: number }[] {
  const sum = (reason: string) => listeners.reduce((count, { drops }) => count + (drops[reason] ?? 0), 0);
  return [
    {
      what: 'datagrams the kernel threw away, the receive buffer was full',
      count: sum('kernel-buffer-full'),
    },
    { what: 'datagrams given up, processing was behind', count: sum('main-thread-behind') },
  ];
}

/** What is wrong with the daemon itself, a sentence each. */
export function faultsOf({ rules, store, shared }: AppStatus): string[] {
  return [
    ...(rules.problems ?? []).map((problem) => `rules not taken: ${problem}`),
    ...(store.because === undefined ? [] : [`incidents and alerts are in memory only: ${store.because}`]),
    ...(shared === undefined || shared.otherRules === 0
      ? []
      : [`${shared.otherRules} of ${shared.nodes} receivers have other rules than this one: reload them`]),
    ...(shared?.away === undefined ? [] : [`Redis is away: ${shared.away}`]),
  ].map((fault) => visible(fault, 300));
}

interface FoundIncident {
  readonly summary: IncidentSummary;
  readonly incident?: Incident;
  readonly story: readonly StoryEvent[];
}

/** Everything about one incident; of an old one only the summary is left. `rule` is undefined when it is not in force. */
export function incidentDetail(
  { summary, incident, story }: FoundIncident,
  rule: Rule | undefined,
): IncidentDetail {
  const about = {
    ...summary,
    story,
    condition:
      rule === undefined
        ? `Rule ${summary.rule} is not in force any more.`
        : conditionSentence(rule, summary.kind),
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
      address: visible(address, 100),
      product,
      ...(hostname === undefined ? {} : { hostname: visible(hostname, 100) }),
      ...(logged === undefined ? {} : { rule: visible(logged, 100) }),
    })),
    targets: incident.targets.map((target) => ({
      ...target,
      service: service(target.port, target.transport),
    })),
    lines: incident.lines.map(({ bytes, receivedAtMs, peer }) => ({
      text: visible(bytes.toString('utf8'), 2_048),
      receivedAtMs,
      peer: visible(peer.address, 100),
    })),
  };
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

/** One knock of a source. */
export function sourceHit({ attempt, host, port, ruleId }: Hit): SourceHit {
  return {
    atMs: attempt.atMs,
    host: host.ip,
    ...(host.name === undefined ? {} : { name: host.name }),
    port,
    service: service(port, attempt.transport),
    rule: ruleId,
    action: attempt.action,
    observer: visible(attempt.observer.hostname ?? attempt.observer.address, 100),
  };
}

/** A rule with what it caught since the start. */
export function ruleRow(
  rule: Rule,
  names: RuleSet['names'],
  hits: { readonly hits: number; readonly lastMs: number } | undefined,
  counts = { incidents: 0, open: 0, mails: 0 },
): RuleRow {
  return {
    id: rule.id,
    ...(rule.title === undefined ? {} : { title: rule.title }),
    severity: rule.severity,
    position: `${rule.position.file}:${rule.position.line}`,
    conditions: rule.detect.map(({ kind }) => conditionSentence(rule, kind)),
    watches: watches(rule, names),
    notify: rule.notify,
    hits: hits?.hits ?? 0,
    ...(hits === undefined ? {} : { lastHitMs: hits.lastMs }),
    ...counts,
  };
}

function watches({ hosts, ports }: Rule, names: RuleSet['names']): string {
  const hostList = [...hosts.addresses, ...hosts.networks].map((host) => names.get(host) ?? host);
  const portList = ports.ranges.map(({ from, to, transport }) => {
    const numbers = from === to ? service(from, transport) : `${from}-${to}`;
    return transport === undefined ? numbers : `${numbers}/${transport}`;
  });
  return `${ports.any ? 'any port' : cut(portList)} on ${hosts.any ? 'any host' : cut(hostList)}`;
}

function cut(items: readonly string[]): string {
  const list = items.join(', ');
  return list.length <= 300 ? list : `${list.slice(0, list.lastIndexOf(',', 300))} ...`;
}

/** A sender; `skewMs` is what is added to its stamps. */
export function senderRow(
  { address, hostname, ...report }: SenderReport,
  skewMs: number | undefined,
): SenderRow {
  return {
    ...report,
    address: visible(address, 64),
    ...(hostname === undefined ? {} : { hostname: visible(hostname, 64) }),
    ...(skewMs === undefined ? {} : { skewMs }),
  };
}

/** An alert that waits or was given up. */
export function queuedAlert({
  alert,
  channel,
  attempts,
  createdAtMs,
  notBeforeMs,
  because,
}: OutboxEntry): QueuedAlert {
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
    ...(because === undefined ? {} : { because: visible(because, 500) }),
  };
}
