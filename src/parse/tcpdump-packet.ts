import { canonicalIp } from '../lib/ip.ts';
import { protocolOf } from '../lib/protocols.ts';
import type { Endpoint } from '../types.ts';
import { decimal, UINT8, UINT16, UINT32 } from './decimal.ts';
import { type AttemptDraft, type PacketDraft, setDetail } from './draft.ts';
import { icmpOfPhrase } from './icmp-words.ts';
import { flagsOfLetters } from './pf-words.ts';
import { isServiceName, portOfPrinted } from './service-names.ts';

/**
 * What tcpdump says about the transport behind `SRC > DST: `, tcpdump.org's words and OpenBSD's. Protocols it decodes
 * further (DNS, NTP, BOOTP ...) hide theirs: two ports and nothing known mean UDP.
 */
const TRANSPORTS: readonly (readonly [RegExp, string])[] = [
  [/^ ?(?:Flags \[|(?:[SFRPWE]{1,6}|\.)(?=[ ,]|$)|tcp(?= \d|$)|\[\|tcp\]|truncated-tcp)/, 'tcp'],
  [/^ ?(?:UDP,|udp(?= \d|$)|\[\|udp\]|truncated-udp)/, 'udp'],
  [/^(?:HBH |DSTOPT |frag \([^)]{1,32}\) ){0,2}(?:ICMP6|icmp6:|\[\|icmp6\])/, 'ipv6-icmp'],
  [/^(?:ICMP |icmp:|\[\|icmp\])/, 'icmp'],
  [/^igmp/, 'igmp'],
  [/^sctp/, 'sctp'],
  [/^(?:ESP\(|esp )/, 'esp'],
  [/^(?:AH\(|ah )/, 'ah'],
  [/^(?:GRE|gre)/, 'gre'],
  [/^OSPF/i, 'ospf'],
  [/^PIM/i, 'pim'],
  [/^(?:VRRP|CARP)/i, 'vrrp'],
  [/^EIGRP/i, 'eigrp'],
];

const HAS_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);

/** No ports to be seen: cut before them, or not the first fragment, where only the protocol's name is printed. */
const PORTLESS = /^ ?(?:\[\||truncated-|(?:tcp|udp|sctp)$|ip-proto-|\(frag )/;

/**
 * Reads a packet as tcpdump prints it, `SRC[.PORT] > DST[.PORT]: DETAIL`, into the draft: all generations, with and
 * without -n and -v. Gives what is wrong, or undefined when all is well.
 */
export function readTcpdumpPacket(text: string, attempt: AttemptDraft): string | undefined {
  const packet: PacketDraft = {};
  attempt.packet = packet;
  let rest = text.replace(/^truncated-ip6? - \d{1,10} bytes missing! ?/, '');
  const verbose = rest.startsWith('(') ? parenthesis(rest) : '';
  rest = rest.slice(verbose.length).trimStart();
  if (rest === '') return 'no addresses: tcpdump -v puts them on a line of their own';
  const ends = /^(?:(?:gre|carp|vrrp|mobile) )?(\S{1,280}) > (\S{1,280}):(?: |$)/.exec(rest);
  if (ends === null) return 'no "source > destination:"';
  const detail = rest.slice(ends[0].length);
  readVerbose(verbose === '' ? detail : verbose, packet);
  const protocol = protocolIn(verbose, detail);
  if (protocol !== undefined) Object.assign(attempt, protocolOf(protocol));
  const source = sideOf(ends[1]!, attempt.transport);
  const destination = sideOf(ends[2]!, attempt.transport);
  if (typeof source === 'string') return source;
  if (typeof destination === 'string') return destination;
  if (source.hasPort !== destination.hasPort) return 'one port without the other';
  attempt.source = source.end;
  attempt.destination = destination.end;
  return readTransport(detail, source.hasPort, attempt, packet);
}

function readTransport(
  detail: string,
  hasPorts: boolean,
  attempt: AttemptDraft,
  packet: PacketDraft,
): string | undefined {
  if (!hasPorts) {
    if (HAS_PORTS.has(attempt.transport ?? '') && !PORTLESS.test(detail)) return 'ports missing';
    if (attempt.transport === 'icmp' || attempt.transport === 'ipv6-icmp') {
      const icmp = icmpOfPhrase(detail.slice(0, 200), attempt.transport === 'ipv6-icmp');
      if (icmp !== undefined) attempt.icmp = icmp;
    }
    return undefined;
  }
  if (attempt.transport === undefined) Object.assign(attempt, protocolOf('udp'));
  return attempt.transport === 'tcp' ? readTcp(detail, attempt, packet) : undefined;
}

/** `Flags [S.], seq 1:1, ack 1, win 1` or, before tcpdump 4.0 and on OpenBSD, `S 1:1(0) ack 1 win 1`. */
function readTcp(detail: string, attempt: AttemptDraft, packet: PacketDraft): string | undefined {
  setDetail(packet, 'window', decimal(/ win (\d{1,5})\b/.exec(detail)?.[1] ?? '', UINT16));
  const named = /^Flags \[([^\]]{1,12})\]/.exec(detail)?.[1];
  if (named !== undefined) {
    const flags = flagsOfLetters(named === 'none' ? '' : named.replace('e', ''));
    if (flags === undefined) return 'unknown TCP flags';
    attempt.tcpFlags = flags;
    setDetail(packet, 'tcpSequence', decimal(/ seq (\d{1,10})\b/.exec(detail)?.[1] ?? '', UINT32));
    return undefined;
  }
  const letters = /^([SFRPWE]{1,6}|\.)(?=[ ,])/.exec(detail)?.[1];
  const windowAt = detail.indexOf(' win ');
  // ACK and URG are words further on: without them the set is not known
  if (letters === undefined || windowAt < 0) return undefined;
  const isAck = / ack \d/.test(detail.slice(0, windowAt));
  const isUrgent = /^ win \d{1,5} urg \d/.test(detail.slice(windowAt));
  const flags = flagsOfLetters((letters === '.' ? '' : letters) + (isAck ? 'A' : '') + (isUrgent ? 'U' : ''));
  if (flags !== undefined) attempt.tcpFlags = flags;
  setDetail(packet, 'tcpSequence', decimal(/ (\d{1,10}):\d{1,10}\(\d/.exec(detail)?.[1] ?? '', UINT32));
  return undefined;
}

function protocolIn(verbose: string, detail: string): string | undefined {
  const stated = /(?:proto|next-header):? [^(),]{1,24} \((\d{1,3})\)/.exec(verbose)?.[1];
  if (stated !== undefined) return stated;
  const number = /^ ?ip-proto-(\d{1,3})\b/.exec(detail)?.[1];
  return number ?? TRANSPORTS.find(([words]) => words.test(detail))?.[1];
}

/** `(tos 0x0, ttl 128, id 1, ... length 60)` in front, or OpenBSD's `(ttl 64, id 1, len 60)` behind. */
function readVerbose(text: string, packet: PacketDraft): void {
  const field = (pattern: RegExp, max: number) => decimal(pattern.exec(text)?.[1] ?? '', max);
  setDetail(packet, 'ttl', field(/[( ](?:ttl|hlim) (\d{1,3})[,)]/, UINT8));
  setDetail(packet, 'ipId', field(/[( ]id (\d{1,5})[,)]/, UINT16));
  setDetail(packet, 'length', field(/[( ](?:length|len):? (\d{1,5})[,)]/, UINT16));
}

/** One side of a packet. */
interface Side {
  readonly end: Endpoint;
  /** A port stands there, if only as the name of a service nobody knows. */
  readonly hasPort: boolean;
}

/**
 * One side. The port is what follows the last dot, for IPv4, IPv6 and names alike; a name in its place is looked up.
 * Gives a reason instead of a side that is none.
 */
function sideOf(text: string, transport: string | undefined): Side | string {
  const whole = canonicalIp(text);
  if (whole !== undefined) return { end: { ip: whole }, hasPort: false };
  const dot = text.lastIndexOf('.');
  const host = text.slice(0, Math.max(dot, 0));
  const service = text.slice(dot + 1);
  const mayHavePort = transport === undefined || HAS_PORTS.has(transport);
  const port = /^\d/.test(service) ? decimal(service, UINT16) : (portOfPrinted(service, transport) ?? -1);
  const ip = canonicalIp(host);
  if (ip !== undefined && mayHavePort) {
    if (port < 0 && !isServiceName(service)) return 'port not 0 to 65535, nor a service';
    return { end: port < 0 ? { ip } : { ip, port }, hasPort: true };
  }
  if (isHostName(host) && mayHavePort && port >= 0) return { end: { name: host, port }, hasPort: true };
  if (isHostName(text)) return { end: { name: text }, hasPort: false };
  return 'source or destination is no address';
}

/** Something a resolver can have printed; `256.1.1.1` and `0x7f.1` are bad addresses, not names. */
function isHostName(text: string): boolean {
  return /^(?:[\w-]{1,63}\.){0,8}[A-Za-z][\w-]{0,62}$/.test(text);
}

/** The balanced `(...)` a text begins with; all of it when it never closes. */
function parenthesis(text: string): string {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 40) depth++;
    else if (c === 41 && --depth === 0) return text.slice(0, i + 1);
  }
  return text;
}
