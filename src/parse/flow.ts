import { canonicalIp } from '../lib/ip.ts';
import { protocolOf } from '../lib/protocols.ts';
import type { Action, AttemptKind, Endpoint, ParsedAttempt, TcpFlag } from '../types.ts';
import { decimal, UINT8, UINT16, UINT32 } from './decimal.ts';
import { strangersText } from './host-line.ts';
import type { ParseResult } from './parser.ts';

/** The product that wrote a line, and how that product writes ports and addresses. */
export interface Dialect {
  readonly parser: string;
  readonly vendor: string;
  readonly product: string;
  /** Port 0 stands for "none or unknown". */
  readonly zeroPortIsNone: boolean;
  /** Whether names of hosts may stand in the place of addresses. */
  readonly hostNames: boolean;
  /** A port as the product writes it, or -1. */
  readonly portOf: (text: string) => number;
}

/** The fields of one line as text, each exactly as the device wrote it; absent when the line has no such field. */
export interface FlowText {
  readonly source?: string | undefined;
  readonly sourcePort?: string | undefined;
  readonly destination?: string | undefined;
  readonly destinationPort?: string | undefined;
  /** Name or number. */
  readonly protocol?: string | undefined;
  readonly icmpType?: string | undefined;
  readonly icmpCode?: string | undefined;
  readonly tcpFlags?: readonly TcpFlag[] | undefined;
  readonly ingress?: string | undefined;
  readonly egress?: string | undefined;
  readonly rule?: string | undefined;
  readonly count?: string | undefined;
  readonly service?: string | undefined;
  readonly user?: string | undefined;
  /** When the line's body says it happened, milliseconds since the epoch. */
  readonly stampMs?: number | undefined;
}

/** What the kind of message says by itself. */
export interface Verdict {
  readonly action: Action;
  readonly kind?: AttemptKind;
  readonly spoofed?: true;
}

const WITH_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite']);
const ICMP: ReadonlySet<string> = new Set(['icmp', 'ipv6-icmp']);
/** "Any protocol" in the list entry, not a protocol of the packet. */
const ANY_PROTOCOL: ReadonlySet<string> = new Set(['ip', 'ipv6', '0']);
/** Words for protocols of the IANA registry that firewalls alone use. */
const PROTOCOL_WORDS: ReadonlyMap<string, string> = new Map([
  ['igrp', '9'],
  ['pcp', '108'],
  ['icmp6', 'icmpv6'],
]);

/**
 * Makes an attempt of the texts of one line. Every field is checked; the first that can not be read makes the whole
 * line malformed, since a line cut or altered in one place says nothing certain in the others.
 */
export function readFlow(dialect: Dialect, verdict: Verdict, flow: FlowText, hostname?: string): ParseResult {
  const protocol = readProtocol(flow.protocol);
  if (protocol === undefined) return malformed(dialect, 'the protocol can not be read');
  const ported = flow.protocol === undefined || WITH_PORTS.has(protocol.transport ?? '');
  const source = readEndpoint(dialect, flow.source, ported ? flow.sourcePort : undefined);
  if (typeof source === 'string') return malformed(dialect, `the source ${source}`);
  const destination = readEndpoint(dialect, flow.destination, ported ? flow.destinationPort : undefined);
  if (typeof destination === 'string') return malformed(dialect, `the destination ${destination}`);
  const icmp = ICMP.has(protocol.transport ?? '') ? readIcmp(flow) : {};
  if (icmp === undefined) return malformed(dialect, 'the ICMP type or code is out of range');
  const count = flow.count === undefined ? 1 : decimal(flow.count, UINT32);
  if (count < 0) return malformed(dialect, 'the packet count is no number');
  const attempt: Unset<ParsedAttempt> = {
    kind: verdict.kind ?? 'packet',
    action: verdict.action,
    parser: dialect.parser,
    vendor: dialect.vendor,
    product: dialect.product,
    source,
    destination,
    ...protocol,
    tcpFlags: protocol.transport === 'tcp' ? flow.tcpFlags : undefined,
    icmp: icmp.type === undefined && icmp.code === undefined ? undefined : icmp,
    ingress: flow.ingress,
    egress: flow.egress,
    rule: flow.rule,
    count: Math.max(1, count),
    hostname,
    service: flow.service,
    user: flow.user === undefined ? undefined : strangersText(flow.user),
    spoofed: verdict.spoofed,
    stampMs: flow.stampMs,
  };
  return { kind: 'attempt', attempt: dropUnset(attempt) };
}

/** A port as a decimal number, or -1. */
export function numberedPort(text: string): number {
  return decimal(text, UINT16);
}

/** A line of the format that can not be trusted. */
export function malformed(dialect: Pick<Dialect, 'parser'>, reason: string): ParseResult {
  return { kind: 'malformed', parser: dialect.parser, reason };
}

/** A line of the format that reports no attempt. */
export function ignored(dialect: Pick<Dialect, 'parser'>, reason: string): ParseResult {
  return { kind: 'ignored', parser: dialect.parser, reason };
}

/** The device's word that it logged less than it saw; `count` is left out when it does not say how much. */
export function loss(dialect: Pick<Dialect, 'parser'>, reason: string, count?: string): ParseResult {
  const lost = count === undefined ? -1 : decimal(count, UINT32);
  const notice = { parser: dialect.parser, reason };
  return { kind: 'loss', loss: lost < 0 ? notice : { ...notice, count: lost } };
}

type Protocol = Pick<ParsedAttempt, 'transport' | 'protocolNumber'>;

/** Nothing known for no word and for "any"; undefined for a text that is no protocol. */
function readProtocol(word: string | undefined): Protocol | undefined {
  if (word === undefined) return {};
  const lower = word.toLowerCase();
  if (ANY_PROTOCOL.has(lower)) return {};
  const protocol = protocolOf(PROTOCOL_WORDS.get(lower) ?? lower);
  return protocol.transport === undefined && protocol.protocolNumber === undefined ? undefined : protocol;
}

/** One end, or what is wrong with it. */
function readEndpoint(
  dialect: Dialect,
  address: string | undefined,
  port: string | undefined,
): Endpoint | string {
  const host = readHost(dialect, address);
  if (host === undefined) return 'address can not be read';
  if (port === undefined) return host;
  const number = dialect.portOf(port);
  if (number < 0) return 'port can not be read';
  return number === 0 && dialect.zeroPortIsNone ? host : { ...host, port: number };
}

function readHost(dialect: Dialect, text: string | undefined): Endpoint | undefined {
  if (text === undefined) return {};
  const ip = canonicalIp(text);
  if (ip !== undefined) return { ip };
  return dialect.hostNames && isHostName(text) ? { name: text } : undefined;
}

/** Digits and dots alone, or a hexadecimal number, are a broken or disguised address and not a name. */
function isHostName(text: string): boolean {
  return /^[A-Za-z0-9_][\w.-]{0,252}$/.test(text) && !/^(?:[\d.]+|0[xX].*)$/.test(text);
}

function readIcmp(flow: FlowText): { type?: number; code?: number } | undefined {
  const icmp: { type?: number; code?: number } = {};
  if (flow.icmpType !== undefined) icmp.type = decimal(flow.icmpType, UINT8);
  if (flow.icmpCode !== undefined) icmp.code = decimal(flow.icmpCode, UINT8);
  return icmp.type === -1 || icmp.code === -1 ? undefined : icmp;
}

type Unset<T> = { readonly [K in keyof T]: T[K] | undefined };

/** The same object without its keys that hold undefined. */
function dropUnset<T extends object>(fields: Unset<T>): T {
  const set: Partial<Record<keyof T, unknown>> = {};
  for (const key in fields) if (fields[key] !== undefined) set[key] = fields[key];
  return set as T;
}
