import type { HostSet, Ignore, PortRange, PortSet, Rule, RuleSet } from '../../src/rule.ts';
import type { Attempt } from '../../src/types.ts';

/** `any`, addresses and networks as a set. */
export function hosts(...refs: string[]): HostSet {
  if (refs.includes('any')) return { any: true, addresses: [], networks: [] };
  return {
    any: false,
    addresses: refs.filter((ref) => !ref.includes('/')),
    networks: refs.filter((ref) => ref.includes('/')),
  };
}

/** `any`, `143`, `6000-6063`, `53/udp` as a set. */
export function ports(...refs: (string | number)[]): PortSet {
  if (refs.includes('any')) return { any: true, ranges: [] };
  return { any: false, ranges: refs.map(range) };
}

function range(ref: string | number): PortRange {
  const [numbers = '', transport] = String(ref).split('/');
  const [from = '', to = from] = numbers.split('-');
  return { from: Number(from), to: Number(to), ...(transport === undefined ? {} : { transport }) };
}

export function rule(
  id: string,
  watchedHosts: HostSet,
  watchedPorts: PortSet,
  more: Partial<Rule> = {},
): Rule {
  return {
    id,
    position: { file: 'rules/site.yaml', line: 20, column: 5 },
    hosts: watchedHosts,
    ports: watchedPorts,
    actions: ['denied', 'failed'],
    detect: [{ kind: 'any', by: ['source'] }],
    severity: 'medium',
    notify: [],
    tests: [],
    ...more,
  };
}

export function ignore(sources: HostSet, more: Partial<Ignore> = {}): Ignore {
  return {
    sources,
    hosts: hosts('any'),
    ports: ports('any'),
    because: 'our own scanner',
    position: { file: 'rules/site.yaml', line: 12, column: 5 },
    ...more,
  };
}

export function ruleSet(rules: Rule[], more: Partial<RuleSet> = {}): RuleSet {
  return { rules, ignores: [], names: new Map(), files: ['rules/site.yaml'], ...more };
}

/** A denied TCP packet from 198.51.100.7 to 192.0.2.10:143, logged by gw1. */
export function attempt(more: Partial<Attempt> = {}): Attempt {
  return {
    kind: 'packet',
    action: 'denied',
    parser: 'cisco-ios',
    vendor: 'cisco',
    product: 'ios',
    source: { ip: '198.51.100.7', port: 31337 },
    destination: { ip: '192.0.2.10', port: 143 },
    transport: 'tcp',
    count: 1,
    atMs: Date.UTC(2026, 0, 24, 17, 47, 46),
    timeSource: 'device',
    observer: { hostname: 'gw1', address: '192.0.2.1' },
    line: { sequence: 1 },
    ...more,
  };
}

/** The attempt without its transport, as a line that did not say. */
export function withoutTransport({ transport: _, ...rest }: Attempt): Attempt {
  return rest;
}
