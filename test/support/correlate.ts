import { Correlator } from '../../src/correlate/correlator.ts';
import type { Transition } from '../../src/correlate/incidents.ts';
import type { WindowBounds } from '../../src/correlate/keyed-windows.ts';
import type { DetectSpec, Rule } from '../../src/rule.ts';
import type { EvidenceLine, Hit, Incident, LineRef } from '../../src/types.ts';

/** A rule that watches everything, for correlator tests (matching is somebody else's work). */
export function rule(detect: readonly DetectSpec[], extra: Partial<Rule> = {}): Rule {
  return {
    id: 'r',
    position: { file: 'r.yaml', line: 1, column: 1 },
    hosts: { any: true, addresses: [], networks: [] },
    ports: { any: true, ranges: [] },
    actions: ['denied'],
    detect,
    severity: 'medium',
    notify: [],
    tests: [],
    ...extra,
  };
}

export const threeHosts: DetectSpec = {
  kind: 'address-scan',
  hosts: 3,
  withinMs: 60_000,
  by: ['source', 'port'],
};

export interface Seen {
  readonly transition: Transition;
  readonly incident: Incident;
}

/** A correlator that notes every transition; `settle` 10 s, `quiet` 15 min, lateness 2 s unless told otherwise. */
export function correlator(
  rules: readonly Rule[],
  extra: {
    readonly latenessMs?: number;
    readonly isMachineClock?: boolean;
    readonly bounds?: WindowBounds;
    readonly maxOpen?: number;
    readonly isOwn?: (ip: string) => boolean;
    readonly lineOf?: (ref: LineRef) => EvidenceLine | undefined;
  } = {},
): { readonly correlator: Correlator; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  return {
    seen,
    correlator: new Correlator(rules, {
      latenessMs: 2_000,
      settleMs: 10_000,
      quietMs: 900_000,
      maxOpen: 10_000,
      isOwn: () => false,
      lineOf: () => undefined,
      onTransition: (incident, transition) => seen.push({ transition, incident }),
      ...extra,
    }),
  };
}

/** Feeds hits as a replay would (the clock is the newest event time), ends the stream, and returns the closed incidents in order of opening. */
export function incidentsOf(
  rules: readonly Rule[],
  hits: readonly Hit[],
  extra: Parameters<typeof correlator>[1] = {},
): Incident[] {
  const run = correlator(rules, extra);
  let clockMs = Number.NEGATIVE_INFINITY;
  for (const each of hits) {
    clockMs = Math.max(clockMs, each.attempt.atMs);
    run.correlator.add(each, clockMs);
  }
  run.correlator.flush();
  return run.seen
    .filter(({ transition }) => transition === 'closed')
    .map(({ incident }) => incident)
    .sort((a, b) => a.openedAtMs - b.openedAtMs || (a.identifier < b.identifier ? -1 : 1));
}
