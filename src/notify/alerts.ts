import type { Alert, AlertIncident, Decision, Incident } from '../types.ts';
import { DIGEST_ALERT } from './budget.ts';
import { renderDigest } from './digest.ts';
import type { SiteContext } from './render-context.ts';
import type { Held, TallyReport } from './tally.ts';
import { verdictOf } from './verdict.ts';

/** An incident as a digest tells it. */
export function heldOf(incident: Incident, serviceName: SiteContext['serviceName']): Held {
  return {
    incidentId: incident.id,
    ruleId: incident.ruleId,
    severity: incident.severity,
    headline: verdictOf(incident, serviceName).headline,
    sources: incident.sources,
    ports: [...new Set(incident.targets.map(({ port }) => port))],
    ...(incident.kinds === undefined ? {} : { kinds: incident.kinds }),
    hits: incident.count,
    firstSeenMs: incident.firstSeenMs,
    lastSeenMs: incident.lastSeenMs,
  };
}

/** Entries of each list a program is told. */
const MAX_TOLD = 100;

/** An incident as channels to programs tell it. */
export function alertIncidentOf(incident: Incident): AlertIncident {
  const { id, kind, ruleId, count, firstSeenMs, lastSeenMs, sources, ports, transports } = incident;
  const { sentence, overflow } = incident;
  const hosts = [...new Set(incident.targets.map(({ ip }) => ip))];
  return {
    id,
    kind,
    ruleId,
    count,
    firstSeenMs,
    lastSeenMs,
    transports,
    sentence,
    overflow,
    sources: sources.slice(0, MAX_TOLD),
    hosts: hosts.slice(0, MAX_TOLD),
    ports: ports.slice(0, MAX_TOLD),
    sourceCount: sources.length,
    hostCount: hosts.length,
    portCount: ports.length,
  };
}

/** The same decision about the same incident always has the same id, so that a repeat is a duplicate and not a second mail. */
export function alertIdOf(incident: Incident, { reason }: Decision): string {
  switch (reason) {
    case 'escalated':
      return `${incident.id}.escalated-${incident.severity}`;
    case 'closing-summary':
      return `${incident.id}.closing`;
    default:
      return `${incident.id}.first`;
  }
}

/** A digest as an alert of its own. */
export function digestAlert(
  report: TallyReport,
  channel: string,
  decision: Decision,
  site: SiteContext,
  nowMs: number,
): Alert {
  const id = `${DIGEST_ALERT}${channel}.${site.hostName}.${nowMs}`;
  return {
    id,
    incidentIds: report.held.map(({ incidentId }) => incidentId),
    severity: report.held[0]?.severity ?? 'low',
    reason: 'digest',
    threadId: id,
    ...renderDigest(report, { ...site, decision }),
  };
}

/** What a digest can say about an alert from before a restart: its subject, but no numbers. */
export function heldFrom(alert: Alert, incidentId: string, nowMs: number): Held {
  return {
    incidentId,
    ruleId: '',
    severity: alert.severity,
    headline: alert.subject.replace('[knockwatch] ', ''),
    sources: [],
    ports: [],
    hits: 0,
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
  };
}
