import type { DetectSpec } from '../rule.ts';
import type { Detection, Hit } from '../types.ts';
import type { Detector, DetectorStats } from './detector.ts';
import { incidentIdentifier, textKey } from './keys.ts';

const NO_KEYS: DetectorStats = { keys: 0, evicted: 0 };

/** The first sight of a source on a trap port: every hit belongs to an incident, and the incident alerts once. */
export function any(ruleId: string, spec: Extract<DetectSpec, { kind: 'any' }>): Detector {
  const identifier = (hit: Hit) => incidentIdentifier(ruleId, 'any', spec.by, hit);
  return {
    spec,
    stats: NO_KEYS,
    identifier,
    joins: () => true,
    key: (hit) => textKey(hit, spec.by),
    add: (hit): Detection => ({
      kind: 'any',
      ruleId,
      identifier: identifier(hit),
      hits: [hit],
      sentence: 'first sight; the rule asks for one hit',
    }),
    expire: () => {},
    setBack: () => {},
    progress: () => 'one hit is enough',
  };
}
