import type { SyslogMessage } from '../types.ts';
import { dateTime } from './body-time.ts';
import { type Dialect, ignored, malformed, numberedPort, readFlow } from './flow.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

const PAN_OS: Dialect = {
  parser: 'palo-alto',
  vendor: 'Palo Alto Networks',
  product: 'PAN-OS',
  zeroPortIsNone: false,
  hostNames: false,
  portOf: numberedPort,
};

/**
 * PAN-OS logs as comma-separated values (Palo Alto Networks "Syslog field descriptions", PAN-OS 4 to 11): sessions (TRAFFIC),
 * and of THREAT what is done to hosts: scans, floods, bad packets, exploits. Later releases append fields.
 */
export const paloAlto: Parser = { name: PAN_OS.parser, parse };

/** A reserved field, the time the log was received, a serial number, the type. */
const START = /^(?:: )?\d{0,3},\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d,[^,\s"]{0,32},([A-Z][A-Z0-9-]{2,24}),/;

/** Where the fields of TRAFFIC and THREAT stand. */
const SUBTYPE = 4;
const GENERATED = 6;
const SOURCE = 7;
const DESTINATION = 8;
const RULE = 11;
const SOURCE_ZONE = 16;
const DESTINATION_ZONE = 17;
const INGRESS = 18;
const EGRESS = 19;
const REPEATS = 23;
const SOURCE_PORT = 24;
const DESTINATION_PORT = 25;
const PROTOCOL = 29;
const ACTION = 30;
/** THREAT only. */
const DIRECTION = 35;
const FIELDS = 36;

/** Kinds of THREAT logs that report packets to a host; the others are about what a session carried. */
const PACKET_THREATS: ReadonlySet<string> = new Set(['scan', 'flood', 'packet', 'vulnerability']);
/** How floods that are counted for a zone or a rule write the end they do not know. */
const NO_HOST: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

const QUOTE = 34;

function parse(message: SyslogMessage, { zone = 'UTC' }: ParseOptions): ParseResult | undefined {
  const type = message.appName === undefined ? START.exec(message.message)?.[1] : undefined;
  if (type === undefined) return undefined;
  if (type !== 'TRAFFIC' && type !== 'THREAT')
    return ignored(PAN_OS, `${type} logs report no connection attempt`);
  const fields = splitCsv(message.message, FIELDS);
  // The action must end at a comma: in a line that was cut there, the last field is not whole.
  if (fields.length <= ACTION + 1) return malformed(PAN_OS, 'too few fields');
  if (type === 'THREAT') {
    const reason = whyNoAttempt(fields);
    if (reason !== undefined) return ignored(PAN_OS, reason);
  }
  const flow = {
    source: field(fields, SOURCE),
    sourcePort: field(fields, SOURCE_PORT),
    destination: field(fields, DESTINATION),
    destinationPort: field(fields, DESTINATION_PORT),
    protocol: field(fields, PROTOCOL),
    ingress: named(field(fields, SOURCE_ZONE)) ?? named(field(fields, INGRESS)),
    egress: named(field(fields, DESTINATION_ZONE)) ?? named(field(fields, EGRESS)),
    rule: named(field(fields, RULE)),
    count: field(fields, REPEATS),
    stampMs: dateTime(field(fields, GENERATED), zone),
  };
  return readFlow(
    PAN_OS,
    { action: actionOf(field(fields, ACTION).replaceAll(' ', '-'), 'palo-alto') },
    flow,
  );
}

function whyNoAttempt(fields: readonly string[]): string | undefined {
  const subtype = field(fields, SUBTYPE);
  if (!PACKET_THREATS.has(subtype)) return 'a THREAT log about what a session carried';
  if (subtype === 'vulnerability' && field(fields, DIRECTION) === 'server-to-client')
    return 'an exploit in what a server answered, not on it';
  const oneEnd = NO_HOST.has(field(fields, SOURCE)) || NO_HOST.has(field(fields, DESTINATION));
  return oneEnd ? 'a flood counted for more than one pair of hosts' : undefined;
}

/** The first `most` fields of a line; a field in quotes may hold commas, and `""` for a quote. */
function splitCsv(line: string, most: number): string[] {
  const fields: string[] = [];
  let at = 0;
  while (fields.length < most && at <= line.length) {
    const quoted = line.charCodeAt(at) === QUOTE;
    const end = quoted ? closingQuote(line, at + 1) : at;
    // Never closed: the line was cut in it.
    if (end < 0) return fields;
    const comma = line.indexOf(',', end);
    const next = comma < 0 ? line.length : comma;
    fields.push(quoted ? line.slice(at + 1, end).replaceAll('""', '"') : line.slice(at, next));
    at = next + 1;
  }
  return fields;
}

function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from);
  while (at >= 0 && line.charCodeAt(at + 1) === QUOTE) at = line.indexOf('"', at + 2);
  return at;
}

function named(text: string): string | undefined {
  return text === '' ? undefined : text.slice(0, 64);
}

function field(fields: readonly string[], index: number): string {
  return fields[index] ?? '';
}
