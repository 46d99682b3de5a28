import type { Severity } from '../types.ts';

/** Every severity, the mildest first. */
export const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/** A severity's place in the order, 0 (low) to 3 (critical). */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** `2 high, 14 low`: counts in words, the gravest first, zeros left out. */
export function severityCounts(counts: ReadonlyMap<Severity, number>): string {
  return SEVERITIES.toReversed()
    .filter((severity) => (counts.get(severity) ?? 0) > 0)
    .map((severity) => `${counts.get(severity)} ${severity}`)
    .join(', ');
}
