import type { DetectSpec } from '../rule.ts';
import type { Detector } from './detector.ts';
import { DistinctDetector } from './distinct-detector.ts';
import type { WindowBounds } from './keyed-windows.ts';
import { attemptsIn } from './sliding-window.ts';

/** A number of attempts of one kind, whatever they touch: five failed logins in a row, a web probe tried again and again. */
export function repeat(
  ruleId: string,
  spec: Extract<DetectSpec, { kind: 'repeat' }>,
  bounds: WindowBounds,
): Detector {
  return new DistinctDetector(
    {
      ruleId,
      spec,
      by: spec.by,
      distinct: 'hit',
      threshold: spec.count,
      withinMs: spec.withinMs,
      noun: 'attempts',
      measure: attemptsIn,
    },
    bounds,
  );
}
