import type { RuleSet } from '../rule.ts';
import type { Hit, Incident, Severity } from '../types.ts';
import type { GridCell, PageGrid } from './source.ts';

const MAX_HOSTS = 1_000;
const MAX_CELLS = 20_000;
/** What the page draws; a picture of more is no picture. */
const SHOWN_HOSTS = 400;
const SHOWN_PORTS = 40;
/** Ports no rule names: a scan of a thousand must not drown those that are watched. */
const SHOWN_OTHERS = 6;
/** The column of all other ports. */
const OTHER_PORTS = -2;
const HALF_LIFE_MS = 600_000;

interface Cell {
  count: number;
  lastMs: number;
  heat: number;
  source: string;
}

interface IncidentMark {
  readonly id: string;
  readonly severity: Severity;
}

interface Row {
  name: string | undefined;
  lastMs: number;
  readonly cells: Map<number, Cell>;
}

/** Which host was hit on which port, how often and how lately: the rows are hosts, the columns ports. Bounded. */
export class HitGrid {
  readonly #rows = new Map<string, Row>();
  #cells = 0;
  #omitted = 0;

  add({ host, port, sourceIp, attempt }: Hit, nowMs: number): void {
    const row = this.#rows.get(host.ip) ?? this.#addRow(host.ip);
    row.name = host.name;
    row.lastMs = nowMs;
    const cell = row.cells.get(port);
    if (cell !== undefined) {
      cell.heat = cell.heat * 2 ** ((cell.lastMs - nowMs) / HALF_LIFE_MS) + 1;
      cell.count += attempt.count;
      cell.lastMs = nowMs;
      cell.source = sourceIp;
    } else if (this.#cells < MAX_CELLS) {
      row.cells.set(port, { count: attempt.count, lastMs: nowMs, heat: 1, source: sourceIp });
      this.#cells++;
    } else this.#omitted++;
  }

  /** The grid with the hosts and ports that rules name, hit or not, then those that were hit last. */
  picture(
    { rules, names }: RuleSet,
    open: Iterable<Incident>,
    serviceName: (port: number) => string | undefined,
  ): PageGrid {
    const watchedHosts = rules.flatMap((rule) => rule.hosts.addresses);
    const hit = [...this.#rows]
      .filter(([, row]) => row.cells.size > 0)
      .sort((a, b) => b[1].lastMs - a[1].lastMs);
    const allHosts = new Set([...watchedHosts, ...hit.map(([ip]) => ip)]);
    // Half the room is for hosts that rules name; hosts that were hit take theirs and what is left of it.
    const ips = new Set(watchedHosts.slice(0, SHOWN_HOSTS / 2));
    for (const [ip] of hit.slice(0, SHOWN_HOSTS)) if (ips.size < SHOWN_HOSTS) ips.add(ip);
    const watched = new Set(watchedHosts);
    const hosts = [...ips]
      .map((ip) => {
        const name = this.#rows.get(ip)?.name ?? names.get(ip);
        return { ip, ...(name === undefined ? {} : { name }), watched: watched.has(ip) };
      })
      .sort(byHost);

    const watchedPorts = new Set(
      rules.flatMap((rule) =>
        rule.ports.ranges.filter(({ from, to }) => from === to).map(({ from }) => from),
      ),
    );
    const columns = this.#columns(ips, watchedPorts);
    const ports = columns.map((port) => {
      const name = port === OTHER_PORTS ? 'others' : port < 0 ? 'no port' : serviceName(port);
      return { port, ...(name === undefined ? {} : { name }), watched: watchedPorts.has(port) };
    });
    return {
      hosts,
      ports,
      cells: this.#cellsOf(
        hosts.map(({ ip }) => ip),
        columns,
        incidentCells(open),
      ),
      omitted: allHosts.size - hosts.length + this.#omitted,
      halfLifeMs: HALF_LIFE_MS,
    };
  }

  /** A new row; the one that was silent longest makes room for it. */
  #addRow(ip: string): Row {
    if (this.#rows.size >= MAX_HOSTS) {
      let [oldest, least] = ['', Number.POSITIVE_INFINITY];
      let looked = 0;
      // The first rows of the map are the oldest by birth: the one silent longest among a few of them is good enough.
      for (const [key, { lastMs }] of this.#rows) {
        if (lastMs < least) [oldest, least] = [key, lastMs];
        if (++looked >= 16) break;
      }
      this.#cells -= this.#rows.get(oldest)!.cells.size;
      this.#rows.delete(oldest);
      this.#omitted++;
    }
    const row: Row = { name: undefined, lastMs: 0, cells: new Map() };
    this.#rows.set(ip, row);
    return row;
  }

  /** The ports that rules name, those others that were hit most widely, and one column for the rest. */
  #columns(ips: ReadonlySet<string>, watched: ReadonlySet<number>): number[] {
    const hits = new Map<number, { hosts: number; heat: number }>();
    for (const ip of ips) {
      for (const [port, { heat }] of this.#rows.get(ip)?.cells ?? []) {
        const known = hits.get(port);
        hits.set(port, { hosts: (known?.hosts ?? 0) + 1, heat: (known?.heat ?? 0) + heat });
      }
    }
    const wide = (port: number) => hits.get(port) ?? { hosts: 0, heat: 0 };
    const byWidth = (a: number, b: number) =>
      wide(b).hosts - wide(a).hosts || wide(b).heat - wide(a).heat || a - b;
    const others = [...hits.keys()].filter((port) => !watched.has(port)).sort(byWidth);
    const some =
      others.length <= SHOWN_OTHERS
        ? others
        : others.filter((port) => wide(port).hosts > 1).slice(0, SHOWN_OTHERS);
    const shown = [...[...watched].sort(byWidth).slice(0, SHOWN_PORTS), ...some].sort((a, b) => a - b);
    return shown.length < new Set([...watched, ...others]).size ? [...shown, OTHER_PORTS] : shown;
  }

  #cellsOf(
    ips: readonly string[],
    columns: readonly number[],
    incidents: ReadonlyMap<string, IncidentMark>,
  ): GridCell[] {
    const at = new Map(columns.map((port, i) => [port, i]));
    const rest = at.get(OTHER_PORTS);
    const cells = new Map<string, GridCell>();
    for (const [host, ip] of ips.entries()) {
      for (const [number, cell] of this.#rows.get(ip)?.cells ?? []) {
        const port = at.get(number) ?? rest;
        if (port === undefined) continue;
        const incident = incidents.get(`${ip} ${number}`);
        const next = {
          host,
          port,
          ...cell,
          ...(incident === undefined ? {} : { incident: incident.id, severity: incident.severity }),
        };
        const key = `${host} ${port}`;
        cells.set(key, merged(cells.get(key), next));
      }
    }
    return [...cells.values()];
  }
}

/** Two cells that share a place: the later one, with what both counted. */
function merged(a: GridCell | undefined, b: GridCell): GridCell {
  if (a === undefined) return b;
  const [early, late] = a.lastMs <= b.lastMs ? [a, b] : [b, a];
  const heat = late.heat + early.heat * 2 ** ((early.lastMs - late.lastMs) / HALF_LIFE_MS);
  return { ...early, ...late, heat, count: a.count + b.count };
}

/** Named hosts first, by name; then addresses in their own order, not that of their text. */
function byHost(a: { ip: string; name?: string }, b: { ip: string; name?: string }): number {
  if ((a.name === undefined) !== (b.name === undefined)) return a.name === undefined ? 1 : -1;
  const [x, y] = [a.name ?? a.ip, b.name ?? b.ip];
  return x.localeCompare(y, 'en', { numeric: true });
}

/** Host and port of open incidents -> the incident; where there are several, the last one. */
function incidentCells(open: Iterable<Incident>): Map<string, IncidentMark> {
  const cells = new Map<string, IncidentMark>();
  for (const { id, severity, targets } of open) {
    for (const { ip, port } of targets) cells.set(`${ip} ${port}`, { id, severity });
    if (cells.size > MAX_CELLS) break;
  }
  return cells;
}
