import type { RuleSet } from '../rule.ts';
import type { Hit, Incident, Severity } from '../types.ts';
import type { GridCell, PageGrid } from './source.ts';

const MAX_HOSTS = 1_000;
const MAX_CELLS = 20_000;
/** What the page draws; a picture of more is no picture. */
const SHOWN_HOSTS = 400;
const SHOWN_PORTS = 64;
const HALF_LIFE_MS = 600_000;

interface Cell {
  count: number;
  lastMs: number;
  heat: number;
  source: string;
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
  picture({ rules, names }: RuleSet, open: Iterable<Incident>, serviceName: (port: number) => string | undefined): PageGrid {
    const watchedHosts = rules.flatMap((rule) => rule.hosts.addresses);
    const hit = [...this.#rows].filter(([, row]) => row.cells.size > 0).sort((a, b) => b[1].lastMs - a[1].lastMs);
    const allHosts = new Set([...watchedHosts, ...hit.map(([ip]) => ip)]);
    const ips = new Set([...watchedHosts.slice(0, SHOWN_HOSTS / 2), ...hit.slice(0, SHOWN_HOSTS / 2).map(([ip]) => ip)]);
    const watched = new Set(watchedHosts);
    const hosts = [...ips]
      .map((ip) => {
        const name = this.#rows.get(ip)?.name ?? names.get(ip);
        return { ip, ...(name === undefined ? {} : { name }), watched: watched.has(ip) };
      })
      .sort(byHost);

    const watchedPorts = new Set(rules.flatMap((rule) => rule.ports.ranges.filter(({ from, to }) => from === to).map(({ from }) => from)));
    const portHits = this.#portHits(ips);
    const allPorts = new Set([...(watchedPorts.size <= SHOWN_PORTS ? watchedPorts : []), ...portHits.keys()]);
    const ports = [...allPorts]
      .sort((a, b) => (portHits.get(b) ?? 0) - (portHits.get(a) ?? 0))
      .slice(0, SHOWN_PORTS)
      .sort((a, b) => a - b)
      .map((port) => {
        const name = port < 0 ? 'none' : serviceName(port);
        return { port, ...(name === undefined ? {} : { name }), watched: watchedPorts.has(port) };
      });
    return {
      hosts,
      ports,
      cells: this.#cellsOf(hosts.map(({ ip }) => ip), ports.map(({ port }) => port), incidentCells(open)),
      omitted: allHosts.size - hosts.length + allPorts.size - ports.length + this.#omitted,
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

  #portHits(ips: ReadonlySet<string>): Map<number, number> {
    const hits = new Map<number, number>();
    for (const ip of ips) {
      for (const [port, { heat }] of this.#rows.get(ip)?.cells ?? []) hits.set(port, (hits.get(port) ?? 0) + heat);
    }
    return hits;
  }

  #cellsOf(ips: readonly string[], ports: readonly number[], incidents: ReadonlyMap<string, { id: string; severity: Severity }>): GridCell[] {
    const column = new Map(ports.map((port, i) => [port, i]));
    return ips.flatMap((ip, host) =>
      [...(this.#rows.get(ip)?.cells ?? [])].flatMap(([number, cell]): GridCell[] => {
        const port = column.get(number);
        if (port === undefined) return [];
        const incident = incidents.get(`${ip} ${number}`);
        const part = incident === undefined ? {} : { incident: incident.id, severity: incident.severity };
        return [{ host, port, ...cell, ...part }];
      }),
    );
  }
}

/** Named hosts first, by name; then addresses in their own order, not that of their text. */
function byHost(a: { ip: string; name?: string }, b: { ip: string; name?: string }): number {
  if ((a.name === undefined) !== (b.name === undefined)) return a.name === undefined ? 1 : -1;
  const [x, y] = [a.name ?? a.ip, b.name ?? b.ip];
  return x.localeCompare(y, 'en', { numeric: true });
}

/** Host and port of open incidents -> the incident; where there are several, the last one. */
function incidentCells(open: Iterable<Incident>): Map<string, { id: string; severity: Severity }> {
  const cells = new Map<string, { id: string; severity: Severity }>();
  for (const { id, severity, targets } of open) {
    for (const { ip, port } of targets) cells.set(`${ip} ${port}`, { id, severity });
    if (cells.size > MAX_CELLS) break;
  }
  return cells;
}
