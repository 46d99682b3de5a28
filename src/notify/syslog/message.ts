import { oneLine } from '../../lib/escape.ts';
import { OWN_APP_NAME, OWN_SD_ID } from '../../lib/own-syslog.ts';
import type { Alert, Severity } from '../../types.ts';

/** RFC 5424 6.2.1: the facilities by their usual names. */
export const FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  syslog: 5,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type FacilityName = keyof typeof FACILITIES;

/** RFC 5424 6.2.1: notice, warning, error, critical. */
const SEVERITIES: Readonly<Record<Severity, number>> = { low: 5, medium: 4, high: 3, critical: 2 };

/** RFC 5424 6.1: receivers should take 2,048 octets; more may be cut. */
const MAX_OCTETS = 2_048;
const MAX_LISTED = 8;
const BYTE_ORDER_MARK = '\ufeff';

/** An alert as an RFC 5424 message with its incident as structured data; at most 2,048 octets. */
export function syslogMessage(alert: Alert, facility: FacilityName, hostName: string, nowMs: number): Buffer {
  const priority = FACILITIES[facility] * 8 + SEVERITIES[alert.severity];
  const header = [
    `<${priority}>1`,
    new Date(nowMs).toISOString(),
    printable(hostName, 255),
    OWN_APP_NAME,
    process.pid,
    printable(alert.reason, 32),
  ].join(' ');
  const front = `${header} [${OWN_SD_ID}${parameters(alert)}] ${BYTE_ORDER_MARK}`;
  const room = MAX_OCTETS - Buffer.byteLength(front);
  // Escaped text is mostly ASCII; a character has at most three octets a UTF-16 unit.
  let text = oneLine(alert.subject, 400);
  while (Buffer.byteLength(text) > room) text = oneLine(text, Math.floor(text.length / 2));
  return Buffer.from(front + text);
}

function parameters({ id, incident, reason, severity, threadId }: Alert): string {
  const iso = (ms: number) => new Date(ms).toISOString();
  const listed = (values: readonly (string | number)[]) => values.slice(0, MAX_LISTED).join(',');
  const of = incident;
  const fields: readonly (readonly [name: string, value: string | undefined])[] = [
    ['alert', id],
    ['thread', threadId],
    ['reason', reason],
    ['severity', severity],
    ['incident', of?.id],
    ['rule', of?.ruleId],
    ['kind', of?.kind],
    ['sources', of && listed(of.sources)],
    ['sourceCount', of && String(of.sourceCount)],
    ['hosts', of && listed(of.hosts)],
    ['hostCount', of && String(of.hostCount)],
    ['ports', of && listed(of.ports)],
    ['portCount', of && String(of.portCount)],
    // An alert that an older version left in the outbox has none.
    ['overflow', of?.overflow?.toString()],
    ['count', of && String(of.count)],
    ['first', of && iso(of.firstSeenMs)],
    ['last', of && iso(of.lastSeenMs)],
  ];
  return fields
    .filter((field): field is [string, string] => field[1] !== undefined && field[1] !== '')
    .map(([name, value]) => ` ${name}="${escaped(oneLine(value, 120))}"`)
    .join('');
}

/** RFC 5424 6.3.3. */
function escaped(value: string): string {
  return value.replace(/["\\\]]/g, '\\$&');
}

/** A header field: printable US-ASCII without blanks, or the nil value. */
function printable(text: string, max: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, max) || '-';
}
