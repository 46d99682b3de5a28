import { randomInt } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import type { Config } from '../config/config.ts';
import { Pipeline } from '../pipeline.ts';
import type { DetectSpec, PortSet, Rule, RuleSet } from '../rule.ts';
import type { Incident } from '../types.ts';
import { pipelineOptions } from './pipeline-options.ts';

/** What every line of a self-test says of itself: as the host that logged it and as the list that denied it. */
export const MARK = 'knockwatch-self-test';

/** A rule that needs more lines than this is not tried: a test is no flood. */
const MAX_KNOCKS = 200;

/** A synthetic probe of one rule. */
export interface SelfTest {
  readonly rule: Rule;
  /** Syslog messages, RFC 5424 around an IOS ACL line. */
  readonly lines: readonly string[];
  /** Addresses for documentation (RFC 5737, RFC 3849): nobody's. */
  readonly sources: readonly string[];
}

interface Knock {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly transport: string;
}

/** The first rule (or the one named) that synthetic lines can trip, and the lines; undefined when there is none. */
export function selfTest(
  config: Config,
  ruleSet: RuleSet,
  nowMs: number,
  ruleId?: string,
): SelfTest | undefined {
  for (const rule of ruleSet.rules) {
    if (ruleId !== undefined && rule.id !== ruleId) continue;
    for (const family of [4, 6] as const) {
      for (const spec of rule.detect) {
        const knocks = knocksFor(spec, rule, family);
        if (knocks === undefined || knocks.length > MAX_KNOCKS) continue;
        const lines = knocks.map((knock, i) => lineOf(knock, nowMs - knocks.length + i));
        // Other settings have a say too, ignores above all: what opens nothing here would open nothing there.
        if (!rehearse(config, ruleSet, lines, nowMs).some((incident) => incident.ruleId === rule.id))
          continue;
        return { rule, lines, sources: [...new Set(knocks.map(({ source }) => source))] };
      }
    }
  }
  return undefined;
}

function knocksFor(spec: DetectSpec, rule: Rule, family: 4 | 6): Knock[] | undefined {
  if (!rule.actions.includes('denied')) return undefined;
  const { hosts: h, ports: p, sources: s, count } = needs(spec);
  const destinations = destinationsOf(rule, family, h);
  const { ports, transport } = portsOf(rule.ports, p);
  if (destinations.length < h || ports.length < p) return undefined;
  const from = sources(family, s);
  const length = Math.max(h, p, s, count);
  return Array.from({ length }, (_, i) => ({
    source: from[i % s]!,
    destination: destinations[i % h]!,
    port: ports[i % p]!,
    transport,
  }));
}

/** How many different hosts, ports and sources, and how many lines a detector wants to see. */
function needs(spec: DetectSpec): { hosts: number; ports: number; sources: number; count: number } {
  const one = { hosts: 1, ports: 1, sources: 1, count: 1 };
  switch (spec.kind) {
    case 'address-scan':
      return { ...one, hosts: spec.hosts };
    case 'port-scan':
      return { ...one, ports: spec.ports };
    case 'distributed-scan':
      return { ...one, sources: spec.sources, hosts: spec.hosts };
    case 'repeat':
      return { ...one, count: spec.count };
    case 'stealth-scan':
    case 'any':
      return one;
  }
}

function destinationsOf({ hosts }: Rule, family: 4 | 6, wanted: number): string[] {
  const isWanted = (text: string) => text.includes(':') === (family === 6);
  if (hosts.any) return family === 4 ? following('192.0.2.0', wanted) : [];
  const found = hosts.addresses.filter(isWanted).slice(0, wanted);
  for (const network of hosts.networks.filter(isWanted)) {
    const [base = '', prefix] = network.split('/');
    const room = Math.min(
      wanted - found.length,
      2 ** Math.min(16, (family === 4 ? 32 : 128) - Number(prefix)) - 1,
    );
    if (room > 0) found.push(...following(base, room));
  }
  return [...new Set(found)].slice(0, wanted);
}

/** The addresses after `base`. */
function following(base: string, count: number): string[] {
  const bytes = ipaddr.parse(base).toByteArray();
  return Array.from({ length: count }, (_, i) => {
    const next = [...bytes];
    const low = next.length - 2;
    const value = next[low]! * 256 + next[low + 1]! + i + 1;
    next[low] = (value >> 8) & 255;
    next[low + 1] = value & 255;
    return ipaddr.fromByteArray(next).toString();
  });
}

function portsOf({ any, ranges }: PortSet, wanted: number): { ports: number[]; transport: string } {
  if (any) return { ports: Array.from({ length: wanted }, (_, i) => i + 1), transport: 'tcp' };
  const byTransport = (transport: string) => {
    const ports = new Set<number>();
    for (const range of ranges)
      if ((range.transport ?? transport) === transport)
        for (let port = range.from; port <= range.to && ports.size < wanted; port++) ports.add(port);
    return [...ports];
  };
  const tcp = byTransport('tcp');
  return tcp.length >= wanted
    ? { ports: tcp, transport: 'tcp' }
    : { ports: byTransport('udp'), transport: 'udp' };
}

/** Different addresses of RFC 5737 (198.51.100.0/24, 203.0.113.0/24) or RFC 3849, other ones each time. */
function sources(family: 4 | 6, count: number): string[] {
  const start = randomInt(254);
  return Array.from({ length: count }, (_, i) => {
    const n = (start + i) % 508;
    if (family === 6) return `2001:db8:ffff::${(n + 1).toString(16)}`;
    return n < 254 ? `198.51.100.${n + 1}` : `203.0.113.${n - 253}`;
  });
}

function lineOf({ source, destination, port, transport }: Knock, atMs: number): string {
  const [mnemonic, list] = destination.includes(':')
    ? ['IPV6_ACL-6-ACCESSLOGP', `${MARK}/10`]
    : ['SEC-6-IPACCESSLOGP', MARK];
  const body = `%${mnemonic}: list ${list} denied ${transport} ${source}(${randomInt(1_024, 65_536)}) -> ${destination}(${port}), 1 packet`;
  return `<190>1 ${new Date(atMs).toISOString()} ${MARK} - - - - ${body}`;
}

/** The incidents these lines would open, on loopback, now. */
function rehearse(config: Config, ruleSet: RuleSet, lines: readonly string[], nowMs: number): Incident[] {
  const opened: Incident[] = [];
  const pipeline = new Pipeline({
    ...pipelineOptions(config, ruleSet, 'live'),
    onTransition: (incident, transition) => {
      if (transition === 'opened') opened.push(incident);
    },
  });
  for (const line of lines)
    pipeline.process({
      bytes: Buffer.from(line),
      receivedAtMs: nowMs,
      peer: { address: '127.0.0.1', port: 514 },
      transport: 'udp',
    });
  pipeline.flush();
  return opened;
}
