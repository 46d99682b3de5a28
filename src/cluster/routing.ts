import { createHash } from 'node:crypto';
import { windowOf } from '../correlate/incident-size.ts';
import { incidentIdentifier, textKey } from '../correlate/keys.ts';
import { stealthKind } from '../correlate/stealth-scan.ts';
import type { DetectSpec, Rule } from '../rule.ts';
import type { WindowCondition } from '../store/redis/hit-windows.ts';
import { PARTITIONS } from '../store/redis/keys.ts';
import type { Hit } from '../types.ts';

/** Where a hit goes, and what it may help to meet there. */
export interface Route {
  readonly partition: number;
  readonly conditions: readonly WindowCondition[];
}

/** How long a story is followed beyond the silence that closes its incident: longer than hits may be late. */
const FOLLOW_SLACK_MS = 3_600_000;

/**
 * Sends everything that can be one story to one partition, so that whoever judges it there sees all of it. That is the
 * source's partition where a rule groups by source, and one of the group's own for a distributed scan. A rule that groups
 * otherwise can tie any two sources together: then everything goes to the first partition, and one node judges it all.
 */
export class Routing {
  /** Rules because of which one node judges everything. */
  readonly undivided: readonly string[];
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #quietMs: number;

  /** `quietMs` closes an incident of a rule that says nothing about it. */
  constructor(rules: readonly Rule[], quietMs: number) {
    this.#rules = new Map(rules.map((rule) => [rule.id, rule]));
    this.#quietMs = quietMs;
    this.undivided = rules.filter((rule) => !bySource(rule) && !byOneGroup(rule)).map(({ id }) => id);
  }

  /** The route of a hit, which has a `name` of its own; of a rule that is not known here, none. */
  route(hit: Hit, name: string): Route | undefined {
    const rule = this.#rules.get(hit.ruleId);
    if (rule === undefined) return undefined;
    const followMs = this.#followMs(rule);
    return {
      partition: this.#partition(rule, hit),
      conditions: rule.detect.map((spec) => conditionOf(rule.id, spec, hit, name, followMs)),
    };
  }

  #partition(rule: Rule, hit: Hit): number {
    if (this.undivided.length > 0) return 0;
    const home = bySource(rule) ? hit.sourceIp : `${rule.id} ${textKey(hit, rule.detect[0]!.by)}`;
    return fnv1a(home) % PARTITIONS;
  }

  #followMs(rule: Rule): number {
    const longest = Math.max(...rule.detect.map(windowOf));
    return Math.max(rule.quietMs ?? this.#quietMs, longest) + longest + FOLLOW_SLACK_MS;
  }
}

/** The same for the same rules, wherever their files are. */
export function rulesDigest(rules: readonly Rule[]): string {
  const said = rules.map(({ position: _position, tests: _tests, ...rule }) => rule);
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 12);
}

/** The longest window of any rule. */
export function longestWindowMs(rules: readonly Rule[]): number {
  return Math.max(0, ...rules.flatMap(({ detect }) => detect.map(windowOf)));
}

function bySource({ detect }: Rule): boolean {
  return detect.every(({ by }) => by.includes('source'));
}

/** Incidents of distributed scans relate to no other incident, so each group can live anywhere. */
function byOneGroup({ detect }: Rule): boolean {
  return detect.every(({ kind, by }) => kind === 'distributed-scan' && `${by}` === `${detect[0]!.by}`);
}

function conditionOf(
  ruleId: string,
  spec: DetectSpec,
  hit: Hit,
  name: string,
  followMs: number,
): WindowCondition {
  return {
    key: `${ruleId}/${spec.kind}/${spec.by.join('+')}/${windowOf(spec)}/${textKey(hit, spec.by)}`,
    story: incidentIdentifier(ruleId, spec.kind, spec.by, hit),
    withinMs: windowOf(spec),
    followMs,
    weight: hit.attempt.count,
    ...measured(spec, hit, name),
  };
}

function measured(
  spec: DetectSpec,
  hit: Hit,
  name: string,
): Pick<WindowCondition, 'count' | 'value' | 'threshold'> {
  switch (spec.kind) {
    case 'address-scan':
      return { count: 'distinct', value: hit.host.ip, threshold: spec.hosts };
    case 'port-scan':
      return { count: hit.port >= 0 ? 'distinct' : 'none', value: `${hit.port}`, threshold: spec.ports };
    case 'distributed-scan':
      return { count: 'distinct', value: hit.sourceIp, threshold: spec.sources };
    case 'stealth-scan': {
      const flags = hit.attempt.tcpFlags;
      const counts = flags !== undefined && stealthKind(flags) !== undefined;
      return { count: counts ? 'sum' : 'none', value: name, threshold: spec.packets };
    }
    case 'repeat':
      return { count: 'sum', value: name, threshold: spec.count };
    case 'any':
      return { count: 'distinct', value: '', threshold: 1 };
  }
}

/** FNV-1a, 32 bit: the same on every node, and even over addresses that differ in their last digits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
