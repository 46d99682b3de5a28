import type { Decision, Incident, NotifyReason, Severity } from '../types.ts';
import type { Admission } from './budget.ts';
import { countedOf } from './counted.ts';
import { severityRank } from './severity.ts';
import { andList, plural } from './words.ts';

/** What just happened to an incident: `settled` means the wait for the rest of the sweep is over. */
export type Transition = 'opened' | 'settled' | 'escalated' | 'closed';

/** What the last mail about an incident said. */
export interface Mark {
  readonly atMs: number;
  readonly severity: Severity;
  readonly count: number;
  readonly targets: number;
  readonly sources: number;
}

/** What was decided and sent before; all absent for an incident nobody has looked at yet. */
export interface History {
  /** The last mail about this incident. */
  readonly last?: Mark;
  /** The last decision on this incident, `settling` left out. */
  readonly previous?: NotifyReason;
  /** Another incident of the same source that was mailed about and is still open; the gravest one. */
  readonly other?: { readonly incidentId: string; readonly ruleId: string; readonly severity: Severity };
}

/**
 * Whether people should hear about this, and why. Pure: the budget has its say afterwards (`withinBudget`), so that a
 * decision not to send costs none of it.
 */
export function decide(
  incident: Incident,
  transition: Transition,
  history: History,
  channels: readonly string[],
  minSeverity: Severity = 'low',
): Decision {
  if (channels.length === 0)
    return no('no-channel', `rule ${incident.ruleId} names no channel that is configured`);
  if (severityRank(incident.severity) < severityRank(minSeverity)) {
    return no(
      'below-threshold',
      `severity ${incident.severity} is below ${minSeverity}, the least that is mailed`,
    );
  }
  switch (transition) {
    case 'opened':
      return no('settling', 'the first mail waits a moment, so that it shows the whole sweep');
    case 'settled':
      return first(incident, history);
    case 'escalated':
      return escalated(incident, history);
    case 'closed':
      return closed(incident, history);
  }
}

/** The decision after the budget was asked: a mail that no channel may carry now goes into the digest. */
export function withinBudget(wanted: Decision, admission: Admission): Decision {
  if (!wanted.send || admission.allowed.length > 0) return wanted;
  const because = [...new Set(admission.over.map((over) => over.because))];
  return no('over-budget', `${andList(because)}; it goes into the next digest`);
}

function first(incident: Incident, { last, previous, other }: History): Decision {
  if (last !== undefined)
    return no('already-alerted', `a mail about this incident was sent at severity ${last.severity}`);
  if (previous === 'over-budget') return no('over-budget', 'it waits in the next digest');
  if (other !== undefined && severityRank(other.severity) >= severityRank(incident.severity)) {
    return no(
      'source-already-alerted',
      `this source was mailed about already: incident ${other.incidentId} of rule ${other.ruleId} (${other.severity}) is still open`,
    );
  }
  if (other !== undefined) {
    return yes(
      'first-sight',
      `first mail about this incident; it is graver than ${other.incidentId} (${other.severity}) of the same source`,
    );
  }
  return yes('first-sight', 'first mail about this source under this rule');
}

function escalated(incident: Incident, history: History): Decision {
  const { last, other } = history;
  if (last === undefined) {
    // Nobody has heard of it yet. A rise in severity ends the wait for the rest of the sweep.
    const decision = first(incident, { ...(other === undefined ? {} : { other }) });
    return decision.send
      ? yes('escalated', `rose to ${incident.severity} before it had a mail of its own`)
      : decision;
  }
  if (severityRank(last.severity) >= severityRank(incident.severity)) {
    return no('already-alerted', `the last mail already said ${last.severity}`);
  }
  return yes(
    'escalated',
    `rose from ${last.severity} to ${incident.severity}; ${growth(incident, last) || 'nothing else changed'}`,
  );
}

function closed(incident: Incident, history: History): Decision {
  const { last, previous } = history;
  if (last === undefined) {
    if (previous === undefined) return first(incident, history);
    return no(previous, 'closed without a mail of its own');
  }
  const grown = growth(incident, last);
  if (grown === '') return no('already-alerted', 'closed; nothing new since the last mail');
  return yes('closing-summary', `closed; ${grown} since the last mail`);
}

/** `200 packets and 2 targets more`, or nothing when the incident is as the mail described it. */
function growth(incident: Incident, last: Mark): string {
  const more = [
    { by: incident.count - last.count, noun: countedOf(incident.kinds).noun },
    { by: incident.targets.length - last.targets, noun: 'target' },
    { by: incident.sources.length - last.sources, noun: 'source' },
  ].filter(({ by }) => by > 0);
  return more.length === 0 ? '' : `${andList(more.map(({ by, noun }) => plural(by, noun)))} more`;
}

function yes(reason: NotifyReason, because: string): Decision {
  return { send: true, reason, because };
}

function no(reason: NotifyReason, because: string): Decision {
  return { send: false, reason, because };
}
