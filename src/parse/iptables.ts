import type { SyslogMessage } from '../types.ts';
import type { AttemptDraft, PacketDraft } from './draft.ts';
import { isCef, isStampedHeader } from './lost-header.ts';
import { findHead, type Head } from './netfilter-head.ts';
import { ARP, readNetfilterPacket } from './netfilter-packet.ts';
import { type PrefixReading, readPrefix } from './netfilter-prefix.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';

/**
 * Linux netfilter LOG lines (iptables, ip6tables, nftables `log`, and ulogd's imitation of them), in the order
 * net/netfilter/nf_log_syslog.c prints them:
 *
 *   PREFIX IN= OUT= [PHYSIN=] [PHYSOUT=] [MAC=|MACSRC= MACDST= MACPROTO=] SRC= DST= LEN= ... PROTO= SPT= DPT= ...
 *
 * The prefix is glued on in front and may hold any text, fields included; an ICMP error quotes the packet it answers
 * in brackets. Neither can override a field: every field is read only where the kernel prints it.
 */
export const iptables: Parser = { name: 'iptables', parse };

/** Programs that write netfilter lines. Any other tag must itself be the log prefix of a line without `kernel:`. */
const LOGGERS: ReadonlySet<string> = new Set(
  'kernel klogd ulogd iptables ip6tables nft nftables firewall pve-firewall pvefw-logger'.split(' '),
);

function parse(message: SyslogMessage, options: ParseOptions): ParseResult | undefined {
  const text = hasFields(message.message) ? message.message : message.text;
  if (!hasFields(text) || isCef(message.message)) return undefined;
  const head = findHead(text);
  if (head === undefined) return isBeheaded(message, text) ? malformed('no IN= or OUT=') : undefined;
  const own = text.slice(0, head.start);
  const prefix = LONE_VERDICT.test(own) ? own : prefixOf(message, text, head.start);
  const reading = readPrefix(prefix, options.prefixes);
  if (!isOurs(message, prefix, reading)) return undefined;
  if ('kind' in head) return { kind: head.kind, parser: 'iptables', reason: head.reason };
  return readPacket(head, reading);
}

function hasFields(text: string): boolean {
  return text.includes('IN=') || text.includes('OUT=') || text.includes('PROTO=');
}

function isLogger({ appName }: SyslogMessage): boolean {
  return appName === undefined || LOGGERS.has(appName) || LOGGERS.has(appName.toLowerCase());
}

function isBeheaded(message: SyslogMessage, text: string): boolean {
  if (!isLogger(message)) return false;
  return /(?:^| )PROTO=/.test(text) && /(?:^| )(?:SRC|SPT|DPT|TYPE)=/.test(text);
}

/** The text in front of the header. Where a line has no `kernel:`, decode took the prefix's first word for the tag. */
function prefixOf(message: SyslogMessage, text: string, start: number): string {
  const tag = message.appName;
  if (tag !== undefined && !isLogger(message) && text === message.message) {
    const messageAt = message.text.lastIndexOf(text);
    const tagAt = messageAt < 0 ? -1 : message.text.lastIndexOf(tag, messageAt);
    if (tagAt >= 0) return message.text.slice(tagAt, messageAt + start);
  }
  const own = text.slice(0, start);
  // UniFi writes its name once more in front of its prefix.
  return message.hostname !== undefined && own.startsWith(`${message.hostname} `)
    ? own.slice(message.hostname.length + 1)
    : own;
}

/**
 * A message that begins with a verdict of one word and goes on with the header is a firewall's, whatever tag a relay or
 * `logger` gave it: programs that quote strangers put words of their own in front.
 */
const LONE_VERDICT =
  /^\s?(?=[\w.-]{0,24}(?:DROP|DENY|DENIED|REJECT|BLOCK|ACCEPT|ALLOW))[\w.-]{1,29}[:\s]{0,2}$/i;

/** No quotes but those of UniFi's `DESCR="..."`, which stands right in front of the header. */
const UNQUOTED = /^[^"]*(?:DESCR=".*" ?)?$/s;

/**
 * What may stand in front of the header where a line has neither tag nor `kernel:` and nobody knows its prefix: nothing, capitals
 * that begin with a verdict (as long as an iptables prefix, 29 characters), or the kernel's clock and then whatever the
 * rule says (127, the longest prefix of nftables). In any other text a stranger may have been quoted: the site lists such
 * a prefix.
 */
const UNTAGGED =
  /^\s?(?:\[\s{0,12}\d{1,12}\.\d{1,9}\].{0,128}|(?:DROP|DEN[YI]|REJECT|BLOCK)[A-Z0-9 _.:*+-]{0,26}\s)?$/;

/** A Cisco message's tag: what stands behind it are the device's words, and whom it quotes. */
const CISCO_TAG = /(?:%[A-Z][\w-]{0,120}|\b(?:ASA|PIX|FWSM|FTD|NGIPS))-[0-7]-\w{2,64}[\s:]/;

/**
 * Whether a program that logs netfilter packets wrote this. Others (sshd, a web server) quote what strangers send
 * them: a header behind their quotes, their tag or their words is somebody's invention.
 */
function isOurs(message: SyslogMessage, prefix: string, reading: PrefixReading): boolean {
  if (!UNQUOTED.test(prefix) || CISCO_TAG.test(prefix)) return false;
  if (LONE_VERDICT.test(prefix)) return true;
  const kernel = prefix.lastIndexOf('kernel:');
  if (message.appName === undefined) {
    if (kernel >= 0) return isStampedHeader(prefix.slice(0, kernel), message);
    return reading.known || UNTAGGED.test(prefix);
  }
  return isLogger(message) || (reading.known && kernel < 0);
}

function readPacket(head: Head, prefix: PrefixReading): ParseResult {
  const packet: PacketDraft = {};
  const attempt: AttemptDraft = {
    kind: 'packet',
    action: prefix.action,
    parser: 'iptables',
    vendor: prefix.vendor,
    product: prefix.product,
    source: { ip: head.source },
    destination: { ip: head.destination },
    count: 1,
    packet,
  };
  if (head.ingress !== '') attempt.ingress = head.ingress;
  if (head.egress !== '') attempt.egress = head.egress;
  if (prefix.rule !== undefined) attempt.rule = prefix.rule;
  if (prefix.stampMs !== undefined) attempt.stampMs = prefix.stampMs;
  const problem = readNetfilterPacket(head.reader, packet, attempt);
  if (problem === undefined) return { kind: 'attempt', attempt };
  if (problem === ARP) return { kind: 'ignored', parser: 'iptables', reason: ARP };
  return malformed(problem);
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'iptables', reason };
}
