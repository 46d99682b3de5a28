import { type CiscoDialect, malformed, readFlow } from './cisco-flow.ts';
import type { ParseResult } from './parser.ts';
import { actionOf } from './verdicts.ts';

/** A field begins the body or follows a comma: `Key: `. Values may hold commas and blanks. */
const KEY = /(?:^|, )([A-Z][A-Za-z0-9 ]{1,40}): ?/g;
/** From the first of these on, the fields repeat what the remote side sent. */
const REMOTE_TEXT =
  /^(?:URL|Referenced ?Host|HTTP ?Referer|User ?Agent|DNS|Client|TLS|SSL|Web ?Application|NetBIOS)/;

/** FTD names common ICMP types instead of numbering them. */
const ICMP_TYPES: ReadonlyMap<string, string> = new Map([
  ['Echo Reply', '0'],
  ['Destination Unreachable', '3'],
  ['Redirect', '5'],
  ['Echo Request', '8'],
  ['Time Exceeded', '11'],
]);

/**
 * Reads the `Key: value, ...` body of FTD 430002 (connection start) and 430003 (its end); Cisco Secure Firewall threat
 * defense syslog messages, "Security event syslog messages". The first value of a key counts: what the remote side
 * sent stands behind the device's own fields.
 */
export function readFtdConnection(
  dialect: CiscoDialect,
  body: string,
  hostname: string | undefined,
): ParseResult {
  const fields = fieldsOf(body);
  const source = fields.get('SrcIP');
  const destination = fields.get('DstIP');
  const protocol = fields.get('Protocol');
  // Protocol stands behind addresses and ports: a line that was cut in one of them has none.
  if (source === undefined || destination === undefined || protocol === undefined) {
    return malformed(dialect, 'the connection event lacks SrcIP, DstIP or Protocol');
  }
  const type = fields.get('ICMPType');
  const flow = {
    source,
    destination,
    sourcePort: fields.get('SrcPort'),
    destinationPort: fields.get('DstPort'),
    protocol,
    icmpType: type === undefined || /^\d+$/.test(type) ? type : ICMP_TYPES.get(type),
    icmpCode: numeric(fields.get('ICMPCode')),
    ingress: fields.get('IngressInterface'),
    egress: fields.get('EgressInterface'),
    rule: fields.get('AccessControlRuleName') ?? fields.get('ACPolicy'),
  };
  return readFlow(
    dialect,
    { action: actionOf(fields.get('AccessControlRuleAction')?.replaceAll(' ', '-'), 'cisco-ftd') },
    flow,
    hostname,
  );
}

/** Codes may be words (`No Code`); they say no number. */
function numeric(text: string | undefined): string | undefined {
  return text !== undefined && /^\d+$/.test(text) ? text : undefined;
}

function fieldsOf(body: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let key: string | undefined;
  let from = 0;
  const keep = (end: number) => {
    if (key !== undefined && !fields.has(key)) fields.set(key, body.slice(from, end));
  };
  for (const match of body.matchAll(KEY)) {
    keep(match.index);
    key = match[1] ?? '';
    if (REMOTE_TEXT.test(key)) return fields;
    from = match.index + match[0].length;
  }
  keep(body.length);
  return fields;
}
