import type { SyslogMessage } from '../types.ts';
import { type Dialect, type FlowText, ignored, malformed, numberedPort, readFlow } from './flow.ts';
import { hostPort } from './host-port.ts';
import { junosEvent } from './junos-event.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

const JUNOS: Dialect = {
  parser: 'junos-srx',
  vendor: 'Juniper',
  product: 'SRX',
  zeroPortIsNone: false,
  hostNames: false,
  portOf: numberedPort,
};

/**
 * Juniper SRX security logs, plain and structured (Juniper "System log explorer", RT_FLOW and RT_IDS): sessions denied,
 * created and closed, and what the screens saw.
 */
export const junosSrx: Parser = { name: JUNOS.parser, parse };

/** `_LS` is written by a logical system. */
const FLOW_NAME = /^RT_FLOW_SESSION_(DENY|CREATE|CLOSE)(?:_LS)?$/;
/** Screens that name both ends; the others count for one. */
const SCREEN_NAME = /^RT_SCREEN_(?:TCP|UDP|ICMP|IP)(?:_LS)?$/;
const VERBS = { DENY: 'denied', CREATE: 'allowed', CLOSE: 'allowed' } as const;

/** Newer releases add a connection tag behind the ports. */
const ENDS =
  '(?<source>[^\\s/]{1,64})/(?<sourcePort>\\d{1,5})->(?<destination>[^\\s/]{1,64})/(?<destinationPort>\\d{1,5})(?: 0x[0-9a-f]{1,8})? ';
const ZONES = '(?<rule>\\S{1,128}) (?<ingress>\\S{1,64}) (?<egress>\\S{1,64})';
const PLAIN: Readonly<Record<keyof typeof VERBS, RegExp>> = {
  DENY: new RegExp(
    `^session denied ${ENDS}\\S{1,64} (?<protocol>\\d{1,3})\\((?<icmpType>\\d{1,3})\\) ${ZONES}(?: |$)`,
  ),
  // Names of NAT rules, and since 12.3X48 their kinds, stand between the translated ends and the protocol.
  CREATE: new RegExp(
    `^session created ${ENDS}\\S{1,64} \\S{3,160}(?: 0x[0-9a-f]{1,8})? .{3,300}? (?<protocol>\\d{1,3}) ${ZONES} \\d{1,20}(?: |$)`,
  ),
  CLOSE: new RegExp(
    `^session closed (?:[^:>]{1,64}: )?${ENDS}\\S{1,64} \\S{3,160}(?: 0x[0-9a-f]{1,8})? .{3,300}? (?<protocol>\\d{1,3}) ${ZONES} \\d{1,20}(?: |$)`,
  ),
};
/** `TCP port scan! source: a:p, destination: b:p, zone name: untrust, interface name: ge-0/0/0.0, action: drop` */
const SCREEN =
  /^(?<name>[\w -]{1,64})! source: (?<source>[^\s,]{1,72}), destination: (?<destination>[^\s,]{1,72}),(?: protocol-id: (?<protocol>\d{1,3}),)? zone name: (?<ingress>[^\s,]{1,64}), interface name: [^\s,]{1,64}, action: (?<verb>[\w-]{1,32})$/;

type Groups = Readonly<Record<string, string | undefined>>;

function parse(message: SyslogMessage): ParseResult | undefined {
  const event = junosEvent(message);
  if (event === undefined) return undefined;
  const { name, fields, text } = event;
  const verb = FLOW_NAME.exec(name)?.[1] as keyof typeof VERBS | undefined;
  if (verb !== undefined) {
    const flow = fields === undefined ? PLAIN[verb].exec(text)?.groups : structuredFlow(fields);
    if (flow === undefined) return malformed(JUNOS, `${name} is cut short or not in its known shape`);
    return readFlow(JUNOS, { action: VERBS[verb] }, flowOf(flow), event.hostname);
  }
  if (!SCREEN_NAME.test(name)) return ignored(JUNOS, `${name} reports no connection attempt`);
  const screen = fields === undefined ? plainScreen(text) : structuredScreen(fields);
  if (screen === undefined) return malformed(JUNOS, `${name} is cut short or not in its known shape`);
  const implied = /^RT_SCREEN_(TCP|UDP|ICMP)/.exec(name)?.[1];
  const isForged = /spoof/i.test(screen.rule ?? '');
  return readFlow(
    JUNOS,
    { action: actionOf(screen.verb, 'juniper-screen'), ...(isForged ? { spoofed: true } : {}) },
    { ...screen, protocol: screen.protocol ?? implied },
    event.hostname,
  );
}

function flowOf(flow: Groups): FlowText {
  const { source, sourcePort, destination, destinationPort, protocol, icmpType, rule, ingress, egress } =
    flow;
  return { source, sourcePort, destination, destinationPort, protocol, icmpType, rule, ingress, egress };
}

function structuredFlow(fields: ReadonlyMap<string, string>): Groups | undefined {
  // What was translated has keys of its own. The protocol stands behind the ends: a line cut in one of them has none.
  if (!fields.has('protocol-id')) return undefined;
  return {
    ...structuredEnds(fields),
    icmpType: fields.get('icmp-type'),
    rule: fields.get('policy-name'),
    ingress: fields.get('source-zone-name') ?? fields.get('packet-incoming-interface'),
    egress: fields.get('destination-zone-name'),
  };
}

function structuredEnds(fields: ReadonlyMap<string, string>) {
  return {
    source: fields.get('source-address') ?? '',
    sourcePort: fields.get('source-port'),
    destination: fields.get('destination-address') ?? '',
    destinationPort: fields.get('destination-port'),
    protocol: fields.get('protocol-id'),
  };
}

function structuredScreen(fields: ReadonlyMap<string, string>): Groups | undefined {
  if (!fields.has('action')) return undefined;
  return {
    ...structuredEnds(fields),
    rule: fields.get('attack-name')?.replace(/!$/, ''),
    ingress: fields.get('source-zone-name') ?? fields.get('interface-name'),
    verb: fields.get('action'),
  };
}

function plainScreen(text: string): Groups | undefined {
  const groups = SCREEN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const source = hostPort(groups.source ?? '');
  const destination = hostPort(groups.destination ?? '');
  const { protocol, ingress, verb, name: rule } = groups;
  return {
    source: source.host,
    sourcePort: source.port,
    destination: destination.host,
    destinationPort: destination.port,
    ...{ protocol, ingress, verb, rule },
  };
}
