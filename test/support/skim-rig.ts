import { Pipeline, type PipelineMode } from '../../src/pipeline.ts';
import { LineRing } from '../../src/store/line-ring.ts';
import type { Incident } from '../../src/types.ts';
import { hosts, ports, rule, ruleSet } from './rule-sets.ts';

const RULES = ruleSet([
  rule('scan', hosts('192.0.2.10', '192.0.2.20', '192.0.2.30'), ports(143, 80), {
    detect: [
      { kind: 'address-scan', hosts: 2, withinMs: 60_000, by: ['source', 'port'] },
      { kind: 'repeat', count: 4, withinMs: 60_000, by: ['source'] },
    ],
  }),
]);

/** What a pipeline of a small site is made with, apart from its rules and who hears of it. */
export const smallSite = {
  parse: { prefixes: [] },
  zone: 'UTC',
  zones: new Map<string, string>(),
  latenessMs: 2_000,
  settleMs: 10_000,
  quietMs: 60_000,
  maxOpenIncidents: 1_000,
  maxDelayMs: 86_400_000,
  isOwn: () => false,
};

/** A pipeline with a prefilter, to compare a shortcut with the plain way; `onClosed` is told of every incident in the end. */
export function skimRig(mode: PipelineMode, onClosed: (incident: Incident) => void): Pipeline {
  return new Pipeline({
    mode,
    ruleSet: RULES,
    ...smallSite,
    lines: new LineRing(1 << 16, 512),
    onTransition: (incident, transition) => {
      if (transition === 'closed') onClosed(incident);
    },
  });
}

/** An incident of a replay: when its lines came is nothing but the latest instant they can be from. */
export function withoutReceipts(incident: Incident): Incident {
  return { ...incident, lines: incident.lines.map((each) => ({ ...each, receivedAtMs: 0 })) };
}
