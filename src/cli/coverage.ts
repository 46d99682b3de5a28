import { networkTest } from '../lib/ip.ts';
import type { PortRange, Rule, RuleSet } from '../rule.ts';
import type { Hit } from '../types.ts';

/** More single hosts x ports than this in a rule are told as one. */
const MAX_ROWS_OF_RULE = 2_000;
/** Distinct hosts and ports counted in a row that stands for many. */
const MAX_DISTINCT = 65_536;

/** A watched host, network or any host, with a port or a run of them, and what was logged of it. */
export interface CoverageRow {
  readonly ruleId: string;
  /** Address, network, `any host`, or `N hosts`. */
  readonly host: string;
  readonly name?: string;
  /** Absent: every port. */
  readonly range?: PortRange;
  /** Whether it stands for more than one host. */
  readonly many: boolean;
  lines: number;
  lastMs?: number;
  /** Who logged it last. */
  device?: string;
  readonly hosts: Set<string>;
  readonly ports: Set<number>;
}

interface Target {
  readonly host: string;
  readonly name?: string;
  readonly many: boolean;
  readonly has: (ip: string) => boolean;
}

/** Which of what the rules watch was really logged, and which never was. */
export class Coverage {
  readonly #rows: CoverageRow[] = [];
  readonly #byRule = new Map<string, { readonly target: Target; readonly rows: CoverageRow[] }[]>();

  constructor({ rules, names }: RuleSet) {
    for (const rule of rules) {
      const entries = targetsOf(rule, names).map((target) => ({ target, rows: rowsOf(rule, target) }));
      this.#byRule.set(rule.id, entries);
      this.#rows.push(...entries.flatMap(({ rows }) => rows));
    }
  }

  /** In the order of rules, hosts and ports as written. */
  get rows(): readonly CoverageRow[] {
    return this.#rows;
  }

  add({ ruleId, host, port, attempt }: Hit): void {
    for (const { target, rows } of this.#byRule.get(ruleId) ?? []) {
      if (!target.has(host.ip)) continue;
      for (const row of rows) {
        if (!covers(row.range, port, attempt.transport)) continue;
        row.lines++;
        if (row.hosts.size < MAX_DISTINCT) row.hosts.add(host.ip);
        if (row.ports.size < MAX_DISTINCT) row.ports.add(port);
        if (row.lastMs !== undefined && row.lastMs > attempt.atMs) continue;
        row.lastMs = attempt.atMs;
        row.device = attempt.observer.hostname ?? attempt.observer.address;
      }
    }
  }
}

function targetsOf({ hosts, ports }: Rule, names: RuleSet['names']): Target[] {
  if (hosts.any) return [{ host: 'any host', many: true, has: () => true }];
  const named = (host: string) => (names.has(host) ? { name: names.get(host)! } : {});
  const networks = hosts.networks.map(
    (host): Target => ({ host, ...named(host), many: true, has: networkTest([host]) }),
  );
  if (hosts.addresses.length * Math.max(1, ports.ranges.length) > MAX_ROWS_OF_RULE) {
    const all = new Set(hosts.addresses);
    return [{ host: `${all.size} hosts`, many: true, has: (ip) => all.has(ip) }, ...networks];
  }
  const addresses = hosts.addresses.map(
    (host): Target => ({ host, ...named(host), many: false, has: (ip) => ip === host }),
  );
  return [...addresses, ...networks];
}

function rowsOf({ id, ports }: Rule, { host, name, many }: Target): CoverageRow[] {
  const ranges = ports.any ? [undefined] : ports.ranges;
  return ranges.map((range) => ({
    ruleId: id,
    host,
    ...(name === undefined ? {} : { name }),
    ...(range === undefined ? {} : { range }),
    many,
    lines: 0,
    hosts: new Set(),
    ports: new Set(),
  }));
}

function covers(range: PortRange | undefined, port: number, transport: string | undefined): boolean {
  if (range === undefined) return true;
  if (range.transport !== undefined && transport !== undefined && range.transport !== transport) return false;
  return port >= range.from && port <= range.to;
}
