import type { Incident } from '../types.ts';
import type { IncidentFilter } from './store.ts';

/** Whether an incident meets every condition of a filter; `limit` and `offset` are none. */
export function incidentMatches(incident: Incident, filter: IncidentFilter): boolean {
  const { states, severities, ruleId, source } = filter;
  const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = filter;
  return (
    (states === undefined || states.includes(incident.state)) &&
    (severities === undefined || severities.includes(incident.severity)) &&
    (ruleId === undefined || incident.ruleId === ruleId) &&
    (source === undefined || incident.sources.includes(source)) &&
    incident.lastSeenMs >= sinceMs &&
    incident.firstSeenMs < untilMs
  );
}
