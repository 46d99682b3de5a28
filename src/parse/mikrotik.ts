import type { SyslogMessage, TcpFlag } from '../types.ts';
import { type Dialect, type FlowText, ignored, malformed, numberedPort, readFlow } from './flow.ts';
import { hostPort } from './host-port.ts';
import type { ParseOptions, ParseResult, Parser, PrefixVerdict } from './parser.ts';
import { actionOfPhrase, actionOfPrefix } from './verdicts.ts';

const ROUTEROS: Dialect = {
  parser: 'mikrotik',
  vendor: 'MikroTik',
  product: 'RouterOS',
  zeroPortIsNone: false,
  hostNames: false,
  portOf: numberedPort,
};

/**
 * MikroTik RouterOS 3 to 7 (MikroTik documentation, "Log" and "Filter"): firewall records, and logins to the router. A record
 * does not say what became of the packet; the rule's log prefix has to.
 *
 *   firewall,info PREFIX CHAIN: in:IF out:IF, connection-state:new src-mac MAC, proto TCP (SYN), A:p->B:p, NAT ..., len 60
 */
export const mikrotik: Parser = { name: ROUTEROS.parser, parse };

/** What the log is about and how grave it is; remote logging leaves it away where it is told to. */
const TOPICS =
  /^ ?([a-z0-9-]{2,24}),(?:[a-z0-9-]{2,24},){0,4}(?:info|warning|error|critical|debug|account)(?:,[a-z0-9-]{2,24}){0,4} /;

/** Every record holds it. */
const RECORD = ': in:';
/** An interface by name, which may hold blanks; `<pppoe-user>` of a session, whose user chose the rest. */
const DEVICE = '<[^<>]{1,64}>|[^<>,]{1,64}?';
/** The first chain with the interfaces behind it ends the administrator's prefix, which holds no fields of other formats. */
const HEAD = new RegExp(
  `^(?<prefix>[^"=|]{0,96}?)(?<chain>[^\\s"]{1,64}): in:(?<ingress>${DEVICE}),? out:(?<egress>${DEVICE}),? (?=[a-z-]{3,24}[: ])`,
);
const PACKET = new RegExp(
  '^(?:(?:[a-z-]{3,24}:\\S{1,64}|src-mac [0-9A-Fa-f:]{17},?) ){0,6}' +
    'proto (?<protocol>[A-Za-z0-9-]{1,24})(?: \\((?<detail>[^()]{0,64})\\))?, ' +
    '(?<source>[^\\s,>-]{2,64})->(?<destination>[^\\s,>-]{2,64})(?:, .{1,300})?, len \\d{1,5}$',
);

/** The user is what somebody typed: greedy, so that the router's own words are the last ones of their kind. */
const LOGIN =
  /^(?:login failure for user (?<failed>.*)|user (?<user>.*) logged in) from (?<source>[0-9A-Fa-f:.]{2,45}) via (?<service>[a-z-]{2,16})$/;
/** Where the router's services are reached unless the administrator moved them. */
const SERVICE_PORTS: ReadonlyMap<string, string> = new Map([
  ['ftp', '21'],
  ['ssh', '22'],
  ['telnet', '23'],
  ['web', '80'],
  ['winbox', '8291'],
  ['api', '8728'],
]);

type Groups = Readonly<Record<string, string | undefined>>;

function parse(message: SyslogMessage, { prefixes }: ParseOptions): ParseResult | undefined {
  const { appName, message: text } = message;
  const topics = appName === undefined ? TOPICS.exec(text) : null;
  const words = topics === null ? text : text.slice(topics[0].length);
  const login = appName === undefined ? LOGIN.exec(words)?.groups : undefined;
  if (login !== undefined) return readLogin(login);
  const isRecord = topics === null || topics[1] === 'firewall';
  const head = isRecord && words.includes(RECORD) ? HEAD.exec(words) : null;
  if (head?.groups !== undefined) {
    const prefix = prefixOf(message, head.groups.prefix ?? '');
    const whole = `${prefix} ${head.groups.chain}`.trim();
    const action = actionOfPrefix(whole, prefixes) ?? actionOfPhrase(prefix);
    if (appName !== undefined && !isPrefix(message, prefixes)) return undefined;
    const packet = PACKET.exec(words.slice(head[0].length))?.groups;
    if (packet !== undefined) return readFlow(ROUTEROS, { action }, flowOf(packet, head.groups, prefix));
    return words.includes(' eth-proto ')
      ? ignored(ROUTEROS, "a frame in a bridge's filter")
      : malformed(ROUTEROS, 'the record is cut short or not in its known shape');
  }
  return topics === null ? undefined : ignored(ROUTEROS, `${topics[1]} logs of this kind report no attempt`);
}

/** Decode takes the first word of a prefix for a tag; any other tag is a program that quotes somebody. */
function isPrefix({ appName = '', procId }: SyslogMessage, site: readonly PrefixVerdict[]): boolean {
  const known = actionOfPrefix(appName, site) !== undefined || actionOfPhrase(appName) !== 'unknown';
  return known && procId === undefined;
}

function prefixOf({ appName }: SyslogMessage, prefix: string): string {
  const whole = appName === undefined ? prefix : `${appName}: ${prefix}`;
  return whole.trim().replace(/:$/, '');
}

function flowOf(packet: Groups, { chain, ingress, egress }: Groups, prefix: string): FlowText {
  const { protocol = '', detail } = packet;
  const source = hostPort(packet.source ?? '');
  const destination = hostPort(packet.destination ?? '');
  const icmp = /^type (\d{1,3}), code (\d{1,3})$/.exec(detail ?? '');
  return {
    source: source.host,
    sourcePort: source.port,
    destination: destination.host,
    destinationPort: destination.port,
    // The IPv6 firewall names its own ICMP like the other.
    protocol: protocol === 'ICMP' && source.host.includes(':') ? 'ipv6-icmp' : protocol,
    icmpType: icmp?.[1],
    icmpCode: icmp?.[2],
    tcpFlags: protocol === 'TCP' && detail !== undefined ? flagsIn(detail) : undefined,
    ingress: named(ingress),
    egress: named(egress),
    rule: `${prefix} ${chain}`.trim().slice(0, 64),
  };
}

const FLAGS: ReadonlySet<string> = new Set(['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR']);

function flagsIn(words: string): TcpFlag[] {
  return words.split(',').filter((word): word is TcpFlag => FLAGS.has(word));
}

/** `(unknown 0)` and `(none)` are no interface. */
function named(device: string | undefined): string | undefined {
  return device === undefined || device.startsWith('(') ? undefined : device;
}

function readLogin(groups: Groups): ParseResult {
  const { failed, user, source, service = '' } = groups;
  const verdict = { kind: 'login', action: failed === undefined ? 'allowed' : 'failed' } as const;
  const destinationPort = SERVICE_PORTS.get(service);
  return readFlow(ROUTEROS, verdict, {
    source,
    destinationPort,
    ...(destinationPort === undefined ? {} : { protocol: 'tcp' }),
    service,
    user: failed ?? user,
  });
}
