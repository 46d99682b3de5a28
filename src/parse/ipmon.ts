import { protocolOf } from '../lib/protocols.ts';
import type { Action, Endpoint, SyslogMessage } from '../types.ts';
import { dateTime } from './body-time.ts';
import { decimal, UINT32 } from './decimal.ts';
import type { AttemptDraft } from './draft.ts';
import { remoteEnd } from './host-line.ts';
import { icmpOfKeywords } from './icmp-words.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';
import { flagsOfLetters } from './pf-words.ts';
import { isServiceName, portOfPrinted } from './service-names.ts';
import { actionOf } from './verdicts.ts';

/**
 * ipfilter's ipmon, print_ipflog() of tools/ipmon.c, to syslog or (with the date in front) to a file:
 *
 *   [DD/MM/YYYY ]HH:MM:SS.uuuuuu [Nx ]INTERFACE @GROUP:RULE VERDICT SRC,SPT -> DST,DPT PR tcp len H LENGTH -FLAGS ... IN|OUT
 *   ... SRC -> DST PR icmp len H LENGTH icmp echo/0[ for the quoted packet] ...
 *
 * `Nx`: it stands for N equal packets. With `-n` hosts and ports are names. `for` and what follows is the packet an ICMP
 * error quotes, and never read.
 */
export const ipmon: Parser = { name: 'ipmon', parse };

const CLOCK = /^(?:(\d\d)\/(\d\d)\/(\d{4}) )?(\d\d:\d\d:\d\d)\.(\d{1,6}) /;
const LINE = new RegExp(
  [
    /^(?:(?<count>\d{1,10})x )?(?:(?<device>[^\s@]{1,32}) )?@(?<rule>[^\s:]{1,32}:-?\d{1,10}) S?(?<letter>[pPbBLn?]) /,
    /(?<source>\S{1,260}) -> (?<destination>\S{1,260}) PR (?<protocol>[\w.+-]{1,32}) len \d{1,5} \(?\d{1,5}\)?/,
    /(?: icmp(?:v6)? (?<type>[a-z]{1,24}|icmp(?:v6)?type\(\d{1,3}\))\/(?<code>\w{1,24})| -(?<flags>[FSRPAUECW]{0,9})(?= ))?/,
    /(?<rest> .*)$/,
  ]
    .map((part) => part.source)
    .join(''),
  's',
);
/** Behind the packet stand at most `K-S` and `K-F` in front of the direction, or a fragment. */
const DIRECTION =
  /^(?: \d{1,10} \d{1,10} \d{1,5})?(?: \(frag [^)]{1,40}\))?(?: for .{1,600}?)?(?: K-S)?(?: K-F)? (IN|OUT)(?: |$)/;
/** How a packet's line begins, and how those of NAT and of states do. */
const PACKET = /^(?:\d{1,10}x )?(?:[^\s@]{1,32} )?@[^\s:]{1,32}:/;
const OTHER = /^(?:@-?\d{1,10} NAT:|STATE:)/;
const MISSED = /^missed (\d{1,10}) (?:ipf|NAT|state) log entries: /;
/** What the letters stand for; `L` (only logged) and `n` (no rule matched) decide nothing. */
const VERBS: Readonly<Record<string, string>> = { p: 'pass', P: 'pass', b: 'block', B: 'block' };
const WITH_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp']);

type Groups = Readonly<Record<string, string | undefined>>;

function parse({ appName, message }: SyslogMessage, options: ParseOptions): ParseResult | undefined {
  if (appName !== undefined && appName !== 'ipmon') return undefined;
  const missed = MISSED.exec(message)?.[1];
  if (missed !== undefined) {
    const reason = 'ipmon missed entries of the log';
    return { kind: 'loss', loss: { parser: 'ipmon', count: decimal(missed, UINT32), reason } };
  }
  const clock = CLOCK.exec(message);
  // Without ipmon's tag only its own date makes a line its.
  if (appName === undefined && clock?.[3] === undefined) return undefined;
  const text = clock === null ? message : message.slice(clock[0].length);
  const groups = clock === null ? undefined : LINE.exec(text)?.groups;
  if (groups === undefined) {
    if (PACKET.test(text)) return malformed('cut short or altered');
    return appName !== undefined || OTHER.test(text) ? ignored('reports no packet') : undefined;
  }
  const attempt = readPacket(groups);
  if (typeof attempt === 'string') return malformed(attempt);
  const [, day, month, year, time, fraction] = clock!;
  const secondMs =
    year === undefined ? undefined : dateTime(`${year}-${month}-${day} ${time}`, options.zone ?? 'UTC');
  if (secondMs !== undefined) attempt.stampMs = secondMs + Math.trunc(Number(`0.${fraction}`) * 1_000);
  return { kind: 'attempt', attempt };
}

/** The attempt, or what is wrong with the line. */
function readPacket(groups: Groups): AttemptDraft | string {
  const { letter = '', rule = '', device, flags, type, count = '1', rest = '' } = groups;
  const { transport, protocolNumber } = protocolOf(groups.protocol ?? '');
  if (transport === undefined && protocolNumber === undefined) return 'unknown protocol';
  const direction = DIRECTION.exec(rest)?.[1];
  if (direction === undefined) return 'cut short or altered';
  const isFragment = rest.startsWith(' (frag ');
  const ported = WITH_PORTS.has(transport ?? '') && !isFragment ? transport : undefined;
  const source = readEnd(groups.source ?? '', ported);
  const destination = readEnd(groups.destination ?? '', ported);
  if (source === undefined || destination === undefined) return 'source or destination can not be read';
  const packets = decimal(count, UINT32);
  if (packets < 1) return 'the packet count is no number';
  const action: Action = actionOf(VERBS[letter]);
  const attempt: AttemptDraft = {
    kind: 'packet',
    action,
    parser: 'ipmon',
    vendor: 'IPFilter',
    product: 'ipmon',
    source,
    destination,
    rule,
    count: packets,
  };
  if (transport !== undefined) attempt.transport = transport;
  if (protocolNumber !== undefined) attempt.protocolNumber = protocolNumber;
  if (device !== undefined) attempt[direction === 'OUT' ? 'egress' : 'ingress'] = device;
  if (transport === 'tcp' && flags !== undefined) {
    const known = flagsOfLetters(flags);
    if (known === undefined) return 'unknown TCP flags';
    attempt.tcpFlags = known;
  }
  if (type !== undefined) {
    const word = type.replace(/^icmp(?:v6)?type\(/, 'unknown(');
    const icmp = icmpOfKeywords(word, groups.code ?? '', transport === 'ipv6-icmp');
    if (icmp !== undefined) attempt.icmp = icmp;
  }
  return attempt;
}

/** `HOST,PORT`, or a host alone where the packet was too short to have a port; so is one with a service nobody knows. */
function readEnd(text: string, transport: string | undefined): Endpoint | undefined {
  const comma = transport === undefined ? -1 : text.lastIndexOf(',');
  if (comma < 0) return remoteEnd(text);
  const host = text.slice(0, comma);
  const port = text.slice(comma + 1);
  return remoteEnd(host, isServiceName(port) ? portOfPrinted(port, transport)?.toString() : port);
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'ipmon', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'ipmon', reason };
}
