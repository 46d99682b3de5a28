import type { Action, AttemptKind, Severity } from './types.ts';

/** Addresses a rule watches or ignores, resolved: names and globs are gone. All text is canonical (lib/ip). */
export interface HostSet {
  /** True for `any`: every destination. */
  readonly any: boolean;
  readonly addresses: readonly string[];
  /** CIDR networks, canonical: `192.0.2.0/24`, `2001:db8::/32`. */
  readonly networks: readonly string[];
}

/** Ports a rule watches. `transport` absent means TCP and UDP alike. */
export interface PortSet {
  /** True for `any`: every port, and protocols without ports. */
  readonly any: boolean;
  readonly ranges: readonly PortRange[];
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
  readonly transport?: string;
}

/** Fields of a hit a detector may group by. */
export type GroupBy = 'source' | 'port' | 'host';

/** The condition of one rule; thresholds and windows are exactly as written (a window of W holds hits with t > now - W). */
export type DetectSpec =
  /** One source, N distinct watched hosts on the same port (Zeek Address_Scan; the paper's "three systems"). */
  | {
      readonly kind: 'address-scan';
      readonly hosts: number;
      readonly withinMs: number;
      readonly by: readonly GroupBy[];
    }
  /** One source, N distinct ports on one watched host (Zeek Port_Scan). */
  | {
      readonly kind: 'port-scan';
      readonly ports: number;
      readonly withinMs: number;
      readonly by: readonly GroupBy[];
    }
  /** Several sources, several watched hosts, the same port. */
  | {
      readonly kind: 'distributed-scan';
      readonly sources: number;
      readonly hosts: number;
      readonly withinMs: number;
      readonly by: readonly GroupBy[];
    }
  /** N packets with TCP flags no honest handshake starts with. */
  | {
      readonly kind: 'stealth-scan';
      readonly packets: number;
      readonly withinMs: number;
      readonly by: readonly GroupBy[];
    }
  /** N attempts of one kind, whatever they touch. */
  | {
      readonly kind: 'repeat';
      readonly count: number;
      readonly withinMs: number;
      readonly by: readonly GroupBy[];
    }
  /** The first sight of a source. */
  | { readonly kind: 'any'; readonly by: readonly GroupBy[] };

/** Where in a file something was written, 1-based. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One rule, validated, names resolved, durations in milliseconds. */
export interface Rule {
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
  readonly position: SourcePosition;
  readonly hosts: HostSet;
  readonly ports: PortSet;
  /** Actions that count; `denied` and `failed` unless the rule says otherwise. */
  readonly actions: readonly Action[];
  /** Kinds of attempts that count; absent: all. */
  readonly kinds?: readonly AttemptKind[];
  /** Ids of the patterns whose attempts count, and no other attempts do; absent: all attempts. */
  readonly patterns?: readonly string[];
  /** At least one; any of them opens an incident. */
  readonly detect: readonly DetectSpec[];
  readonly severity: Severity;
  /** Channel names from the main configuration; empty means every channel. */
  readonly notify: readonly string[];
  /** How long after the condition is met the first alert waits, so that it shows the sweep. Absent: the configured default. */
  readonly settleMs?: number;
  /** Silence after which an incident closes. Absent: the configured default. */
  readonly quietMs?: number;
  readonly tests: readonly RuleTest[];
}

/** A test written beside its rule. */
export interface RuleTest {
  readonly name: string;
  readonly position: SourcePosition;
  /** Path of a log file, absolute. */
  readonly lines: string;
  readonly expect: readonly RuleTestExpectation[];
}

export interface RuleTestExpectation {
  readonly kind: DetectSpec['kind'];
  readonly port?: number;
  readonly hosts?: number;
  readonly source?: string;
  readonly count?: number;
}

/** Traffic that is never looked at, with the reason people will ask for in a year. */
export interface Ignore {
  readonly sources: HostSet;
  /** `any` when the file named none. */
  readonly hosts: HostSet;
  readonly ports: PortSet;
  readonly because: string;
  /** The last instant it holds (end of the `until` day, UTC). */
  readonly untilMs?: number;
  readonly position: SourcePosition;
}

/** A site's own kind of line: the regular expression is RE2's, checked, and its named groups are fields of the attempt. */
export interface Pattern {
  readonly id: string;
  readonly regex: string;
  /** A text every such line holds; absent: whatever the expression itself shows. */
  readonly contains?: string;
  readonly kind: AttemptKind;
  readonly action: Action;
  /** Where the line does not say. */
  readonly port?: number;
  readonly transport?: string;
  readonly service?: string;
  readonly position: SourcePosition;
}

/** Names that groups of a pattern may have. */
export const PATTERN_GROUPS = [
  'source',
  'sourcePort',
  'destination',
  'port',
  'transport',
  'user',
  'service',
  'path',
  'host',
  'count',
] as const;
export type PatternGroup = (typeof PATTERN_GROUPS)[number];

/** Everything a rules directory says, checked as a whole. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly ignores: readonly Ignore[];
  /** In the order they are tried; absent: none. */
  readonly patterns?: readonly Pattern[];
  /** Canonical address -> name people use; networks by their CIDR text. */
  readonly names: ReadonlyMap<string, string>;
  /** Files read, in order. */
  readonly files: readonly string[];
}

/** One thing wrong with a rule or configuration file. */
export interface Problem {
  readonly position: SourcePosition;
  /** What is wrong, with the offending text quoted, and the nearest valid word or what to write instead. */
  readonly message: string;
  readonly level: 'error' | 'warning';
}
