import { canonicalIp } from '../lib/ip.ts';
import { protocolOf } from '../lib/protocols.ts';
import type { Endpoint, SyslogMessage } from '../types.ts';
import { type CefEvent, readCef } from './cef-fields.ts';
import { decimal, UINT16 } from './decimal.ts';
import type { AttemptDraft } from './draft.ts';
import { strangersText } from './host-line.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf, actionOfPhrase } from './verdicts.ts';

/**
 * Security events of UniFi Network 9 and newer in CEF ("SIEM integration" of the UniFi help): threats its IPS saw, packets
 * its firewall blocked. The gateways' own netfilter lines are read by iptables.
 *
 *   CEF:0|Ubiquiti|UniFi Network|VERSION|201|Threat Detected and Blocked|7|proto=TCP src= spt= dst= dpt= act=blocked UNIFI...=
 *
 * An end is `src`/`dst` or, where the firewall knows the machine, UNIFIsrcClientIp, UNIFIdstDeviceIp and the like; a client
 * may be named by its alias alone. Clients choose such names, and `=` in them is not escaped.
 */
export const unifiCef: Parser = { name: 'unifi-cef', parse };

/** From here on a line may hold what a client wrote. */
const CLIENTS_WORDS = /^(?:UNIFI\w*(?:Alias|Hostname)|msg|request)$/;
const ADDRESSES = {
  src: ['UNIFIsrcClientIp', 'UNIFIsrcDeviceIp'],
  dst: ['UNIFIdstClientIp', 'UNIFIdstDeviceIp'],
} as const;
/** The fields read; where one of them ends the line, its value may have lost its end. */
const READ = ['proto', 'src', 'spt', 'dst', 'dpt', 'act', ...ADDRESSES.src, ...ADDRESSES.dst];
const READ_FIELD = new RegExp(` (${READ.join('|')})=`, 'g');
const WITH_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);
const LONGEST_EVENT = 8_192;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

function parse(message: SyslogMessage): ParseResult | undefined {
  const event = readCef(message);
  if (event?.vendor !== 'Ubiquiti' || !event.product.startsWith('UniFi')) return undefined;
  const { fields } = event;
  if (!fields.has('proto')) return ignored(`event ${event.signature.slice(0, 16)} reports no packet`);
  if (READ.includes([...fields.keys()].at(-1) ?? '')) return malformed('cut short');
  if (message.message.length > LONGEST_EVENT) return malformed('longer than any event');
  if (isReadTwice(message.message)) return malformed('a field twice');
  const attempt = readEvent(event, ownFields(fields));
  return typeof attempt === 'string' ? malformed(attempt) : { kind: 'attempt', attempt };
}

function isReadTwice(text: string): boolean {
  const seen = new Set<string>();
  for (const [, key = ''] of text.matchAll(READ_FIELD)) {
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}

type Fields = ReadonlyMap<string, string>;

/** What stands in front of the first text that a client wrote. */
function ownFields(fields: Fields): Fields {
  const entries = [...fields];
  const end = entries.findIndex(([key]) => CLIENTS_WORDS.test(key));
  return new Map(end < 0 ? entries : entries.slice(0, end));
}

/** The attempt, or what is wrong with the event. */
function readEvent({ name, product, fields }: CefEvent, own: Fields): AttemptDraft | string {
  const protocol = protocolOf(own.get('proto') ?? '');
  if (protocol.transport === undefined && protocol.protocolNumber === undefined) return 'unknown protocol';
  const hasPorts = WITH_PORTS.has(protocol.transport ?? '');
  const source = readEnd(fields, own, 'src', hasPorts ? own.get('spt') : undefined);
  const destination = readEnd(fields, own, 'dst', hasPorts ? own.get('dpt') : undefined);
  if (typeof source === 'string') return `the source ${source}`;
  if (typeof destination === 'string') return `the destination ${destination}`;
  const act = own.get('act');
  const attempt: AttemptDraft = {
    kind: 'packet',
    action: act === undefined ? actionOfPhrase(name) : actionOf(act),
    parser: 'unifi-cef',
    vendor: 'Ubiquiti',
    product,
    source,
    destination,
    ...protocol,
    count: 1,
  };
  const rule = own.get('UNIFIpolicyName') ?? own.get('UNIFIipsSignature');
  if (rule !== undefined) attempt.rule = rule.slice(0, 64);
  const ingress = own.get('deviceInboundInterface');
  if (ingress !== undefined) attempt.ingress = ingress.slice(0, 32);
  const host = own.get('UNIFIhost');
  if (host !== undefined) attempt.hostname = host.slice(0, 255);
  const utc = fields.get('UNIFIutcTime') ?? '';
  const stampMs = UTC.test(utc) ? Date.parse(utc) : Number.NaN;
  if (!Number.isNaN(stampMs)) attempt.stampMs = stampMs;
  return attempt;
}

/** One end, or what is wrong with it. Two addresses for it contradict each other: one of them is a client's invention. */
function readEnd(
  fields: Fields,
  own: Fields,
  key: keyof typeof ADDRESSES,
  port: string | undefined,
): Endpoint | string {
  const texts = [own.get(key), ...ADDRESSES[key].map((other) => fields.get(other))];
  const addresses = new Set(texts.flatMap((text) => (text === undefined ? [] : [canonicalIp(text)])));
  if (addresses.size > 1) return 'has two addresses';
  const [ip] = addresses;
  const name = nameOf(fields, `UNIFI${key}ClientAlias`) ?? nameOf(fields, `UNIFI${key}DeviceName`);
  if (addresses.size === 1 && ip === undefined) return 'address can not be read';
  if (ip === undefined && name === undefined) return 'is not named';
  const end: Endpoint = ip === undefined ? { name: name! } : { ip };
  if (port === undefined) return end;
  const number = decimal(port, UINT16);
  return number < 0 ? 'port can not be read' : { ...end, port: number };
}

/** A name, which is whole only where one of the device's own fields follows. */
function nameOf(fields: Fields, key: string): string | undefined {
  const keys = [...fields.keys()];
  const at = keys.indexOf(key);
  const isWhole = at >= 0 && keys.some((other, i) => i > at && /^(?:UNIFI\w+|msg)$/.test(other));
  return isWhole ? strangersText(fields.get(key)!) || undefined : undefined;
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'unifi-cef', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'unifi-cef', reason };
}
