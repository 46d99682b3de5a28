import type { Incident } from '../types.ts';
import type { IncidentContext } from './render-context.ts';

/** What a mail can say when the rest could not be had: a look-up that hangs or fails must not cost the alert. */
export function bareContext(incident: Incident, because: string): IncidentContext {
  return {
    rule: {
      id: incident.ruleId,
      conditionSentence: `Rule ${incident.ruleId}.`,
      position: 'position not known',
    },
    lines: [],
    linesOmitted: incident.lineCount,
    evidence: [{ label: 'Raw lines and look-ups', text: `left out of this mail: ${because}` }],
  };
}
