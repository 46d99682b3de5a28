import { canonicalIp, parseIpv4 } from '../lib/ip.ts';
import { protocolOf } from '../lib/protocols.ts';
import type { SyslogMessage } from '../types.ts';
import { decimal, UINT8, UINT16, UINT32 } from './decimal.ts';
import { type AttemptDraft, type PacketDraft, setDetail } from './draft.ts';
import { icmpOfKeywords } from './icmp-words.ts';
import { isLostHeader, lostText } from './lost-header.ts';
import type { ParseResult, Parser } from './parser.ts';
import { flagsOfLetters } from './pf-words.ts';
import { actionOf } from './verdicts.ts';

/**
 * pfSense and OPNsense filterlog CSV (docs.netgate.com "Raw Filter Log Format", OPNsense ports
 * `filterlog/files/description.txt`):
 *
 *   rule,subrule,anchor,tracker,interface,reason,action,direction,4,tos,ecn,ttl,id,offset,flags,number,protocol,length,src,dst,...
 *   rule,subrule,anchor,tracker,interface,reason,action,direction,6,class,flow,hoplimit,protocol,number,length,src,dst,...
 *
 * Protocol name and number change places between the two; the number decides.
 */
export const filterlog: Parser = { name: 'filterlog', parse };

/** Where the fields of the two IP versions stand. */
interface Layout {
  readonly ttl: number;
  readonly id?: number;
  readonly offset?: number;
  readonly protocol: number;
  readonly length: number;
  readonly source: number;
}

const IPV4: Layout = { ttl: 11, id: 12, offset: 13, protocol: 15, length: 17, source: 18 };
const IPV6: Layout = { ttl: 11, protocol: 13, length: 14, source: 15 };

/** More fields than any packet has; what a hostile line holds beyond them is not split. */
const MOST_FIELDS = 40;

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMPV6 = 58;
const SCTP = 132;

function parse(message: SyslogMessage): ParseResult | undefined {
  const csv = csvOf(message);
  if (csv === undefined) return undefined;
  const fields = csv.split(',', MOST_FIELDS);
  if (fields.length < 4 || !/^\d*$/.test(field(fields, 0))) {
    if (csv.startsWith('[')) return malformed('packet not captured');
    return { kind: 'ignored', parser: 'filterlog', reason: 'not a packet' };
  }
  const version = field(fields, 8);
  if (version !== '4' && version !== '6') {
    return malformed(fields.length < 9 ? 'too few fields' : 'IP version not 4 or 6');
  }
  // The packet was captured short: one more field says so, the others move up.
  if (/^(?:error=')?truncated-ip/.test(field(fields, 9))) fields.splice(9, 1);
  return readPacket(message, fields, version === '4' ? IPV4 : IPV6);
}

const WORD = 'filterlog';

/** The CSV of a message tagged `filterlog`; where the header is damaged, what follows that word and looks like it. */
function csvOf(message: SyslogMessage): string | undefined {
  if (message.appName === 'filterlog') {
    if (/^ ?\d*,/.test(message.message)) return message.message.trimStart();
    return afterWord(message.text) ?? message.message;
  }
  // With a blank in its time an RFC 5424 header is read one field off.
  if (message.procId === 'filterlog') return afterWord(message.text);
  if (message.appName !== undefined) return undefined;
  // What decode has read is no lost header: the word comes first then.
  const text = lostText(message);
  return message.format === 'bare' || text.startsWith(WORD) ? afterWord(text) : undefined;
}

function afterWord(text: string): string | undefined {
  const at = text.slice(0, 512).indexOf(WORD);
  if (at < 0 || !isLostHeader(text.slice(0, at))) return undefined;
  return /(?:[ \]]|^)(\d{0,10},\d{0,10},[^,"]{0,64},[^,\s"]{0,64},.*)/s.exec(text.slice(at + 9))?.[1];
}

function readPacket(message: SyslogMessage, fields: readonly string[], layout: Layout): ParseResult {
  const isIpv6 = layout === IPV6;
  const source = addressOf(field(fields, layout.source), isIpv6);
  const destination = addressOf(field(fields, layout.source + 1), isIpv6);
  if (source === undefined || destination === undefined) {
    return malformed(
      fields.length < layout.source + 2 ? 'too few fields' : 'source or destination is no address',
    );
  }
  const protocolNumber = decimal(field(fields, layout.protocol), UINT8);
  if (protocolNumber < 0) return malformed('protocol number not 0 to 255');
  const packet: PacketDraft = {};
  const attempt: AttemptDraft = {
    kind: 'packet',
    action: actionOf(field(fields, 6)),
    parser: 'filterlog',
    ...productOf(message, field(fields, 3)),
    source: { ip: source },
    destination: { ip: destination },
    ...protocolOf(String(protocolNumber)),
    count: 1,
    packet,
  };
  const rule = ruleOf(fields);
  if (rule !== '') attempt.rule = rule;
  const direction = field(fields, 7);
  const device = field(fields, 4).slice(0, 32);
  if (device !== '' && direction !== 'out') attempt.ingress = device;
  if (device !== '' && direction === 'out') attempt.egress = device;
  setDetail(packet, 'ttl', decimal(field(fields, layout.ttl), UINT8));
  setDetail(packet, 'length', decimal(field(fields, layout.length), UINT32));
  if (layout.id !== undefined) setDetail(packet, 'ipId', decimal(field(fields, layout.id), UINT16));
  const problem = readTransport(fields, layout, attempt, packet);
  return problem === undefined ? { kind: 'attempt', attempt } : malformed(problem);
}

function readTransport(
  fields: readonly string[],
  layout: Layout,
  attempt: AttemptDraft,
  packet: PacketDraft,
): string | undefined {
  if (layout.offset !== undefined) {
    const offset = decimal(field(fields, layout.offset), UINT16);
    if (offset < 0) return 'fragment offset is no number';
    if (offset > 0) return undefined;
  }
  const rest = fields.slice(layout.source + 2);
  switch (attempt.protocolNumber) {
    case TCP:
    case UDP:
    case SCTP:
      return readPorts(rest, attempt, packet);
    case ICMP:
    case ICMPV6: {
      // newer OPNsense: datalength=n,type,code,id,seq,mtu; pfSense: type word and what belongs to it
      const at = field(rest, 0).startsWith('datalength=') ? 1 : 0;
      const icmp = icmpOfKeywords(field(rest, at), at === 1 ? field(rest, 2) : '', layout === IPV6);
      if (icmp !== undefined) attempt.icmp = icmp;
      return undefined;
    }
    default:
      return undefined;
  }
}

function readPorts(rest: readonly string[], attempt: AttemptDraft, packet: PacketDraft): string | undefined {
  // what filterlog says where the packet has no readable transport header
  if (/^(?:errormsg=|INVALIDOPT|truncated-ip)/.test(field(rest, 0))) return undefined;
  const from = decimal(field(rest, 0), UINT16);
  const to = decimal(field(rest, 1), UINT16);
  if (from < 0 || to < 0) return 'ports missing or not 0 to 65535';
  // A port that ends the line may have lost its last digits; the same goes for the flags.
  if (rest.length < (attempt.protocolNumber === TCP ? 5 : 3)) return 'too few fields';
  attempt.source = { ip: attempt.source.ip!, port: from };
  attempt.destination = { ip: attempt.destination.ip!, port: to };
  if (attempt.protocolNumber !== TCP) return undefined;
  const flags = flagsOfLetters(field(rest, 3));
  if (flags === undefined) return 'unknown TCP flags';
  attempt.tcpFlags = flags;
  setDetail(packet, 'tcpSequence', decimal(field(rest, 4).split(':', 1)[0] ?? '', UINT32));
  setDetail(packet, 'window', decimal(field(rest, 6), UINT16));
  return undefined;
}

function addressOf(text: string, isIpv6: boolean): string | undefined {
  if (!isIpv6) return parseIpv4(text) >= 0 ? text : undefined;
  return text.includes(':') ? canonicalIp(text) : undefined;
}

/** pfSense numbers its rules (`1000000103`, or the time of their making); OPNsense labels them by hash or UUID. */
function productOf(message: SyslogMessage, tracker: string): { vendor: string; product: string } {
  const isLabel = /^[0-9a-f]{32}$|^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(tracker);
  if (isLabel || message.structuredData?.has('meta')) return { vendor: 'Deciso', product: 'OPNsense' };
  if (/^\d{10}$/.test(tracker)) return { vendor: 'Netgate', product: 'pfSense' };
  return { vendor: 'pf', product: 'filterlog' };
}

function ruleOf(fields: readonly string[]): string {
  const tracker = field(fields, 3);
  const isLabel = tracker !== '' && tracker !== '0' && tracker !== '(null)';
  return (isLabel ? tracker : field(fields, 0)).slice(0, 64);
}

function field(fields: readonly string[], index: number): string {
  return fields[index] ?? '';
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'filterlog', reason };
}
