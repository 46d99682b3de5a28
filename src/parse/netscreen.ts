import type { SyslogMessage } from '../types.ts';
import { dateTime } from './body-time.ts';
import { type Dialect, ignored, malformed, numberedPort, readFlow } from './flow.ts';
import { hostPort } from './host-port.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

const SCREENOS: Dialect = {
  parser: 'netscreen',
  vendor: 'Juniper',
  product: 'ScreenOS',
  zeroPortIsNone: false,
  hostNames: false,
  portOf: numberedPort,
};

/**
 * NetScreen, ISG and SSG (Juniper "ScreenOS message log reference guide"): traffic logs, `NetScreen device_id=...
 * [Root]system-notification-00257(traffic): start_time=... src=... dst=...`, attack alarms, and repeated failed logins.
 */
export const netscreen: Parser = { name: SCREENOS.parser, parse };

const HEADER =
  /^ ?NetScreen device_id=(?<device>\S{1,64}) {1,4}(?:\[[^\]]{1,64}\])?system-[a-z]{1,16}-(?<id>\d{5})(?<traffic>\(traffic\))?: /;

/** Keys and values hold blanks: each is what stands between two fixed texts. Quotes come with backslashes from some relays. */
const TRAFFIC = new RegExp(
  '^start_time=\\\\?"(?<start>[^"\\\\]{0,32})\\\\?" duration=\\d{1,10} policy_id=(?<rule>\\d{1,10}) ' +
    'service=.{0,128}? proto=(?<protocol>\\d{1,3}) src zone=(?<ingress>.{1,64}?) dst zone=(?<egress>.{1,64}?) ' +
    'action=(?<verb>[A-Za-z ]{1,32}) sent=\\d{1,20} rcvd=\\d{1,20} src=(?<source>\\S{1,64}) dst=(?<destination>\\S{1,64})' +
    '(?: src_port=(?<sourcePort>\\d{1,5}) dst_port=(?<destinationPort>\\d{1,5}))?(?: icmp type=(?<icmpType>\\d{1,3}))?(?! src_port=)(?: |$)',
);

/** `Port scan! From a:p to b:p, proto TCP (zone Untrust int ethernet3). Occurred 2 times.` */
const ATTACK =
  /^(?!Multiple login )(?<name>[\w -]{1,64})! From (?<source>\S{1,72}) to (?<destination>\S{1,72}), proto (?<protocol>\w{1,16}) \(zone (?<ingress>[^,()]{1,64}?),? int {1,2}[^()]{1,64}\)\. Occurred (?<count>\d{1,10}) times\./;

/** The user is what somebody typed: greedy, so that the device's own words are the last ones of their kind. */
const LOGINS =
  /^Multiple login failures occurred for user (?<user>.*) from IP address (?<source>\S{1,72})(?: \([\d: -]{8,24}\))?$/;

type Groups = Readonly<Record<string, string | undefined>>;

function parse(message: SyslogMessage, { zone = 'UTC' }: ParseOptions): ParseResult | undefined {
  // Its tag is the device's name, without the number that programs of a host add.
  const header = message.procId === undefined ? HEADER.exec(message.message) : null;
  if (header?.groups === undefined) return undefined;
  const { device, id, traffic } = header.groups;
  const hostname = message.hostname === undefined ? device : undefined;
  const body = message.message.slice(header[0].length).trim();
  if (id === '00257' && traffic !== undefined) return readTraffic(body, zone, hostname);
  const logins = LOGINS.exec(body)?.groups;
  if (logins !== undefined) {
    const { host } = hostPort(logins.source ?? '');
    return readFlow(
      SCREENOS,
      { kind: 'login', action: 'failed' },
      { source: host, user: logins.user },
      hostname,
    );
  }
  const attack = ATTACK.exec(body)?.groups;
  if (attack !== undefined) return readAttack(attack, hostname);
  return ignored(SCREENOS, `message ${id} reports no connection attempt`);
}

function readTraffic(body: string, zone: string, hostname: string | undefined): ParseResult {
  const groups = TRAFFIC.exec(body)?.groups;
  if (groups === undefined)
    return malformed(SCREENOS, 'the traffic log is cut short or not in its known shape');
  // Without them the line was cut, and what it ends in may have lost its last digits.
  const isPorted = groups.protocol === '6' || groups.protocol === '17';
  if (isPorted && groups.destinationPort === undefined) return malformed(SCREENOS, 'the ports are missing');
  const { ingress, egress, rule, source, sourcePort, destination, destinationPort, protocol, icmpType } =
    groups;
  const stampMs = dateTime(groups.start ?? '', zone);
  return readFlow(
    SCREENOS,
    { action: actionOf(groups.verb, 'netscreen') },
    { ingress, egress, rule, source, sourcePort, destination, destinationPort, protocol, icmpType, stampMs },
    hostname,
  );
}

/** An alarm does not say whether its screen drops what it reports. */
function readAttack(groups: Groups, hostname: string | undefined): ParseResult {
  const source = hostPort(groups.source ?? '');
  const destination = hostPort(groups.destination ?? '');
  const flow = {
    source: source.host,
    sourcePort: source.port,
    destination: destination.host,
    destinationPort: destination.port,
    protocol: groups.protocol,
    ingress: groups.ingress,
    rule: groups.name,
    count: groups.count,
  };
  const isForged = /spoof/i.test(groups.name ?? '');
  return readFlow(SCREENOS, { action: 'unknown', ...(isForged ? { spoofed: true } : {}) }, flow, hostname);
}
