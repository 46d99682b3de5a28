/** IANA protocol numbers that firewalls name in their logs (iana.org/assignments/protocol-numbers). */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'hopopt'],
  [1, 'icmp'],
  [2, 'igmp'],
  [4, 'ipv4'],
  [6, 'tcp'],
  [8, 'egp'],
  [9, 'igp'],
  [17, 'udp'],
  [33, 'dccp'],
  [41, 'ipv6'],
  [43, 'ipv6-route'],
  [44, 'ipv6-frag'],
  [46, 'rsvp'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'ipv6-icmp'],
  [59, 'ipv6-nonxt'],
  [60, 'ipv6-opts'],
  [88, 'eigrp'],
  [89, 'ospf'],
  [94, 'ipip'],
  [103, 'pim'],
  [108, 'ipcomp'],
  [112, 'vrrp'],
  [115, 'l2tp'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

/** Other spellings seen in logs, lower case. */
const ALIASES: ReadonlyMap<string, number> = new Map([
  ['icmpv6', 58],
  ['icmp6', 58],
  ['ospfigp', 89],
  ['ah', 51],
  ['ahp', 51],
  ['nos', 94],
  ['ipinip', 4],
  ['carp', 112],
]);

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...[...NAMES].map(([n, name]) => [name, n] as const),
  ...ALIASES,
]);

/** A protocol by its log spelling (`TCP`, `icmp6`, `103`): IANA name in lower case and number where known. */
export function protocolOf(word: string): { readonly transport?: string; readonly protocolNumber?: number } {
  if (/^\d{1,3}$/.test(word)) {
    const protocolNumber = Number(word);
    if (protocolNumber > 255) return {};
    const transport = NAMES.get(protocolNumber);
    return transport === undefined ? { protocolNumber } : { transport, protocolNumber };
  }
  const lower = word.toLowerCase();
  const protocolNumber = NUMBERS.get(lower);
  if (protocolNumber === undefined) return /^[a-z][a-z0-9-]{0,15}$/.test(lower) ? { transport: lower } : {};
  return { transport: NAMES.get(protocolNumber) ?? lower, protocolNumber };
}
