import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { canonicalIp, ipv6Halves } from '../lib/ip.ts';
import { isHostName } from './clean-text.ts';
import type { Lookup, LookupAnswer } from './lookup.ts';

export interface ReverseDnsOptions {
  /** Name servers as `address` or `address:port`; the system's when absent. */
  readonly servers?: readonly string[];
  readonly timeoutMs?: number;
}

/** Names of one answer that are looked at; a PTR record set can be as long as its owner likes. */
const MAX_NAMES = 4;
const NOTHING: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA', 'NOTFOUND', 'NODATA']);

/**
 * Reverse DNS with forward confirmation (RFC 1912 2.1). The owner of the address writes the name: it is checked to be a host name
 * at all, and called `claimed` unless it leads back to the address.
 */
export function reverseDns({ servers, timeoutMs = 3_000 }: ReverseDnsOptions = {}): Lookup {
  return {
    name: 'reverse-dns',
    label: 'Reverse DNS',
    async lookUp(ip, signal) {
      const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
      if (servers !== undefined) resolver.setServers([...servers]);
      const cancel = () => resolver.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        if (signal.aborted) throw new Error('no answer in time');
        return await nameOf(resolver, ip);
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
  };
}

async function nameOf(resolver: Resolver, ip: string): Promise<LookupAnswer | undefined> {
  const answered = (await orNothing(resolver.resolvePtr(reverseName(ip)))).slice(0, MAX_NAMES);
  if (answered.length === 0) return undefined;
  const names = answered.map((name) => name.replace(/\.$/, '')).filter(isHostName);
  if (names.length === 0) return { text: 'the answer is no host name; it is not shown' };
  for (const name of names) {
    if (await leadsBack(resolver, name, ip))
      return { text: `${name} (confirmed)`, hostName: { name, confirmed: true } };
  }
  const [name] = names;
  return {
    text: `${name} (claimed: the name does not lead back to the address)`,
    hostName: { name: name!, confirmed: false },
  };
}

async function leadsBack(resolver: Resolver, name: string, ip: string): Promise<boolean> {
  try {
    const addresses = await (isIPv6(ip) ? resolver.resolve6(name) : resolver.resolve4(name));
    return addresses.slice(0, 64).some((address) => canonicalIp(address) === ip);
  } catch {
    return false;
  }
}

/** The name an address has in the reverse tree (RFC 1035 3.5, RFC 3596 2.5). */
function reverseName(ip: string): string {
  if (!isIPv6(ip)) return `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
  const digits = ipv6Halves(ip)
    .map((half) => half.toString(16).padStart(16, '0'))
    .join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}

async function orNothing(answer: Promise<string[]>): Promise<string[]> {
  try {
    return await answer;
  } catch (error) {
    if (NOTHING.has((error as NodeJS.ErrnoException).code)) return [];
    throw error;
  }
}
