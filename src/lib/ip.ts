import ipaddr from 'ipaddr.js';

/** A strict dotted quad as an unsigned 32-bit number, or -1. Leading zeros (octal in some tools) are refused. */
export function parseIpv4(text: string): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  let leadingZero = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      if (octet < 0 || dots === 3) return -1;
      value = value * 256 + octet;
      octet = -1;
      leadingZero = false;
      dots++;
    } else if (c >= 48 && c <= 57) {
      if (leadingZero) return -1;
      if (octet < 0) {
        octet = c - 48;
        leadingZero = c === 48;
      } else {
        octet = octet * 10 + c - 48;
        if (octet > 255) return -1;
      }
    } else return -1;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

/** An unsigned 32-bit number as a dotted quad. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/**
 * Canonical text of an address, or undefined when it is none: dotted quad for IPv4 and IPv4-mapped IPv6,
 * RFC 5952 for IPv6. A zone id (`%eth0`) is dropped, it means nothing outside the device that wrote it.
 */
export function canonicalIp(text: string): string | undefined {
  if (text.length === 0 || text.length > 64) return undefined;
  if (parseIpv4(text) >= 0) return text;
  if (!text.includes(':')) return undefined;
  const percent = text.indexOf('%');
  const bare = percent < 0 ? text : text.slice(0, percent);
  if (!ipaddr.IPv6.isValid(bare)) return undefined;
  const parsed = ipaddr.IPv6.parse(bare);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.toRFC5952String();
}

/** An IPv6 address (canonical text) as two unsigned 64-bit halves, high first. Throws RangeError for other text. */
export function ipv6Halves(text: string): readonly [bigint, bigint] {
  if (!ipaddr.IPv6.isValid(text)) throw new RangeError(`not an IPv6 address: ${text}`);
  const parts = ipaddr.IPv6.parse(text).parts;
  const half = (from: number) =>
    parts.slice(from, from + 4).reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
  return [half(0), half(4)];
}

/** What kind of address this is; everything that can not be a real remote sender has a word of its own. */
export type IpClass =
  | 'public'
  | 'private'
  | 'loopback'
  | 'link-local'
  | 'multicast'
  | 'broadcast'
  | 'unspecified'
  | 'documentation'
  | 'reserved';

/** Classifies a canonical address by the IANA special-purpose registries (RFC 6890). */
export function classifyIp(canonical: string): IpClass {
  const parsed = ipaddr.parse(canonical);
  const text = parsed.toString();
  if (/^(192\.0\.2|198\.51\.100|203\.0\.113)\./.test(text)) return 'documentation';
  switch (parsed.range()) {
    case 'unicast':
      return 'public';
    case 'private':
    case 'carrierGradeNat':
    case 'uniqueLocal':
      return 'private';
    case 'loopback':
      return 'loopback';
    case 'linkLocal':
      return 'link-local';
    case 'multicast':
      return 'multicast';
    case 'broadcast':
      return 'broadcast';
    case 'unspecified':
      return 'unspecified';
    default:
      return text.startsWith('2001:db8:') ? 'documentation' : 'reserved';
  }
}

/** An address block: canonical text, and how many of its leading bits all members share. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

/**
 * Reads an address or a network in CIDR notation; undefined when it is neither. Host bits may be set. IPv4-mapped IPv6
 * (`::ffff:192.0.2.0/120`) is the IPv4 network it stands for.
 */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const written = slash < 0 ? text : text.slice(0, slash);
  const address = canonicalIp(written);
  if (address === undefined || written.includes('%')) return undefined;
  const isIpv4 = parseIpv4(address) >= 0;
  const longest = isIpv4 ? 32 : 128;
  if (slash < 0) return { address, prefix: longest };
  const digits = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const isMapped = isIpv4 && parseIpv4(written) < 0;
  const prefix = Number(digits) - (isMapped ? 96 : 0);
  return prefix < 0 || prefix > longest ? undefined : { address, prefix };
}

/** A test for "is in one of these addresses and networks". Throws RangeError naming the first that is neither. */
export function networkTest(networks: readonly string[]): (ip: string) => boolean {
  const ranges = networks.map((text) => {
    const network = parseNetwork(text);
    if (network === undefined) throw new RangeError(`not a network: ${text}`);
    return [ipaddr.parse(network.address), network.prefix] as const;
  });
  if (ranges.length === 0) return () => false;
  return (ip) => {
    const parsed = ipaddr.parse(ip);
    return ranges.some(
      ([network, prefix]) => network.kind() === parsed.kind() && parsed.match(network, prefix),
    );
  };
}
