import { visible } from '../lib/escape.ts';
import { serviceName } from '../lib/services.ts';
import { textTable } from '../lib/text-table.ts';
import type { DeliveryRecord } from '../store/store.ts';
import type { Incident, OutboxEntry } from '../types.ts';

const MAX_TARGETS = 50;

/** ISO 8601, UTC, whole seconds. */
export function second(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `imap (143/tcp)`, `143`, or a dash for what has no port. */
function portName(port: number, transport: string | undefined): string {
  if (port < 0) return '-';
  const name = serviceName(port, transport);
  return name === undefined ? String(port) : `${name} (${port})`;
}

/** Incidents as a table, one a line. */
export function incidentTable(incidents: readonly Incident[]): string[] {
  const rows = incidents.map((incident) => [
    incident.id,
    second(incident.lastSeenMs),
    incident.state,
    incident.severity,
    incident.kind,
    incident.sources.length === 1 ? incident.sources[0]! : `${incident.sources.length} sources`,
    incident.ports.length > 3
      ? `${incident.ports.length} ports`
      : incident.ports.map((port) => serviceName(port, incident.transports[0]) ?? String(port)).join(', ') ||
        '-',
    String(new Set(incident.targets.map(({ ip }) => ip)).size),
    String(incident.count),
    incident.ruleId,
  ]);
  const head = [
    'ID',
    'LAST SEEN',
    'STATE',
    'SEVERITY',
    'KIND',
    'SOURCE',
    'PORTS',
    'HOSTS',
    'PACKETS',
    'RULE',
  ];
  return textTable(
    [head, ...rows].map((row) => row.map((cell) => visible(cell, 60))),
    {
      align: ['left', 'left', 'left', 'left', 'left', 'left', 'left', 'right', 'right', 'left'],
    },
  );
}

/** Who was told of an incident, and who will be. */
export interface Told {
  readonly deliveries: readonly DeliveryRecord[];
  readonly waiting: readonly OutboxEntry[];
  /** Channels whose next digest tells of it. */
  readonly inDigest: readonly string[];
}

/** One incident in full: what, who, whom, who was told, and the lines. */
export function incidentLines(incident: Incident, { deliveries, waiting, inDigest }: Told): string[] {
  const { targets, lines, lineCount } = incident;
  const fields: [string, string][] = [
    ['Rule', `${incident.ruleId}, ${incident.kind}, ${incident.severity}, ${incident.state}`],
    ['Seen', `${second(incident.firstSeenMs)} to ${second(incident.lastSeenMs)}`],
    ['Sources', list(incident.sources)],
    ['Packets', `${incident.count} in ${lineCount} lines`],
    [
      'Logged by',
      list(incident.observers.map(({ hostname, address, product }) => `${hostname ?? address} (${product})`)),
    ],
    ...incident.remarks.map((remark): [string, string] => ['Remark', remark]),
  ];
  return [
    `${incident.id}  ${incident.sentence}`,
    ...textTable(fields, { indent: 2 }),
    '',
    ...textTable(
      targets
        .slice(0, MAX_TARGETS)
        .map(({ ip, name, port, transport, count, firstSeenMs }) => [
          second(firstSeenMs),
          name === undefined ? ip : `${name} (${ip})`,
          portName(port, transport),
          `${count}x`,
        ]),
      { indent: 2 },
    ),
    ...(targets.length > MAX_TARGETS ? [`  and ${targets.length - MAX_TARGETS} more targets`] : []),
    '',
    ...(deliveries.length + waiting.length + inDigest.length === 0
      ? ['  no alert of its own; a digest may have told of it']
      : []),
    ...inDigest.map((channel) => `  in the next digest for ${channel}`),
    ...deliveries.map(
      ({ atMs, alertId, channel, outcome, because }) =>
        `  ${second(atMs)}  ${alertId} to ${channel}: ${outcome}, ${because}`,
    ),
    ...waiting.map(
      ({ alert, channel, notBeforeMs }) =>
        `  on its way: ${alert.id} to ${channel}, due ${second(notBeforeMs)}`,
    ),
    '',
    ...lines.map(
      ({ bytes, receivedAtMs, peer }) => `${second(receivedAtMs)} ${peer.address}  ${bytes.toString('utf8')}`,
    ),
    ...(lineCount > lines.length ? [`and ${lineCount - lines.length} more lines`] : []),
  ].map((line) => visible(line, 2_000));
}

function list(values: readonly string[]): string {
  return values.length <= 10
    ? values.join(', ')
    : `${values.slice(0, 10).join(', ')} and ${values.length - 10} more`;
}
