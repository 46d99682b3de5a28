import type { DetectSpec } from '../rule.ts';
import type { Detector } from './detector.ts';
import { DistinctDetector } from './distinct-detector.ts';
import { fingerprintRemarks } from './fingerprint.ts';
import type { WindowBounds } from './keyed-windows.ts';

/**
 * One source knocks on the same port of several watched hosts: the paper's "three systems on the same port", Zeek's
 * Address_Scan. A longer window finds slower scanners and joins more unrelated hits of busy sources.
 */
export function addressScan(
  ruleId: string,
  spec: Extract<DetectSpec, { kind: 'address-scan' }>,
  bounds: WindowBounds,
): Detector {
  return new DistinctDetector(
    {
      ruleId,
      spec,
      by: spec.by,
      distinct: 'host',
      threshold: spec.hosts,
      withinMs: spec.withinMs,
      noun: 'watched hosts',
      remarks: fingerprintRemarks,
    },
    bounds,
  );
}
