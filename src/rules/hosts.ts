import ipaddr from 'ipaddr.js';
import picomatch from 'picomatch';
import { canonicalIp, ipv6Halves, parseIpv4 } from '../lib/ip.ts';
import { didYouMean } from '../lib/nearest.ts';
import type { HostSet } from '../rule.ts';

/** picomatch backtracks: five stars on one long name run for minutes, three for milliseconds. */
const MAX_STARS = 3;
const MAX_NAME = 253;

/** What stands for a set of hosts, or why it does not. */
export type HostResult =
  | { readonly ok: true; readonly hosts: HostSet }
  | { readonly ok: false; readonly message: string };

/** The hosts a site has named. Names are case-insensitive and keep the spelling they were given. */
export class Inventory {
  readonly #hosts = new Map<string, { readonly name: string; readonly hosts: HostSet }>();
  readonly #globs = new Map<string, HostResult>();

  /** The spelling under which a name is already known. */
  known(name: string): string | undefined {
    return this.#hosts.get(name.toLowerCase())?.name;
  }

  /** Names some hosts; the last definition of a name counts. All definitions come before the first `resolve`. */
  define(name: string, hosts: HostSet): void {
    this.#hosts.set(name.toLowerCase(), { name, hosts });
  }

  /** What a rule means by `any`, a name, a glob on names, an address or a network. */
  resolve(ref: string): HostResult {
    const lower = ref.toLowerCase();
    if (lower === 'any') return { ok: true, hosts: { any: true, addresses: [], networks: [] } };
    const named = this.#hosts.get(lower);
    if (named !== undefined) return { ok: true, hosts: named.hosts };
    if (/[*?[\]{}()!|+@]/.test(ref)) return this.#resolveGlob(lower);
    if (looksLikeAddress(ref)) return parseHosts(ref);
    return { ok: false, message: `unknown host \`${ref}\`${this.#suggestion(ref)}` };
  }

  /** Address or network -> name. Where several names hold one address, the one with the fewest wins. */
  displayNames(): Map<string, string> {
    const size = (hosts: HostSet) => hosts.addresses.length + hosts.networks.length;
    const names = new Map<string, string>();
    for (const { name, hosts } of [...this.#hosts.values()].sort((a, b) => size(a.hosts) - size(b.hosts)))
      for (const key of [...hosts.addresses, ...hosts.networks]) if (!names.has(key)) names.set(key, name);
    return names;
  }

  #resolveGlob(glob: string): HostResult {
    const before = this.#globs.get(glob);
    if (before !== undefined) return before;
    const result = this.#matchGlob(glob);
    this.#globs.set(glob, result);
    return result;
  }

  #matchGlob(glob: string): HostResult {
    const refuse = (message: string): HostResult => ({ ok: false, message: `\`${glob}\`: ${message}` });
    if (glob.length > MAX_NAME) return refuse(`longer than ${MAX_NAME} characters`);
    // Groups and repetitions would reach the regular expression picomatch makes.
    if (!/^[a-z0-9_.*?[\]-]+$/.test(glob)) return refuse('a glob has letters, digits, . _ - and * ? [a-z]');
    if (glob.split('*').length - 1 > MAX_STARS) return refuse(`at most ${MAX_STARS} stars`);
    const matches = picomatch(glob, { noextglob: true, nocase: true, dot: true });
    const found = [...this.#hosts].filter(([name]) => matches(name)).map(([, { hosts }]) => hosts);
    if (found.length > 0) return { ok: true, hosts: joinHosts(found) };
    return refuse(`matches no named host${this.#suggestion(glob.replaceAll(/[*?[\]]/g, ''))}`);
  }

  #suggestion(word: string): string {
    if (this.#hosts.size === 0) return ': no hosts are named, add them under `hosts:`';
    return didYouMean(
      word,
      Array.from(this.#hosts.values(), ({ name }) => name),
    );
  }
}

/** Reads an address or a network in CIDR notation, as a set of one. */
export function parseHosts(text: string): HostResult {
  const refuse = (message: string): HostResult => ({ ok: false, message: `\`${text}\` ${message}` });
  const [base = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0) return refuse('is not a network');
  if (/^\d+(\.\d+){3}$/.test(base) && /(^|\.)0\d/.test(base))
    return refuse('has a leading zero, which some programs read as octal');
  const address = canonicalIp(base);
  if (address === undefined || base.includes('%')) {
    if (/^[\d.]+-[\d.]+$/.test(text))
      return refuse('is a range of addresses: write it as networks (192.0.2.0/28)');
    return refuse(
      prefix === undefined ? 'is not an IP address' : 'is not a network: its address cannot be read',
    );
  }
  if (prefix === undefined) return one('addresses', address);

  const isIpv4 = parseIpv4(base) >= 0;
  const longest = isIpv4 ? 32 : 128;
  const ofMask = isIpv4 ? maskLength(prefix) : undefined;
  if (ofMask !== undefined) return refuse(`is written with a mask - did you mean \`${base}/${ofMask}\`?`);
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > longest)
    return refuse(`is not a network: the prefix length is between 0 and ${longest}`);
  const network = (isIpv4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(text).toString();
  const canonical = canonicalIp(network);
  if (canonical === undefined) return refuse('is not a network');
  if (canonicalIp(base) !== canonical)
    return refuse(`has host bits set - did you mean \`${canonical}/${prefix}\`?`);
  // IPv4-mapped IPv6 (::ffff:192.0.2.0/120) is the same as 192.0.2.0/24 everywhere else in the program.
  const length = Number(prefix) - (!isIpv4 && parseIpv4(canonical) >= 0 ? 96 : 0);
  if (length === (parseIpv4(canonical) >= 0 ? 32 : 128)) return one('addresses', canonical);
  return one('networks', `${canonical}/${length}`);
}

/** The prefix length a dotted mask stands for: 24 of 255.255.255.0. */
function maskLength(mask: string): number | undefined {
  const value = parseIpv4(mask);
  const length = Math.clz32(~value >>> 0);
  return value < 0 || 2 ** 32 - 2 ** (32 - length) !== value ? undefined : length;
}

/** All hosts of several sets, each once. */
export function joinHosts(sets: readonly HostSet[]): HostSet {
  if (sets.length === 1) return sets[0]!;
  return {
    any: sets.some((set) => set.any),
    addresses: [...new Set(sets.flatMap((set) => set.addresses))],
    networks: [...new Set(sets.flatMap((set) => set.networks))],
  };
}

/** Which kinds of addresses a set holds all of, by whatever networks. */
export function whollyHeld({ any, networks }: HostSet): { readonly ipv4: boolean; readonly ipv6: boolean } {
  const ranges = networks.map((network) => {
    const [base = '', prefix] = network.split('/');
    const isIpv4 = parseIpv4(base) >= 0;
    const [high, low] = isIpv4 ? [0n, BigInt(parseIpv4(base))] : ipv6Halves(base);
    const first = (high << 64n) | low;
    return { isIpv4, first, next: first + (1n << BigInt((isIpv4 ? 32 : 128) - Number(prefix))) };
  });
  ranges.sort((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)));
  const reach = (ofIpv4: boolean) =>
    ranges.reduce(
      (end, { isIpv4, first, next }) => (isIpv4 === ofIpv4 && first <= end && next > end ? next : end),
      0n,
    );
  return { ipv4: any || reach(true) === 1n << 32n, ipv6: any || reach(false) === 1n << 128n };
}

function one(kind: 'addresses' | 'networks', text: string): HostResult {
  return { ok: true, hosts: { any: false, addresses: [], networks: [], [kind]: [text] } };
}

/** Whether somebody meant an address, so that the message is about addresses. */
function looksLikeAddress(text: string): boolean {
  return text.includes('/') || text.includes(':') || /^[\d.-]+$/.test(text);
}
