import { canonicalIp } from '../lib/ip.ts';
import type { Attempt, WatchedHost } from '../types.ts';

/** Names are compared and kept no longer than DNS allows; they are written by strangers. */
const MAX_NAME = 253;

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
 * behind a relay, then the address the line came from. A destination given by name goes before both.
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
  const address = destination.name === undefined ? canonicalIp(observer.address) : undefined;
  if (address !== undefined && !hosts.some(({ ip }) => ip === address)) hosts.push(named(address, names));
  if (hosts.length > 0) return hosts;
  const standIn = (spoken ?? observer.address).slice(0, MAX_NAME);
  return [{ ip: standIn.toLowerCase(), name: standIn }];
}

function named(ip: string, names: HostNames): WatchedHost {
  const name = names.nameOf(ip);
  return name === undefined ? { ip } : { ip, name };
}
