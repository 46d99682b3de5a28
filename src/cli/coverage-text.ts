import { visible } from '../lib/escape.ts';
import { serviceName } from '../lib/services.ts';
import { textTable } from '../lib/text-table.ts';
import { plural } from '../notify/words.ts';
import type { CoverageRow } from './coverage.ts';
import { type Io, paint } from './io.ts';

function portText({ range }: CoverageRow): string {
  if (range === undefined) return 'any port';
  const { from, to, transport } = range;
  const suffix = transport === undefined ? '' : `/${transport}`;
  if (from !== to) return `${from}-${to}${suffix}`;
  const name = serviceName(from, transport);
  return name === undefined ? `${from}${suffix}` : `${name} (${from}${suffix})`;
}

function hostText({ host, name }: CoverageRow): string {
  return name === undefined ? host : `${name} (${host})`;
}

/** How much of a row that stands for several hosts or ports was seen. */
function extent({ many, range, hosts, ports }: CoverageRow): string {
  const several = range === undefined || range.from !== range.to;
  return [
    ...(many ? [plural(hosts.size, 'host')] : []),
    ...(several ? [plural(ports.size, 'port')] : []),
  ].join(', ');
}

/** Which watched host and port was logged when, by whom and how often: a table, safe to print; what never was stands out. */
export function coverageTable(io: Io, rows: readonly CoverageRow[]): string[] {
  const cells = rows.map((row) => [
    row.ruleId,
    hostText(row),
    portText(row),
    row.lastMs === undefined ? 'never' : new Date(row.lastMs).toISOString().replace(/\.\d+/, ''),
    row.device ?? '',
    row.lines === 0 ? '' : String(row.lines),
    row.lines === 0 ? '' : extent(row),
  ]);
  const lines = textTable(
    [
      ['RULE', 'HOST', 'PORT', 'LAST LOGGED', 'BY', 'LINES', 'OF IT'],
      ...cells.map((row) => row.map((cell) => visible(cell))),
    ],
    {
      align: ['left', 'left', 'left', 'left', 'left', 'right', 'left'],
    },
  );
  return lines.map((line, i) =>
    i > 0 && rows[i - 1]!.lines === 0 ? paint(io, 'stdout', 'yellow', line) : line,
  );
}

/** The same of one row, as JSON. */
export function coverageJson({
  ruleId,
  host,
  name,
  many,
  range,
  lines,
  lastMs,
  device,
  hosts,
  ports,
}: CoverageRow): object {
  return {
    rule: ruleId,
    host,
    name,
    port: range ?? 'any',
    logged: lines > 0,
    lines,
    last: lastMs === undefined ? undefined : new Date(lastMs).toISOString(),
    device,
    ...(many ? { hosts: hosts.size } : {}),
    ...(range === undefined || range.from !== range.to ? { ports: ports.size } : {}),
  };
}
