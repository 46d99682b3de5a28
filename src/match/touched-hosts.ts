import { canonicalIp, classifyIp, type IpClass } from '../lib/ip.ts';
import type { Attempt, WatchedHost } from '../types.ts';

/** Names are compared and kept no longer than DNS allows; they are written by strangers. */
const MAX_NAME = 253;

/** Every machine has such addresses, or none does. */
const MEANS_NO_HOST: ReadonlySet<IpClass> = new Set([
  'loopback',
  'link-local',
  'multicast',
  'broadcast',
  'unspecified',
]);

/** What a site calls its hosts, for looking up in both directions. */
export interface HostNames {
  nameOf(ip: string): string | undefined;
  /** Addresses with this name, any letter case. */
  addressesOf(name: string): readonly string[];
}

/**
 * The hosts an attempt may be about, best guess first; a rule takes the first it watches.
 *
 * The destination address, where the line has one. Otherwise the host is whoever wrote the line (a login, a TCP
 * Wrappers refusal, a packet to the router itself): the configured host the observer names itself as, which is right
 * behind a relay, then the address it states in place of a name, or else the one the line came from. A destination given
 * by name goes before all of them.
 * Where there is no address at all (a replayed file without known names) the name itself stands in for one,
 * so that rules for `any` host still tell hosts apart.
 */
export function touchedHosts(attempt: Attempt, names: HostNames): WatchedHost[] {
  const { destination, observer } = attempt;
  if (destination.ip !== undefined) return [named(destination.ip, names)];
  const spoken = destination.name ?? observer.hostname;
  const hosts =
    spoken === undefined ? [] : names.addressesOf(spoken.slice(0, MAX_NAME)).map((ip) => named(ip, names));
  // A line that names another destination is not about the device that logged it.
  const sender = destination.name === undefined ? canonicalIp(observer.address) : undefined;
  const address = statedAddress(spoken, attempt) ?? sender;
  if (address !== undefined && !hosts.some(({ ip }) => ip === address)) hosts.push(named(address, names));
  if (hosts.length > 0) return hosts;
  const standIn = (spoken ?? observer.address).slice(0, MAX_NAME);
  return [{ ip: standIn.toLowerCase(), name: standIn }];
}

/**
 * The address a host calls itself by, as far as it tells the host from others. The source's own is none: where a header
 * names no host, it is the first word of a text that begins with the stranger.
 */
function statedAddress(spoken: string | undefined, { source }: Attempt): string | undefined {
  const address = spoken === undefined ? undefined : canonicalIp(spoken.replace(/^\[(.*)\]$/, '$1'));
  if (address === undefined || address === source.ip) return undefined;
  return MEANS_NO_HOST.has(classifyIp(address)) ? undefined : address;
}

function named(ip: string, names: HostNames): WatchedHost {
  const name = names.nameOf(ip);
  return name === undefined ? { ip } : { ip, name };
}
