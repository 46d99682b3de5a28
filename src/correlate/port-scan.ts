import type { DetectSpec } from '../rule.ts';
import type { Detector } from './detector.ts';
import { DistinctDetector } from './distinct-detector.ts';
import { fingerprintRemarks } from './fingerprint.ts';
import type { WindowBounds } from './keyed-windows.ts';

/** One source tries several ports of one watched host: Zeek's Port_Scan. However many ports follow, it is one incident. */
export function portScan(
  ruleId: string,
  spec: Extract<DetectSpec, { kind: 'port-scan' }>,
  bounds: WindowBounds,
): Detector {
  return new DistinctDetector(
    {
      ruleId,
      spec,
      by: spec.by,
      distinct: 'port',
      threshold: spec.ports,
      withinMs: spec.withinMs,
      noun: 'ports',
      // A port-less packet (ICMP on an any-port rule) is no port.
      accepts: (hit) => hit.port >= 0,
      remarks: fingerprintRemarks,
    },
    bounds,
  );
}
