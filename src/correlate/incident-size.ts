import type { DetectSpec } from '../rule.ts';
import type { OpenIncident } from './open-incident.ts';

/** An incident this many times the size its rule asks for is a level more severe; at the square of it, two. */
const GROWTH_STEP = 10;

/** The window of a condition in milliseconds; `any` has none. */
export function windowOf(spec: DetectSpec): number {
  return spec.kind === 'any' ? 0 : spec.withinMs;
}

function thresholdOf(spec: DetectSpec): number {
  switch (spec.kind) {
    case 'address-scan':
      return spec.hosts;
    case 'port-scan':
      return spec.ports;
    case 'distributed-scan':
      return spec.sources;
    case 'stealth-scan':
      return spec.packets;
    case 'repeat':
      return spec.count;
    case 'any':
      return Number.POSITIVE_INFINITY;
  }
}

function sizeOf(incident: OpenIncident): number {
  switch (incident.kind) {
    case 'address-scan':
      return incident.hostIps.size;
    case 'port-scan':
      return incident.targetCount;
    case 'distributed-scan':
      return incident.sources.size;
    default:
      return incident.count;
  }
}

/** How many severity levels an incident has grown by, and the round number of times its rule's threshold that is. */
export function levelsOf(
  incident: OpenIncident,
  spec: DetectSpec,
): { readonly levels: number; readonly times: number } {
  const ratio = sizeOf(incident) / thresholdOf(spec);
  const levels = ratio >= GROWTH_STEP * GROWTH_STEP ? 2 : ratio >= GROWTH_STEP ? 1 : 0;
  return { levels, times: GROWTH_STEP ** levels };
}
