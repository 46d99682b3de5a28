import { visible } from '../lib/escape.ts';
import type { Incident, IncidentTarget } from '../types.ts';
import type { SiteContext } from './render-context.ts';
import { serviceShort } from './service-label.ts';
import { hostLabel, metTargets } from './verdict.ts';
import { andList, plural } from './words.ts';

/** Packets per host and port, with the longer side running down the page. Cells are safe to print. */
export interface Grid {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Leading columns that hold words; the others hold numbers. */
  readonly wordColumns: number;
  /** What the bounds left out: `and 12 more hosts`. */
  readonly more?: string;
}

const MAX_ROWS = 20;
const MAX_COLUMNS = 6;

interface Axis {
  readonly key: (target: IncidentTarget) => string;
  readonly noun: string;
  /** First target of each value, in the order of the sweep, which is a fingerprint of the scanner. */
  readonly values: readonly IncidentTarget[];
}

/** The host x port grid of an incident; the time of the first packet shows the order of the sweep. */
export function gridOf(incident: Incident, serviceName: SiteContext['serviceName']): Grid {
  const met = new Set(metTargets(incident));
  // Ports on which the condition was met come first, their company after them.
  const inOrder = incident.targets.toSorted(
    (a, b) => Number(met.has(b)) - Number(met.has(a)) || a.firstSeenMs - b.firstSeenMs,
  );
  const hosts = axis('host', ({ ip }) => ip, inOrder);
  const ports = axis('port', ({ port, transport }) => `${port}/${transport ?? ''}`, inOrder);
  const down = ports.values.length > hosts.values.length ? ports : hosts;
  const across = down === hosts ? ports : hosts;

  const label = (of: Axis, target: IncidentTarget) =>
    of === hosts ? hostLabel(target) : serviceShort(target, serviceName);
  const named = down === hosts && hosts.values.some(({ name }) => name !== undefined);
  const columns = across.values.slice(0, MAX_COLUMNS);
  const rows = down.values.slice(0, MAX_ROWS);
  const counts = countsOf(incident, down, across);

  const more = [down, across]
    .map((of) => ({ noun: of.noun, left: of.values.length - (of === down ? MAX_ROWS : MAX_COLUMNS) }))
    .filter(({ left }) => left > 0)
    .map(({ noun, left }) => plural(left, `more ${noun}`));
  return {
    head: [
      down === hosts ? 'Host' : 'Service',
      ...(named ? ['Address'] : []),
      'First',
      ...columns.map((target) => label(across, target)),
    ],
    rows: rows.map((row) => [
      label(down, row),
      ...(named ? [visible(row.ip, 60)] : []),
      `+${Math.round((firstSeen(incident, down, row) - incident.firstSeenMs) / 1000)} s`,
      ...columns.map((column) => String(counts.get(`${down.key(row)} ${across.key(column)}`) ?? '.')),
    ]),
    wordColumns: named ? 2 : 1,
    ...(more.length === 0 ? {} : { more: `and ${andList(more)}` }),
  };
}

function axis(noun: string, key: Axis['key'], targets: readonly IncidentTarget[]): Axis {
  const values = new Map<string, IncidentTarget>();
  for (const target of targets) if (!values.has(key(target))) values.set(key(target), target);
  return { key, noun, values: [...values.values()] };
}

function countsOf(incident: Incident, down: Axis, across: Axis): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const target of incident.targets) {
    const cell = `${down.key(target)} ${across.key(target)}`;
    counts.set(cell, (counts.get(cell) ?? 0) + target.count);
  }
  return counts;
}

function firstSeen(incident: Incident, axis: Axis, row: IncidentTarget): number {
  const key = axis.key(row);
  return incident.targets
    .filter((target) => axis.key(target) === key)
    .reduce((first, target) => Math.min(first, target.firstSeenMs), Number.POSITIVE_INFINITY);
}
