import { canonicalIp } from '../lib/ip.ts';
import type { SyslogMessage } from '../types.ts';
import { dateTime } from './body-time.ts';
import { readCef } from './cef-fields.ts';
import { type Dialect, type FlowText, ignored, malformed, numberedPort, readFlow } from './flow.ts';
import { cefFields, isFortigate } from './fortigate-fields.ts';
import { contradictionIn, type KeyValues, keyValues } from './key-values.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';
import { portOfService } from './service-names.ts';
import { actionOf } from './verdicts.ts';

const FORTIGATE: Dialect = {
  parser: 'fortigate',
  vendor: 'Fortinet',
  product: 'FortiGate',
  zeroPortIsNone: false,
  hostNames: false,
  portOf: numberedPort,
};

/**
 * FortiGate logs, `date=... devid=... type=traffic ...` and the same as CEF (Fortinet "FortiOS log message reference", 3.0 to
 * 7.x): traffic, IPS and anomaly logs, logins of administrators and to the SSL VPN. FortiOS 5.2 gave many fields other names.
 */
export const fortigate: Parser = { name: FORTIGATE.parser, parse };

/** One of the fields a log begins with; a collector's word for the sender may stand in front. */
const START = /^ ?(?:[\w.:>-]{1,64} )?(?=(?:date|logver|itime|timestamp|devname|devid)=)/;
/** Where a cut line says something else than it said whole, in both forms. */
const TUPLE: ReadonlySet<string> = new Set(
  'srcip src dstip dst srcport src_port spt dstport dst_port dpt proto action act status count cnt'.split(
    ' ',
  ),
);

/** Where a second value, which a typed user name may have brought, makes the line say something else. */
const BELIEVED: readonly string[] = [...TUPLE, 'ui', 'remip', 'type', 'subtype', 'direction', 'eventtime'];

/** The last digits of a traffic log's id: how far a long session has come. */
const STATISTICS = '000020';

type Fields = ReadonlyMap<string, string>;

function parse(message: SyslogMessage, options: ParseOptions): ParseResult | undefined {
  const log = cefLog(message) ?? plainLog(message);
  if (log === undefined) return undefined;
  const result = readLog(log.fields, message, options);
  if (result.kind !== 'attempt') return result;
  if (TUPLE.has(log.lastKey ?? '')) return malformed(FORTIGATE, `the line is cut short in ${log.lastKey}`);
  const contradiction = contradictionIn(log, BELIEVED);
  return contradiction === undefined ? result : malformed(FORTIGATE, contradiction);
}

function cefLog(message: SyslogMessage): KeyValues | undefined {
  const event = readCef(message);
  if (event?.vendor !== 'Fortinet' || event.product.toLowerCase() !== 'fortigate') return undefined;
  return { ...cefFields(event), lastKey: [...event.fields.keys()].at(-1) ?? '' };
}

function plainLog(message: SyslogMessage): KeyValues | undefined {
  if (message.appName !== undefined) return undefined;
  const start = START.exec(message.message);
  if (start === null) return undefined;
  const log = keyValues(message.message.slice(start[0].length));
  return isFortigate(log.fields) ? log : undefined;
}

function readLog(fields: Fields, message: SyslogMessage, options: ParseOptions): ParseResult {
  const type = fields.get('type') ?? '';
  const subtype = fields.get('subtype') ?? '';
  const more = { stampMs: stampOf(fields, options.zone ?? 'UTC') };
  const hostname = message.hostname === undefined ? fields.get('devname') : undefined;
  if (type === 'traffic') {
    if (fields.get('logid')?.endsWith(STATISTICS)) return ignored(FORTIGATE, 'a session that goes on');
    const said = fields.get('action') ?? fields.get('status');
    if (said === undefined) return malformed(FORTIGATE, 'the line is cut short in front of its action');
    const action = actionOf(said, 'fortigate-traffic');
    return readFlow(FORTIGATE, { action }, { ...flowOf(fields), ...more }, hostname);
  }
  if (type === 'attack' || type === 'ips' || type === 'anomaly' || subtype === 'ips' || subtype === 'anomaly')
    return readAttack(fields, more, hostname);
  const login = type === 'event' ? loginOf(fields) : undefined;
  if (login === 'two sources') return malformed(FORTIGATE, 'srcip and ui name different addresses');
  if (login !== undefined) return readFlow(FORTIGATE, login.verdict, { ...login.flow, ...more }, hostname);
  return ignored(FORTIGATE, `${words(type)} ${words(subtype)} logs report no connection attempt`);
}

/** What comes in from the server that a session asked is no attempt on whom it is sent to. */
function readAttack(fields: Fields, more: FlowText, hostname: string | undefined): ParseResult {
  if (fields.get('direction') === 'incoming')
    return ignored(FORTIGATE, 'an attack in what a server answered, not on it');
  const action = actionOf(fields.get('action') ?? fields.get('status'), 'fortigate-attack');
  const flow = flowOf(fields);
  const icmpType = fromHex(fields.get('icmptype') ?? fields.get('icmp_type')) ?? flow.icmpType;
  const icmpCode = fromHex(fields.get('icmpcode') ?? fields.get('icmp_code')) ?? flow.icmpCode;
  const count = fields.get('count');
  return readFlow(FORTIGATE, { action }, { ...flow, icmpType, icmpCode, count, ...more }, hostname);
}

function flowOf(fields: Fields): FlowText {
  const icmp = /^icmp6?\/(\d{1,3})\/(\d{1,3})$/.exec(fields.get('service') ?? '');
  return {
    // Absent ones are no addresses.
    source: fields.get('srcip') ?? fields.get('src') ?? '',
    sourcePort: fields.get('srcport') ?? fields.get('src_port'),
    destination: fields.get('dstip') ?? fields.get('dst') ?? '',
    destinationPort: fields.get('dstport') ?? fields.get('dst_port'),
    protocol: fields.get('proto'),
    icmpType: icmp?.[1],
    icmpCode: icmp?.[2],
    ingress: named(fields.get('srcintf') ?? fields.get('src_int')),
    egress: named(fields.get('dstintf') ?? fields.get('dst_int')),
    rule: named(fields.get('policyname') ?? fields.get('policyid')),
  };
}

/** An administrator's login, `ui=ssh(address)`, or one to the SSL VPN. */
function loginOf(fields: Fields) {
  const user = fields.get('user');
  const action = fields.get('action');
  if (action === 'ssl-login-fail' && fields.has('remip')) {
    const flow: FlowText = { source: fields.get('remip'), service: 'ssl-vpn', user };
    return { verdict: { kind: 'login', action: 'failed' }, flow } as const;
  }
  const status = fields.get('status');
  const [, service, from] = /^([a-z]{2,16})\(([^()]{1,64})\)$/.exec(fields.get('ui') ?? '') ?? [];
  if (action !== 'login' || service === undefined || (status !== 'failed' && status !== 'success'))
    return undefined;
  const source = fields.get('srcip') ?? from;
  // One of them may be a part of the user name.
  if (canonicalIp(source ?? '') !== canonicalIp(from ?? '')) return 'two sources';
  const port = portOfService(service);
  const flow: FlowText = {
    source,
    destination: fields.get('dstip'),
    destinationPort: port === undefined ? undefined : String(port),
    protocol: 'tcp',
    service,
    user,
  };
  return { verdict: { kind: 'login', action: status === 'failed' ? 'failed' : 'allowed' }, flow } as const;
}

/** `eventtime` in seconds, since 6.2 in nanoseconds, else the time the log was written at. */
function stampOf(fields: Fields, zone: string): number | undefined {
  const eventTime = fields.get('eventtime') ?? '';
  if (/^\d{10}(?:\d{3}){0,3}$/.test(eventTime)) return Number(eventTime.slice(0, 13).padEnd(13, '0'));
  const text = `${fields.get('date')} ${fields.get('time')}`;
  const [, sign, hours, minutes] = /^(?:UTC)?([+-])(\d{1,2}):?(\d\d)$/.exec(fields.get('tz') ?? '') ?? [];
  if (sign === undefined) return dateTime(text, zone);
  const utcMs = dateTime(text, 'UTC');
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return utcMs === undefined ? undefined : utcMs - (sign === '-' ? -offsetMs : offsetMs);
}

function fromHex(text: string | undefined): string | undefined {
  return text !== undefined && /^0x[0-9a-f]{1,4}$/i.test(text) ? String(Number(text)) : text;
}

function named(text: string | undefined): string | undefined {
  return text === '' || text === 'N/A' || text === undefined ? undefined : text.slice(0, 64);
}

/** Of an unknown log, what may be shown. */
function words(text: string): string {
  return /^[\w-]{1,32}$/.test(text) ? text : '?';
}
