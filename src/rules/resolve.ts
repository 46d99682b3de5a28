import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { canonicalIp, parseIpv4 } from '../lib/ip.ts';
import type { DetectSpec, HostSet, Ignore, PortSet, Rule, RuleTest, RuleTestExpectation } from '../rule.ts';
import { checkChannels, checkPatterns } from './check-names.ts';
import { type Inventory, joinHosts, whollyHeld } from './hosts.ts';
import { joinPorts, parsePorts } from './ports.ts';
import type { ProblemList, RuleSource } from './read-file.ts';
import type { IgnoreEntry, PortRef, RuleEntry } from './schema.ts';

/** Addresses and networks of all rules together: what the matcher's tables are built for. */
const MAX_WATCHED = 2_000_000;

const EVERY_HOST: HostSet = { any: true, addresses: [], networks: [] };
const EVERY_PORT: PortSet = { any: true, ranges: [] };

/** What turning an entry of a file into a rule needs. */
export interface Resolving {
  readonly source: RuleSource;
  readonly inventory: Inventory;
  readonly problems: ProblemList;
  readonly nowMs: number;
  readonly cwd: string;
  /** Ids of all patterns of the load. */
  readonly patternIds: ReadonlySet<string>;
  /** Names of the channels there are; unknown when undefined. */
  readonly channels: readonly string[] | undefined;
  /** Shared by all files of a load. */
  readonly budget: { watched: number };
}

type Path = readonly (string | number)[];

/** A rule with its names looked up; what cannot be resolved is reported and left out. */
export function resolveRule(entry: RuleEntry, index: number, resolving: Resolving): Rule {
  const path = ['rules', index];
  const { title, description, settle, quiet } = entry;
  const hosts = resolveHosts(entry.watch.hosts, [...path, 'watch', 'hosts'], resolving);
  const ports = resolvePorts(entry.watch.ports, [...path, 'watch', 'ports'], resolving);
  const detect = detectSpecs(entry.detect);
  const { kinds, patterns } = entry.watch;
  checkPatterns(patterns, [...path, 'watch', 'patterns'], resolving);
  checkChannels(entry.notify, [...path, 'notify'], resolving);
  warnAboutWatch(
    { hosts, ports, detect, isNarrow: kinds !== undefined || patterns !== undefined },
    path,
    resolving,
  );
  return {
    id: entry.id,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    position: resolving.source.locate(path),
    hosts,
    ports,
    actions: [...new Set(entry.actions)],
    ...(kinds === undefined ? {} : { kinds: [...new Set(kinds)] }),
    ...(patterns === undefined ? {} : { patterns: [...new Set(patterns)] }),
    detect,
    severity: entry.severity,
    notify: [...new Set(entry.notify)],
    ...(settle === undefined ? {} : { settleMs: settle }),
    ...(quiet === undefined ? {} : { quietMs: quiet }),
    tests: entry.tests.map((test, i) => resolveTest(test, detect, [...path, 'tests', i], resolving)),
  };
}

/** An ignore with its names looked up; one that has expired, or leaves nothing to watch, is reported. */
export function resolveIgnore(entry: IgnoreEntry, index: number, resolving: Resolving): Ignore {
  const { source, problems, nowMs } = resolving;
  const path = ['ignore', index];
  const sources = resolveHosts(entry.sources, [...path, 'sources'], resolving);
  const hosts =
    entry.hosts === undefined ? EVERY_HOST : resolveHosts(entry.hosts, [...path, 'hosts'], resolving);
  const ports =
    entry.ports === undefined ? EVERY_PORT : resolvePorts(entry.ports, [...path, 'ports'], resolving);
  if (ports.any) warnAboutBlindness(sources, hosts, path, resolving);
  const untilMs = entry.until === undefined ? undefined : Date.parse(`${entry.until}T23:59:59.999Z`);
  if (untilMs !== undefined && untilMs < nowMs)
    problems.add(
      source.locate([...path, 'until']),
      `expired on ${entry.until}, no longer ignored: ${entry.because}`,
      'warning',
    );
  const position = source.locate(path);
  return {
    sources,
    hosts,
    ports,
    because: entry.because,
    ...(untilMs === undefined ? {} : { untilMs }),
    position,
  };
}

/** Whoever ignores everybody on every port has switched the watch off, however it is written. */
function warnAboutBlindness(
  sources: HostSet,
  hosts: HostSet,
  path: Path,
  { source, problems }: Resolving,
): void {
  const [from, to] = [whollyHeld(sources), whollyHeld(hosts)];
  const [ipv4, ipv6] = [from.ipv4 && to.ipv4, from.ipv6 && to.ipv6];
  if (ipv4 && ipv6) problems.add(source.locate(path), 'this ignores everything: no rule could ever match');
  else if (ipv4 || ipv6)
    problems.add(source.locate(path), `this ignores everything that is ${ipv4 ? 'IPv4' : 'IPv6'}`, 'warning');
}

function resolveHosts(
  refs: string | string[],
  path: Path,
  { inventory, problems, source, budget }: Resolving,
): HostSet {
  const sets = [];
  for (const [i, ref] of [refs].flat().entries()) {
    const result = inventory.resolve(ref);
    if (result.ok) sets.push(result.hosts);
    else problems.add(source.locate(Array.isArray(refs) ? [...path, i] : path), result.message);
  }
  const hosts = sets.length === 0 ? { ...EVERY_HOST, any: false } : joinHosts(sets);
  const before = budget.watched;
  budget.watched += hosts.addresses.length + hosts.networks.length;
  if (before <= MAX_WATCHED && budget.watched > MAX_WATCHED)
    problems.add(
      source.locate(path),
      `the rules up to here watch more than ${MAX_WATCHED} addresses: use networks`,
    );
  return hosts;
}

function resolvePorts(refs: PortRef | PortRef[], path: Path, { problems, source }: Resolving): PortSet {
  const sets = [];
  for (const [i, ref] of [refs].flat().entries()) {
    const result = parsePorts(ref);
    if (result.ok) sets.push(result.ports);
    else problems.add(source.locate(Array.isArray(refs) ? [...path, i] : path), result.message);
  }
  return joinPorts(sets);
}

function detectSpecs(detect: RuleEntry['detect']): DetectSpec[] {
  const specs: DetectSpec[] = [];
  const { 'address-scan': address, 'port-scan': port, 'distributed-scan': distributed } = detect;
  const { 'stealth-scan': stealth, repeat, any } = detect;
  if (address)
    specs.push({ kind: 'address-scan', hosts: address.hosts, withinMs: address.within, by: address.by });
  if (port) specs.push({ kind: 'port-scan', ports: port.ports, withinMs: port.within, by: port.by });
  if (distributed) {
    const { sources, hosts, within, by } = distributed;
    specs.push({ kind: 'distributed-scan', sources, hosts, withinMs: within, by });
  }
  if (stealth)
    specs.push({ kind: 'stealth-scan', packets: stealth.packets, withinMs: stealth.within, by: stealth.by });
  if (repeat) specs.push({ kind: 'repeat', count: repeat.count, withinMs: repeat.within, by: repeat.by });
  if (any) specs.push({ kind: 'any', by: any.by });
  return specs;
}

/** Rules that are valid and still not what anybody wants. */
function warnAboutWatch(
  {
    hosts,
    ports,
    detect,
    isNarrow,
  }: Pick<Rule, 'hosts' | 'ports' | 'detect'> & { readonly isNarrow: boolean },
  path: Path,
  to: Resolving,
): void {
  const warn = (at: Path, message: string) => to.problems.add(to.source.locate(at), message, 'warning');
  if (hosts.any && ports.any && !isNarrow)
    warn([...path, 'watch'], 'watches any port of any host: expect noise from every scanner on the internet');
  for (const spec of detect) {
    const at = [...path, 'detect', spec.kind];
    if ('hosts' in spec && spec.hosts > countHosts(hosts))
      warn(at, `needs ${spec.hosts} hosts but only ${countHosts(hosts)} are watched: it can never be met`);
    if (spec.kind === 'port-scan' && spec.ports > countPorts(ports))
      warn(at, `needs ${spec.ports} ports but only ${countPorts(ports)} are watched: it can never be met`);
  }
}

function countHosts({ any, addresses, networks }: HostSet): number {
  if (any) return Number.POSITIVE_INFINITY;
  const sizes = networks.map((network) => {
    const [base = '', length] = network.split('/');
    return 2 ** ((parseIpv4(base) < 0 ? 128 : 32) - Number(length));
  });
  return addresses.length + sizes.reduce((sum, size) => sum + size, 0);
}

function countPorts({ any, ranges }: PortSet): number {
  return any ? Number.POSITIVE_INFINITY : ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

function resolveTest(
  test: RuleEntry['tests'][number],
  detect: readonly DetectSpec[],
  path: Path,
  { source, problems, cwd }: Resolving,
): RuleTest {
  const kinds = detect.map(({ kind }) => kind);
  const expect = test.expect.map((wanted, i): RuleTestExpectation => {
    const at = [...path, 'expect', i];
    if (!kinds.includes(wanted.kind))
      problems.add(
        source.locate([...at, 'kind']),
        `\`${wanted.kind}\` can never come from this rule, it detects ${kinds.join(', ')}`,
      );
    const { kind, port, hosts, count } = wanted;
    const address = wanted.source === undefined ? undefined : canonicalIp(wanted.source);
    if (wanted.source !== undefined && address === undefined)
      problems.add(source.locate([...at, 'source']), `\`${wanted.source}\` is not an IP address`);
    return {
      kind,
      ...(port === undefined ? {} : { port }),
      ...(hosts === undefined ? {} : { hosts }),
      ...(address === undefined ? {} : { source: address }),
      ...(count === undefined ? {} : { count }),
    };
  });
  const beside = resolve(dirname(source.file), test.lines);
  const fromCwd = resolve(cwd, test.lines);
  const lines = !existsSync(beside) && existsSync(fromCwd) ? fromCwd : beside;
  return { name: test.name, position: source.locate(path), lines, expect };
}
