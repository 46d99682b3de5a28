import type { Rule, RuleSet } from '../rule.ts';
import type { Attempt, AttemptKind, Hit, WatchedHost } from '../types.ts';
import { explainMatch, type MatchExplanation } from './explain-match.ts';
import { isFromPattern } from './from-pattern.ts';
import { HostIndex } from './host-index.ts';
import { IgnoreIndex } from './ignore-index.ts';
import { PortIndex } from './port-index.ts';
import { type HostNames, touchedHosts } from './touched-hosts.ts';

/** Why an attempt gave no hit; one value per possible cause, so that each can be counted. */
export type NoHitReason =
  | 'no-source-address'
  | 'not-watched'
  | 'action-does-not-count'
  | 'other-pattern'
  | 'ignored';

/** What became of an attempt. `reason` is absent when there are hits. */
export interface MatchOutcome {
  readonly hits: readonly Hit[];
  readonly reason?: NoHitReason;
}

/** A rule set compiled for look-up. Holds no state between attempts: safe to share, replaced as a whole on reload. */
export interface Matcher {
  /** The hits of an attempt, one a rule and port it names, by port and then in the order of the rules. */
  match(attempt: Attempt): readonly Hit[];
  /** The same with the reason when there is none. */
  decide(attempt: Attempt): MatchOutcome;
  /** One sentence for every rule, for `knockwatch explain`; slow, it asks each rule. */
  explainMatch(attempt: Attempt): readonly MatchExplanation[];
}

/**
 * Builds the look-up tables: address or network -> ports -> rules. The cost of an attempt depends on the prefix
 * lengths in use and the rules it hits, not on how many rules there are.
 */
export function compileMatcher(ruleSet: RuleSet): Matcher {
  const { rules } = ruleSet;
  const names = compileNames(ruleSet.names);
  const ignores = new IgnoreIndex(ruleSet.ignores);
  const tables = compileTables(rules);
  const countsFor = rules.map(({ actions }) => new Set<string>(actions));

  /** Puts the hits on one port into `hits`; the reason why there is none. */
  const decidePort = (
    attempt: Attempt,
    sourceIp: string,
    hosts: readonly WatchedHost[],
    port: number,
    hits: Hit[],
  ): NoHitReason | undefined => {
    const candidates = new Map<number, WatchedHost>();
    for (const host of hosts)
      for (const { anyHost, byHost } of tables[attempt.kind])
        for (const ports of [anyHost, ...byHost.find(host.ip)])
          ports.find(port, attempt.transport, (rule) => {
            if (!candidates.has(rule)) candidates.set(rule, host);
          });
    if (candidates.size === 0) return 'not-watched';

    const before = hits.length;
    let reason: NoHitReason = 'action-does-not-count';
    for (const [rule, host] of [...candidates].sort(([a], [b]) => a - b)) {
      if (!countsFor[rule]!.has(attempt.action)) continue;
      if (!isFromPattern(rules[rule]!, attempt)) {
        reason = 'other-pattern';
        continue;
      }
      if (ignores.find(attempt, sourceIp, host, port) !== undefined) reason = 'ignored';
      else hits.push({ ruleId: rules[rule]!.id, attempt, host, port, sourceIp });
    }
    return hits.length > before ? undefined : reason;
  };

  const decide = (attempt: Attempt): MatchOutcome => {
    const sourceIp = attempt.source.ip;
    if (sourceIp === undefined) return { hits: [], reason: 'no-source-address' };
    const hosts = touchedHosts(attempt, names);
    const hits: Hit[] = [];
    let reason = decidePort(attempt, sourceIp, hosts, attempt.destination.port ?? -1, hits);
    for (const port of attempt.furtherPorts ?? []) {
      const other = decidePort(attempt, sourceIp, hosts, port, hits);
      // A port that is not watched says less than one that is.
      if (reason === 'not-watched') reason = other;
    }
    return hits.length > 0 || reason === undefined ? { hits } : { hits, reason };
  };

  return {
    match: (attempt) => decide(attempt).hits,
    decide,
    explainMatch: (attempt) => explainMatch(attempt, rules, ignores, names),
  };
}

interface Table {
  readonly byHost: HostIndex<PortIndex>;
  readonly anyHost: PortIndex;
}

/** For each kind of attempt the tables to look in: one of the rules for all kinds, and one of those for that kind only. */
function compileTables(rules: readonly Rule[]): Readonly<Record<AttemptKind, readonly Table[]>> {
  const tableOf = (holds: (rule: Rule) => boolean): Table[] => {
    const wanted = [...rules.keys()].filter((rule) => holds(rules[rule]!));
    return wanted.length === 0 ? [] : [compileRules(rules, wanted)];
  };
  const all = tableOf(({ kinds }) => kinds === undefined);
  const tablesOf = (kind: AttemptKind) => [...all, ...tableOf(({ kinds }) => kinds?.includes(kind) ?? false)];
  return { packet: tablesOf('packet'), login: tablesOf('login'), request: tablesOf('request') };
}

/** Rules, by their index, by the hosts they watch. Hosts watched by the same rules share one port index. */
function compileRules(rules: readonly Rule[], wanted: readonly number[]): Table {
  const rulesByKey = new Map<string, number[]>();
  const anyRules: number[] = [];
  for (const rule of wanted) {
    const { hosts } = rules[rule]!;
    if (hosts.any) anyRules.push(rule);
    else
      for (const key of new Set([...hosts.addresses, ...hosts.networks])) {
        const list = rulesByKey.get(key);
        if (list === undefined) rulesByKey.set(key, [rule]);
        else list.push(rule);
      }
  }
  const portsOf = (list: readonly number[]) =>
    new PortIndex(list.map((rule) => [rule, rules[rule]!.ports] as const));
  const shared = new Map<string, PortIndex>();
  const byHost = new HostIndex<PortIndex>();
  for (const [key, list] of rulesByKey) {
    const identity = list.join();
    let ports = shared.get(identity);
    if (ports === undefined) {
      ports = portsOf(list);
      shared.set(identity, ports);
    }
    byHost.set(key, ports);
  }
  return { byHost, anyHost: portsOf(anyRules) };
}

/** The configured names in both directions; networks give names but are not given by them. */
function compileNames(configured: ReadonlyMap<string, string>): HostNames {
  const index = new HostIndex<string>();
  const addresses = new Map<string, string[]>();
  for (const [key, name] of configured) {
    index.set(key, name);
    if (key.includes('/')) continue;
    const lower = name.toLowerCase();
    addresses.set(lower, [...(addresses.get(lower) ?? []), key]);
  }
  return {
    nameOf: (ip) => index.find(ip)[0],
    addressesOf: (name) => addresses.get(name.toLowerCase()) ?? [],
  };
}
