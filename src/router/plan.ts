import type { HostSet, PortRange, Rule, RuleSet } from '../rule.ts';
import type { Watched } from './device.ts';

/** More destinations than this make no list anybody wants on a router. */
const MAX_DESTINATIONS = 2_000;
/** Denying more ports than this on all one's machines would cut off what they serve. */
const MAX_PORTS_ANYWHERE = 100;

type Ports = Pick<PortRange, 'from' | 'to'>;
const TRANSPORTS = ['tcp', 'udp'] as const;

interface Destination {
  readonly rules: Set<string>;
  all: boolean;
  readonly tcp: Ports[];
  readonly udp: Ports[];
}

/**
 * What a device has to deny and log so that the rules see it, all rules taken together. `own` are the addresses and
 * networks that stand for `any`. Throws RangeError when it would be too much to configure.
 */
export function planWatched(
  { rules, names }: RuleSet,
  own: HostSet,
): { readonly watched: Watched[]; readonly omitted: string[] } {
  const destinations = new Map<string, Destination>();
  const omitted: string[] = [];
  for (const rule of rules) {
    const because = whyOmitted(rule, own);
    if (because !== undefined) {
      omitted.push(`Rule ${rule.id} ${because}`);
      continue;
    }
    const others = rule.ports.ranges.filter(({ transport = 'tcp' }) => !isWritten(transport));
    if (others.length > 0)
      omitted.push(
        `Rule ${rule.id}: only TCP and UDP are written, not ${[...new Set(others.map(({ transport }) => transport))].join(', ')}.`,
      );
    const { addresses, networks } = rule.hosts.any ? own : rule.hosts;
    for (const ip of [...addresses, ...networks]) add(destinations, ip, rule);
    if (destinations.size > MAX_DESTINATIONS)
      throw new RangeError(
        `the rules watch more than ${MAX_DESTINATIONS} single hosts: name networks (192.0.2.0/24) instead`,
      );
  }
  const watched = [...destinations].flatMap(([ip, destination]) => written(ip, destination, names.get(ip)));
  return { watched: watched.sort((a, b) => a.family - b.family), omitted };
}

function whyOmitted({ hosts, ports, actions, kinds, patterns }: Rule, own: HostSet): string | undefined {
  if (!actions.includes('denied'))
    return `counts ${actions.join(' and ')}, not denied: log that where it happens.`;
  if (kinds !== undefined && !kinds.includes('packet'))
    return `counts ${kinds.join(' and ')}, not packets: log that where it happens.`;
  if (patterns !== undefined) return 'counts what its patterns find in lines of your own, not packets.';
  if (!hosts.any) return undefined;
  const count = ports.ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  if (ports.any || count > MAX_PORTS_ANYWHERE)
    return `watches ${ports.any ? 'every port' : `${count} ports`} of any host. Denying them all would cut off what you serve: it lives from what you deny anyway. Log your final deny.`;
  if (own.addresses.length + own.networks.length === 0)
    return 'watches any host. Say which are yours (--hosts, or `ownNetworks` in knockwatch.yaml), or log your final deny.';
  return undefined;
}

function isWritten(transport: string): transport is 'tcp' | 'udp' {
  return transport === 'tcp' || transport === 'udp';
}

function add(destinations: Map<string, Destination>, ip: string, { id, ports }: Rule): void {
  const destination = destinations.get(ip) ?? { rules: new Set(), all: false, tcp: [], udp: [] };
  destinations.set(ip, destination);
  destination.rules.add(id);
  if (ports.any) destination.all = true;
  for (const { from, to, transport } of ports.ranges)
    for (const each of transport === undefined ? TRANSPORTS : [transport])
      if (isWritten(each)) destination[each].push({ from, to });
}

function written(
  destination: string,
  { rules, all, tcp, udp }: Destination,
  name: string | undefined,
): Watched[] {
  const common = {
    family: destination.includes(':') ? (6 as const) : (4 as const),
    destination,
    ...(name === undefined ? {} : { name }),
    rules: [...rules],
  };
  if (all) return [{ ...common, transport: 'any', ports: [] }];
  return (
    [
      ['tcp', tcp],
      ['udp', udp],
    ] as const
  ).flatMap(([transport, ports]) =>
    ports.length === 0 ? [] : [{ ...common, transport, ports: joined(ports) }],
  );
}

/** Ascending, with what overlaps or touches made one. */
function joined(ports: readonly Ports[]): Ports[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of [...ports].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}
