import type { SyslogMessage } from '../types.ts';
import { dateTime } from './body-time.ts';
import { type Dialect, type FlowText, ignored, malformed, numberedPort, readFlow } from './flow.ts';
import { contradictionIn, type KeyValues, keyValues } from './key-values.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';
import { actionOf, actionOfPhrase } from './verdicts.ts';

const SONICOS: Dialect = {
  parser: 'sonicwall',
  vendor: 'SonicWall',
  product: 'SonicOS',
  zeroPortIsNone: false,
  hostNames: false,
  portOf: numberedPort,
};

/**
 * SonicOS enhanced syslog, `id=firewall sn=... time="..." fw=... m=36 msg="TCP connection dropped" src=address:port:interface
 * dst=...` (SonicWall "SonicOS log event reference guide"). What became of the packet is in `fw_action`, in older releases
 * only in the words of `msg`. IPv6 addresses stand in fields of their own, `srcV6`, and leave the place in `src` empty.
 */
export const sonicwall: Parser = { name: SONICOS.parser, parse };

const START = /^ ?id=\S{1,64} +sn=\w{1,24} /;
const SESSION = /^connection (?:opened|closed)$/i;
/** Who logged in is not in the message, but in `usr`. */
const LOGIN = /^(?:[\w ]{0,40} )?login (denied|allowed)\b/i;
/** About what a session carried, pages and files: its source may be the server that was asked for them. */
const CONTENT = /^(?:web ?site|newsgroup|gateway anti-?virus|anti-?spyware|capture atp|content filter|app)/i;

/** Where a second value, which a typed user name may have brought, makes the line say something else. */
const BELIEVED =
  'm msg fw_action src srcV6 dst dstV6 proto type icmpType icmpCode srcZone dstZone rule time'.split(' ');

type Fields = ReadonlyMap<string, string>;

function parse(message: SyslogMessage, options: ParseOptions): ParseResult | undefined {
  if (message.appName !== undefined || !START.test(message.message)) return undefined;
  const line = keyValues(message.message);
  const { fields } = line;
  const said = fields.get('msg');
  if (said === undefined) return malformed(SONICOS, 'no msg, or one that is cut short');
  const number = /^\d{1,5}$/.test(fields.get('m') ?? '') ? fields.get('m') : '?';
  const login = LOGIN.exec(said)?.[1]?.toLowerCase();
  const action = actionIn(fields, said);
  if (login === undefined && (action === 'unknown' || CONTENT.test(said)))
    return ignored(SONICOS, `message ${number} reports no packet and no session`);
  const contradiction = contradictionIn(line, BELIEVED);
  if (contradiction !== undefined) return malformed(SONICOS, contradiction);
  const flow = flowOf(line, options.zone ?? 'UTC');
  if (flow === undefined) return ignored(SONICOS, `message ${number} names no source and destination`);
  if (typeof flow === 'string') return malformed(SONICOS, flow);
  if (login === undefined) return readFlow(SONICOS, { action }, flow);
  const verdict = { kind: 'login', action: login === 'denied' ? 'failed' : 'allowed' } as const;
  return readFlow(SONICOS, verdict, { ...flow, user: fields.get('usr') ?? fields.get('user') });
}

function actionIn(fields: Fields, said: string) {
  const action = actionOf(fields.get('fw_action'), 'sonicwall');
  if (action !== 'unknown') return action;
  return SESSION.test(said) ? 'allowed' : actionOfPhrase(said);
}

/** Undefined when the line is not about two hosts; a text says why it can not be trusted. */
function flowOf({ fields, lastKey }: KeyValues, zone: string): FlowText | string | undefined {
  const source = endOf(fields, 'src');
  const destination = endOf(fields, 'dst');
  if (source === undefined || destination === undefined) return undefined;
  // Behind the address and the port stands the interface: where it is missing at the end of the line, more may be.
  if (lastKey === 'dst' && destination.interface === undefined) return 'the line is cut short in dst';
  const [protocol] = (fields.get('proto') ?? '').split('/', 1);
  const time = fields.get('time') ?? '';
  return {
    source: source.host,
    sourcePort: source.port,
    destination: destination.host,
    destinationPort: destination.port,
    protocol: protocol === '' ? protocolIn(fields) : protocol,
    icmpType: fields.get('type') ?? fields.get('icmpType'),
    icmpCode: fields.get('icmpCode'),
    ingress: fields.get('srcZone') ?? source.interface,
    egress: fields.get('dstZone') ?? destination.interface,
    rule: fields.get('rule')?.slice(0, 64),
    stampMs: time.endsWith(' UTC') ? dateTime(time.slice(0, -4), 'UTC') : dateTime(time, zone),
  };
}

/** Older releases name the protocol in the message alone. */
function protocolIn(fields: Fields): string | undefined {
  return /^(TCP|UDP|ICMP) (?:connection|packet)/.exec(fields.get('msg') ?? '')?.[1];
}

interface End {
  readonly host: string;
  readonly port?: string | undefined;
  readonly interface?: string | undefined;
}

/** `address:port:interface[:name]`; what is missing is left empty or away. */
function endOf(fields: Fields, key: 'src' | 'dst'): End | undefined {
  const text = fields.get(key);
  const ipv6 = fields.get(`${key}V6`);
  if (text === undefined) return ipv6 === undefined ? undefined : { host: ipv6 };
  const [host = '', port, device] = text.split(':', 3);
  if (host === '' && ipv6 === undefined) return undefined;
  return {
    host: host === '' ? (ipv6 ?? '') : host,
    // Left empty only between two others.
    port: port === '' && device !== undefined ? undefined : port,
    interface: device === '' ? undefined : device?.slice(0, 32),
  };
}
