import { protocolOf } from '../lib/protocols.ts';
import { flagBits, flagsOf } from '../lib/tcp-flags.ts';
import type { TcpFlag } from '../types.ts';
import { UINT8, UINT16, UINT32 } from './decimal.ts';
import { type AttemptDraft, type PacketDraft, setDetail } from './draft.ts';
import type { FieldReader } from './field-reader.ts';

/** What `readNetfilterPacket` gives for a packet that is no IP. */
export const ARP = 'ARP packet';

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMPV6 = 58;
const SCTP = 132;
const UDPLITE = 136;
const WITH_PORTS: ReadonlySet<number> = new Set([TCP, UDP, SCTP, UDPLITE]);

/**
 * Reads a netfilter packet from `LEN=` to the end of the line into the drafts (dump_ipv4_packet and dump_ipv6_packet
 * of nf_log_syslog.c). Gives what is wrong, `ARP`, or undefined when all is well.
 */
export function readNetfilterPacket(
  reader: FieldReader,
  packet: PacketDraft,
  attempt: AttemptDraft,
): string | undefined {
  const problem = readNetworkLayer(reader, packet, attempt);
  if (problem !== undefined) return problem;
  if (reader.bad) return 'a number field that is no number';
  return !reader.atEnd && FIELD.test(rest(reader)) ? 'a field twice' : undefined;
}

function readNetworkLayer(
  reader: FieldReader,
  packet: PacketDraft,
  attempt: AttemptDraft,
): string | undefined {
  setDetail(packet, 'length', reader.number('LEN=', UINT32));
  const isIpv4 = reader.take('TOS=') !== undefined;
  if (isIpv4) {
    reader.take('PREC=');
    setDetail(packet, 'ttl', reader.number('TTL=', UINT8));
    setDetail(packet, 'ipId', reader.number('ID=', UINT16));
  } else if (reader.take('TC=') !== undefined) {
    // ulogd prints the flow label first
    const label = reader.take('FLOWLBL=');
    setDetail(packet, 'ttl', reader.number('HOPLIMIT=', UINT8));
    if (label === undefined) reader.take('FLOWLBL=');
  }
  const isHeaderKnown = packet.length !== undefined || reader.bad || reader.startsWith('PROTO=');
  if (!isHeaderKnown) return 'cut or altered behind DST=';
  const extensions = readExtensions(reader);
  const word = reader.take('PROTO=');
  if (word === undefined) {
    for (const key of ['UID=', 'GID=', 'MARK=']) reader.take(key);
    if (!reader.atEnd || (isIpv4 && !extensions.truncated)) return 'cut or altered in front of PROTO=';
    if (extensions.security !== undefined) Object.assign(attempt, protocolOf(extensions.security));
    return undefined;
  }
  if (word === 'ARP') return ARP;
  const { transport, protocolNumber } = protocolOf(word);
  if (protocolNumber === undefined) return 'unknown PROTO=';
  if (transport !== undefined) attempt.transport = transport;
  attempt.protocolNumber = protocolNumber;
  if (extensions.fragment) return /(?:^| )[SD]PT=/.test(rest(reader)) ? 'ports in a fragment' : undefined;
  // A number instead of a name, or INCOMPLETE, says that the kernel did not look further.
  const isOpaque = /^\d/.test(word) && !reader.startsWith('SPT=') && !reader.startsWith('TYPE=');
  if (isOpaque || reader.startsWith('INCOMPLETE')) return undefined;
  if (WITH_PORTS.has(protocolNumber)) return readPorts(reader, protocolNumber, packet, attempt);
  return protocolNumber === ICMP || protocolNumber === ICMPV6 ? readIcmp(reader, attempt) : undefined;
}

/** What can stand between the fixed header and `PROTO=`: flags, options, IPv6 extension headers. */
const EXTENSION =
  /^(?:CE|DF|MF|OPT|AH|ESP|INCOMPLETE|TRUNCATED|Unknown|Ext|Hdr|bytes\]|\(|\)|\([0-9A-F]{0,80}\)|\(TRUNCATED\)|FRAG:(?:\d{0,5}|TRUNCATED)|ID:[0-9a-f]{0,8}|\[?\d{1,5}|[0-9a-f]{8}|SPI=0x[0-9a-f]{1,8})$/;

interface Extensions {
  /** Not the first fragment: it carries no transport header. */
  fragment: boolean;
  truncated: boolean;
  security?: string;
}

function readExtensions(reader: FieldReader): Extensions {
  const found: Extensions = { fragment: false, truncated: false };
  while (!reader.atEnd && !reader.startsWith('PROTO=')) {
    const at = reader.at;
    const word = reader.word();
    if (!EXTENSION.test(word)) {
      reader.back(at);
      break;
    }
    // ulogd puts a blank behind the colon
    if (word === 'FRAG:') found.fragment = Number(reader.word()) > 0;
    else if (word.startsWith('FRAG:')) found.fragment = Number(word.slice(5)) > 0;
    else if (word === 'TRUNCATED') found.truncated = true;
    else if (word === 'AH' || word === 'ESP') found.security = word;
  }
  return found;
}

function readPorts(
  reader: FieldReader,
  protocol: number,
  packet: PacketDraft,
  attempt: AttemptDraft,
): string | undefined {
  const from = reader.number('SPT=', UINT16);
  const to = reader.number('DPT=', UINT16);
  if (from === undefined || to === undefined) return 'ports missing or not 0 to 65535';
  // Something always follows a port: one that ends the line may have lost its last digits.
  if (reader.atEnd && protocol !== SCTP) return 'cut behind the ports';
  attempt.source = { ip: attempt.source.ip!, port: from };
  attempt.destination = { ip: attempt.destination.ip!, port: to };
  reader.number('LEN=', UINT32);
  if (protocol !== TCP) return undefined;
  setDetail(packet, 'tcpSequence', reader.number('SEQ=', UINT32));
  reader.number('ACK=', UINT32);
  setDetail(packet, 'window', reader.number('WINDOW=', UINT16));
  const flags = readFlags(reader);
  if (flags !== undefined) attempt.tcpFlags = flags;
  return undefined;
}

/** Words between `RES=` and `URGP=`. A list that the end of the line may have cut short is no list (never "NULL scan"). */
function readFlags(reader: FieldReader): TcpFlag[] | undefined {
  reader.take('RES=');
  let bits = 0;
  for (;;) {
    const at = reader.at;
    const word = reader.word();
    const bit = FLAG_BITS.get(word);
    if (bit === undefined) {
      reader.back(at);
      break;
    }
    bits |= bit;
  }
  const ended = reader.take('URGP=') !== undefined;
  if (ended) skipOptions(reader);
  return ended || bits !== 0 ? flagsOf(bits) : undefined;
}

/** AE (accurate ECN) stands in front of the others and means nothing to a scan. */
const FLAG_BITS: ReadonlyMap<string, number> = new Map([
  ['AE', 0],
  ...(['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const).map(
    (flag) => [flag, flagBits([flag])] as const,
  ),
]);

function skipOptions(reader: FieldReader): void {
  if (!reader.startsWith('OPT (')) return;
  reader.word();
  reader.word();
}

function readIcmp(reader: FieldReader, attempt: AttemptDraft): string | undefined {
  const type = reader.number('TYPE=', UINT8);
  const code = reader.number('CODE=', UINT8);
  if (type === undefined || code === undefined) return 'ICMP type or code missing or not 0 to 255';
  attempt.icmp = { type, code };
  if (reader.startsWith('INCOMPLETE')) return undefined;
  for (const key of ['ID=', 'SEQ=', 'PARAMETER=', 'POINTER=', 'GATEWAY=']) reader.take(key);
  reader.skipBrackets();
  reader.take('MTU=');
  return undefined;
}

/** Every field the kernel prints once; none of them may follow where the header is read to its end. */
const FIELD =
  /(?:^| )(?:IN|OUT|PHYSIN|PHYSOUT|MAC|SRC|DST|LEN|TOS|TC|PREC|TTL|HOPLIMIT|FLOWLBL|ID|PROTO|SPT|DPT|SEQ|ACK|WINDOW|RES|URGP|TYPE|CODE)=/;

function rest(reader: FieldReader): string {
  return reader.text.slice(reader.at);
}
