import type { DetectSpec } from '../rule.ts';
import { addressScan } from './address-scan.ts';
import { any } from './any.ts';
import type { Detector } from './detector.ts';
import { DistributedScanDetector } from './distributed-scan.ts';
import type { WindowBounds } from './keyed-windows.ts';
import { portScan } from './port-scan.ts';
import { repeat } from './repeat.ts';
import { stealthScan } from './stealth-scan.ts';

/** Every detector there is; a new kind of thinking is one file and one line here. */
export function createDetector(ruleId: string, spec: DetectSpec, bounds: WindowBounds): Detector {
  switch (spec.kind) {
    case 'address-scan':
      return addressScan(ruleId, spec, bounds);
    case 'port-scan':
      return portScan(ruleId, spec, bounds);
    case 'distributed-scan':
      return new DistributedScanDetector(ruleId, spec, bounds);
    case 'stealth-scan':
      return stealthScan(ruleId, spec, bounds);
    case 'repeat':
      return repeat(ruleId, spec, bounds);
    case 'any':
      return any(ruleId, spec);
  }
}
