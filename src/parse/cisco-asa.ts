import { canonicalIp, networkTest } from '../lib/ip.ts';
import type { SyslogMessage, TcpFlag } from '../types.ts';
import { ASA_MESSAGES, type AsaMessage, asaNotice } from './cisco-asa-messages.ts';
import { type CiscoDialect, type FlowText, ignored, loss, malformed, readFlow } from './cisco-flow.ts';
import { readFtdConnection } from './cisco-ftd.ts';
import { findCiscoTag } from './cisco-tag.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

const NAME = 'cisco-asa';
const FAMILY = /^(ASA|PIX|FWSM|FTD|NGIPS)(?:-|$)/;

/** Bodies that collectors store without their tag and that no other format begins like. */
const BARE_BODIES: readonly (readonly [id: string, beginning: RegExp])[] = [
  ['106100', /^access-list \S{1,256} (?:permitted|denied|est-allowed) \S{1,16} \S{1,64}\//],
  ['106023', /^Deny (?:protocol )?\S{1,16} src \S{1,320} .{0,512}by access-group "/],
  ['106015', /^Deny TCP \(no connection\) from /],
];

const FLAG_WORDS: ReadonlySet<string> = new Set(['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR']);

type Groups = Readonly<Record<string, string | undefined>>;

/**
 * Cisco ASA, PIX, FWSM and FTD: `%ASA-severity-id: text`, also without the percent sign or, for three bodies, without
 * the tag. The id alone decides what a line is, its severity is configurable. Formats: cisco-asa-messages.
 */
export const ciscoAsa: Parser = {
  name: NAME,
  parse(message: SyslogMessage): ParseResult | undefined {
    const tagged = findCiscoTag(message);
    const family = tagged === undefined ? undefined : FAMILY.exec(tagged.facility)?.[1];
    if (tagged === undefined) return readBareBody(message.text);
    if (family === undefined) return undefined;
    const hostname = message.hostname === undefined ? tagged.origin : undefined;
    return readMessage(dialectOf(family), tagged.mnemonic, tagged.body, hostname);
  },
};

function dialectOf(family: string): CiscoDialect {
  return { parser: NAME, product: family === 'NGIPS' ? 'FTD' : family, zeroPortIsNone: false, words: true };
}

function readBareBody(text: string): ParseResult | undefined {
  const body = text.trim();
  const id = BARE_BODIES.find(([, beginning]) => beginning.test(body))?.[0];
  return id === undefined ? undefined : readMessage(dialectOf('ASA'), id, body, undefined);
}

function readMessage(
  dialect: CiscoDialect,
  id: string,
  body: string,
  hostname: string | undefined,
): ParseResult {
  if (id === '106101') return loss(dialect, 'the firewall caches no more denied flows, its limit is reached');
  if (id === '430002' || id === '430003') return readFtdConnection(dialect, body, hostname);
  const known = ASA_MESSAGES.get(id);
  if (known === undefined) return ignored(dialect, asaNotice(id));
  const groups = known.pattern.exec(body)?.groups;
  const flow = groups === undefined ? undefined : flowOf(known, groups);
  if (groups === undefined || flow === undefined) {
    return malformed(dialect, `${id} is cut short or not in its known shape`);
  }
  const verdict = known.verdict ?? { action: actionOf(groups.verb, 'cisco-asa') };
  return readFlow(
    dialect,
    verdict,
    verdict.kind === 'login' ? { ...flow, service: serviceOf(groups) } : flow,
    hostname,
  );
}

/** Undefined when an end can be read in two ways. */
function flowOf(known: AsaMessage, groups: Groups): FlowText | undefined {
  const first = endOf(groups.src, groups.isrc, groups.sport, groups.sif);
  const second = endOf(groups.dst, groups.idst, groups.dport, groups.dif);
  if (first === undefined || second === undefined) return undefined;
  // "Built outbound ... for A to B" names the far end first, whoever began.
  const [source, destination] = groups.direction === 'outbound' ? [second, first] : [first, second];
  const protocol = groups.protocol ?? known.implies?.protocol;
  const icmp = protocol === 'icmp' || protocol === 'icmp6' || protocol === 'ipv6-icmp';
  const flags = groups.flags ?? groups.bare;
  return {
    source: source.host,
    sourcePort: source.port,
    destination: destination.host,
    destinationPort: destination.port,
    protocol,
    // 106100 writes the ICMP type and code where the ports stand.
    icmpType: groups.type ?? known.implies?.icmpType ?? (icmp ? groups.sport : undefined),
    icmpCode: groups.code ?? (icmp ? groups.dport : undefined),
    tcpFlags: flags === undefined ? undefined : flagsIn(flags),
    ingress: source.interface,
    egress: destination.interface,
    rule: groups.rule,
    count: groups.count,
    user: groups.user ?? groups.word ?? groups.who,
  };
}

interface End {
  readonly host?: string;
  readonly port?: string | undefined;
  readonly interface?: string | undefined;
}

/** Interface up to the first colon, port behind the last slash: IPv6 addresses hold neither slash nor name. */
function endOf(
  plain: string | undefined,
  withInterface: string | undefined,
  apart?: string,
  nameif?: string,
): End | undefined {
  const text = plain ?? withInterface;
  if (text === undefined) return { interface: nameif };
  const slash = apart === undefined ? text.lastIndexOf('/') : -1;
  const host = slash < 0 ? withoutFullStop(text) : text.slice(0, slash);
  const port = slash < 0 ? apart : withoutFullStop(text.slice(slash + 1));
  const colon = withInterface === undefined ? -1 : host.indexOf(':');
  if (colon < 0) return { host, port, interface: nameif };
  const behind = host.slice(colon + 1);
  if (!isWithInterface(host, behind)) return undefined;
  return { host: behind, port, interface: host.slice(0, colon) };
}

/** What IANA has given out for use of any kind (registry "Internet Protocol Version 6 Address Space"), and NAT64. */
const isInUse = networkTest(['2000::/3', 'fc00::/7', 'fe80::/10', 'ff00::/8', '::/16', '64:ff9b::/32']);

/**
 * Whether an interface stands in front of an address. `2001:db8::1` without its interface, split, would name another address,
 * and `fab:2001:db8::1`, not split: of two readings that one holds whose address can be in use, and neither where both can.
 */
function isWithInterface(whole: string, behind: string): boolean {
  if (!/^[0-9A-Fa-f]{0,4}:.*:/.test(whole)) return true;
  const [wholeIp, behindIp] = [canonicalIp(whole), canonicalIp(behind)];
  if (behindIp === undefined) return false;
  return wholeIp === undefined || (!isInUse(wholeIp) && isInUse(behindIp));
}

function withoutFullStop(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}

function flagsIn(words: string): TcpFlag[] {
  return words.split(' ').filter((word): word is TcpFlag => FLAG_WORDS.has(word));
}

/** What was logged in to, where the port place names it (`outside:192.0.2.1/ssh`). */
function serviceOf(groups: Groups): string | undefined {
  const word = groups.idst?.split('/').at(-1);
  return word !== undefined && /^[a-z][a-z0-9-]{0,31}$/.test(word) ? word : undefined;
}
