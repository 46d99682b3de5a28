import { formatDuration } from '../lib/duration.ts';
import type { DetectSpec, Rule } from '../rule.ts';
import type { DetectionKind } from '../types.ts';
import { plural } from './words.ts';

/** The sentence that says what a rule calls suspicious: "Rule classic-probe calls 3 hosts in 60 s a probe." */
export function conditionSentence(rule: Pick<Rule, 'id' | 'detect'>, kind: DetectionKind): string {
  const spec = rule.detect.find((candidate) => candidate.kind === kind);
  if (spec === undefined) return `Rule ${rule.id}.`;
  if (spec.kind === 'any') return `Rule ${rule.id} reports the first sight of a source.`;
  return `Rule ${rule.id} calls ${threshold(spec)} in ${windowText(spec.withinMs)} ${NAMES[spec.kind]}.`;
}

const NAMES = {
  'address-scan': 'a probe',
  'port-scan': 'a port scan',
  'distributed-scan': 'a distributed scan',
  'stealth-scan': 'a stealth scan',
  repeat: 'a repeated attempt',
} as const;

function threshold(spec: Exclude<DetectSpec, { kind: 'any' }>): string {
  switch (spec.kind) {
    case 'address-scan':
      return plural(spec.hosts, 'host');
    case 'port-scan':
      return plural(spec.ports, 'port');
    case 'distributed-scan':
      return `${plural(spec.sources, 'source')} on ${plural(spec.hosts, 'host')}`;
    case 'stealth-scan':
      return plural(spec.packets, 'stealth packet');
    case 'repeat':
      return plural(spec.count, 'attempt');
  }
}

/** Windows up to two minutes read best in the seconds people write them in. */
function windowText(ms: number): string {
  return ms % 1000 === 0 && ms <= 120_000 ? `${ms / 1000} s` : formatDuration(ms);
}
