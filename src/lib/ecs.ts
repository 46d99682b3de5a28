import type { Alert, Attempt, Incident, ParsedAttempt, Severity } from '../types.ts';

/** A value for JSON with absent things left out, so that a reader never meets null, empty objects or empty strings. */
type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Drops absent members and objects that are left empty. */
function compact(value: { readonly [key: string]: Json | undefined }): { [key: string]: Json } {
  const kept: { [key: string]: Json } = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const inner =
      typeof member === 'object' && !Array.isArray(member)
        ? compact(member as { [key: string]: Json })
        : member;
    if (typeof inner === 'object' && !Array.isArray(inner) && Object.keys(inner).length === 0) continue;
    kept[key] = inner;
  }
  return kept;
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

/** An attempt in ECS names (elastic.co/guide/en/ecs), what ECS has no name for under `knockwatch`. Absent fields are absent. */
export function attemptToEcs(
  attempt: ParsedAttempt & Partial<Pick<Attempt, 'observer' | 'timeSource'>>,
  atMs: number | undefined,
): { [key: string]: Json } {
  const { source, destination, icmp } = attempt;
  return compact({
    '@timestamp': iso(atMs),
    event: {
      action: attempt.action,
      kind: 'event',
      category: attempt.kind === 'packet' ? 'network' : attempt.kind === 'login' ? 'authentication' : 'web',
    },
    network: {
      transport: attempt.transport,
      iana_number: attempt.protocolNumber === undefined ? undefined : String(attempt.protocolNumber),
    },
    source: { ip: source.ip, domain: source.name, port: source.port },
    destination: { ip: destination.ip, domain: destination.name, port: destination.port },
    observer: {
      vendor: attempt.vendor,
      product: attempt.product,
      hostname: attempt.observer?.hostname ?? attempt.hostname,
      ingress: { interface: { name: attempt.ingress } },
      egress: { interface: { name: attempt.egress } },
    },
    rule: { name: attempt.rule },
    user: { name: attempt.user },
    url: { path: attempt.path },
    service: { name: attempt.service },
    knockwatch: {
      parser: attempt.parser,
      count: attempt.count,
      furtherPorts: attempt.furtherPorts,
      tcpFlags: attempt.tcpFlags,
      icmp: icmp === undefined ? undefined : { type: icmp.type, code: icmp.code },
      spoofed: attempt.spoofed,
      timeSource: attempt.timeSource,
    },
  });
}

/** An incident in ECS names; `event.count` is packets by the devices' own counts. */
export function incidentToEcs(incident: Incident): { [key: string]: Json } {
  return compact({
    kind: incident.kind,
    rule: { id: incident.ruleId },
    source: { ip: incident.sources },
    destination: {
      ip: [...new Set(incident.targets.map((target) => target.ip))].sort(),
      port: incident.ports,
    },
    network: { transport: incident.transports.length === 1 ? incident.transports[0] : incident.transports },
    event: {
      start: iso(incident.firstSeenMs),
      end: iso(incident.lastSeenMs),
      count: incident.count,
      id: incident.id,
    },
    severity: incident.severity,
    reason: incident.sentence,
    remarks: incident.remarks.length === 0 ? undefined : incident.remarks,
  });
}

/** ECS `event.severity` is a number: 0 low to 3 critical. */
const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/** An alert in ECS names, with its incident where it has one; `atMs` is when it is handed over. */
export function alertToEcs(alert: Alert, atMs: number): { [key: string]: Json } {
  const { incident } = alert;
  return compact({
    '@timestamp': iso(atMs),
    message: alert.subject,
    event: {
      kind: 'alert',
      module: 'knockwatch',
      id: alert.id,
      reason: alert.reason,
      severity: SEVERITIES.indexOf(alert.severity),
      action: incident?.kind,
      start: iso(incident?.firstSeenMs),
      end: iso(incident?.lastSeenMs),
    },
    rule: { id: incident?.ruleId },
    source: { ip: incident?.sources },
    destination: { ip: incident?.hosts, port: incident?.ports },
    network: { transport: incident?.transports },
    knockwatch: {
      incident: {
        id: alert.incidentIds,
        sentence: incident?.sentence,
        count: incident?.count,
        sources: incident?.sourceCount,
        hosts: incident?.hostCount,
        ports: incident?.portCount,
        overflow: incident?.overflow,
      },
      severity: alert.severity,
      thread: alert.threadId,
      text: alert.text,
    },
  });
}
