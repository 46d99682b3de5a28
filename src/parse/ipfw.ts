import { canonicalIp } from '../lib/ip.ts';
import { protocolOf } from '../lib/protocols.ts';
import type { Endpoint, SyslogMessage } from '../types.ts';
import { decimal, UINT8, UINT16 } from './decimal.ts';
import type { AttemptDraft } from './draft.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

/**
 * FreeBSD's ipfw with `net.inet.ip.fw.verbose=1`, as ipfw_log() of sys/netpfil/ipfw/ip_fw_log.c prints it:
 *
 *   ipfw: RULE ACTION PROTOCOL SOURCE[:PORT] DESTINATION[:PORT] in|out via INTERFACE[ (frag ID:LENGTH@OFFSET[+])]
 *
 * PROTOCOL is TCP, UDP, UDPLite, `ICMP:TYPE.CODE`, `ICMPv6:TYPE.CODE` or `P:NUMBER`, IPv6 addresses stand in brackets. TCP
 * flags are not logged. A rule that has used up its `logamount` says so once and then is silent.
 */
export const ipfw: Parser = { name: 'ipfw', parse };

const LINE = new RegExp(
  [
    /^(?<rule>-1|\d{1,5}) (?<verb>[A-Za-z]{2,12})(?: to \S{1,64}| [\w-]{1,64})? /,
    /(?:(?<name>TCP|UDP|UDPLite|SCTP)|(?<icmp>ICMP|ICMPv6)(?::(?<type>\d{1,3})\.(?<code>\d{1,3}))?|P:(?<number>\d{1,3})) /,
    /(?<source>\S{1,64}) (?<destination>\S{1,64}) /,
    /(?:(?<direction>in|out) via (?<device>\S{1,32})|\[no if info\])/,
    /(?: \(frag (?<id>[\da-f]{1,8}):-?\d{1,5}@\d{1,5}\+?\))?$/,
  ]
    .map((part) => part.source)
    .join(''),
);
const NOT_IP = /^(?:-1|\d{1,5}) [A-Za-z]{2,12}(?: to \S{1,64}| [\w-]{1,64})? MAC /;
const LIMIT = /^limit (\d{1,10}) reached on entry (-1|\d{1,5})$/;
const END = /^(?:\[([^[\]]{2,45})\]|([\d.]{7,15}))(?::(\d{1,5}))?$/;
/** Denies that answer the sender, and the one for packets no rule was found for. */
const REFUSALS: ReadonlySet<string> = new Set(['Reset', 'Abort', 'Unreach', 'Refuse']);

function parse(message: SyslogMessage): ParseResult | undefined {
  const text = kernelText(message);
  if (text === undefined) return undefined;
  const limit = LIMIT.exec(text);
  if (limit !== null) {
    const reason = `rule ${limit[2]} logs no more packets, its limit of ${limit[1]} is reached`;
    return { kind: 'loss', loss: { parser: 'ipfw', reason } };
  }
  const groups = LINE.exec(text)?.groups;
  if (groups !== undefined) return readPacket(groups);
  if (NOT_IP.test(text)) return ignored('no IP packet');
  return /^(?:-1|\d{1,5}) /.test(text) ? malformed('cut short or altered') : ignored('reports no packet');
}

/** The text behind `ipfw: `, which the kernel wrote: with its own tag in front, or from dmesg without. */
function kernelText({ appName, message }: SyslogMessage): string | undefined {
  if (appName === 'ipfw') return message;
  if (appName !== 'kernel' && appName !== '/kernel') return undefined;
  return /^(?:<\d{1,3}>)?ipfw: (.*)$/s.exec(message)?.[1];
}

function readPacket(groups: Readonly<Record<string, string | undefined>>): ParseResult {
  const { rule = '', verb = '', name, icmp, number, direction, device, id } = groups;
  const hasPorts = name !== undefined;
  const source = readEnd(groups.source ?? '', hasPorts);
  const destination = readEnd(groups.destination ?? '', hasPorts);
  if (source === undefined || destination === undefined)
    return malformed('source or destination is no address');
  // Only a fragment without a transport header has no ports.
  if (hasPorts && (source.port === undefined || destination.port === undefined) && id === undefined)
    return malformed('a port is missing');
  const protocol = protocolOf(name ?? icmp ?? number ?? '');
  if (protocol.protocolNumber === undefined) return malformed('unknown protocol');
  const attempt: AttemptDraft = {
    kind: 'packet',
    action: actionOf(REFUSALS.has(verb) ? 'deny' : verb),
    parser: 'ipfw',
    vendor: 'FreeBSD',
    product: 'ipfw',
    source,
    destination,
    ...protocol,
    rule,
    count: 1,
  };
  if (groups.type !== undefined) {
    const type = decimal(groups.type, UINT8);
    const code = decimal(groups.code ?? '', UINT8);
    if (type < 0 || code < 0) return malformed('ICMP type or code not 0 to 255');
    attempt.icmp = { type, code };
  }
  if (device !== undefined) attempt[direction === 'out' ? 'egress' : 'ingress'] = device;
  const ipId = id === undefined || source.ip?.includes(':') ? -1 : decimal(id, UINT16);
  if (ipId >= 0) attempt.packet = { ipId };
  return { kind: 'attempt', attempt };
}

/** Undefined when it is no address, or has a port where the protocol has none or one above 65535. */
function readEnd(text: string, hasPorts: boolean): Endpoint | undefined {
  const match = END.exec(text);
  const ip = match === null ? undefined : canonicalIp(match[1] ?? match[2]!);
  if (match === null || ip === undefined) return undefined;
  if (match[3] === undefined) return { ip };
  const port = decimal(match[3], UINT16);
  return hasPorts && port >= 0 ? { ip, port } : undefined;
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'ipfw', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'ipfw', reason };
}
