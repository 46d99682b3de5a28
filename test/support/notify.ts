import { serviceName } from '../../src/lib/services.ts';
import type { RenderContext } from '../../src/notify/render-context.ts';
import type { Alert, Incident, IncidentTarget } from '../../src/types.ts';

/** 2026-01-24 18:47:46 in Berlin: the first packet of every story told here. */
export const T0 = Date.parse('2026-01-24T17:47:46Z');

/** One cell of an incident's grid. */
export function target(
  ip: string,
  port: number,
  seconds: number,
  extra: Partial<IncidentTarget> = {},
): IncidentTarget {
  return { ip, port, transport: 'tcp', count: 1, firstSeenMs: T0 + seconds * 1000, ...extra };
}

/** The classic probe: imap on lisa, ns1 and dmz-web within nine seconds. */
export function incident(extra: Partial<Incident> = {}): Incident {
  return {
    id: 'k7f2',
    identifier: 'classic-probe 198.51.100.7 143',
    kind: 'address-scan',
    ruleId: 'classic-probe',
    severity: 'high',
    state: 'open',
    openedAtMs: T0 + 9000,
    firstSeenMs: T0,
    lastSeenMs: T0 + 9000,
    count: 3,
    lineCount: 3,
    sources: ['198.51.100.7'],
    targets: [
      target('192.0.2.10', 143, 0, { name: 'lisa' }),
      target('192.0.2.53', 143, 4, { name: 'ns1' }),
      target('203.0.113.3', 143, 9, { name: 'dmz-web' }),
    ],
    transports: ['tcp'],
    ports: [143],
    sourcePorts: [31337],
    tcpFlags: ['SYN'],
    observers: [{ hostname: 'gw1', address: '192.0.2.1', product: 'ios', rule: '101' }],
    lines: [],
    sentence: '3 watched hosts within 9 s; the rule asks for 3 within 1 min',
    remarks: [],
    overflow: 0,
    ...extra,
  };
}

/** The context the classic probe is rendered in. */
export function context(extra: Partial<RenderContext> = {}): RenderContext {
  const line = (sequence: number, host: string, seconds: number) => ({
    text: `<190>${sequence}: Jan 24 18:47:${46 + seconds}.113: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> ${host}(143), 1 packet`,
    receivedAtMs: T0 + seconds * 1000,
    peer: '192.0.2.1',
  });
  return {
    rule: {
      id: 'classic-probe',
      conditionSentence: 'Rule classic-probe calls 3 hosts in 60 s a probe.',
      position: 'rules/office.yaml:12',
    },
    watchedHosts: 3,
    lines: [line(112, '192.0.2.10', 0), line(113, '192.0.2.53', 4), line(114, '203.0.113.3', 9)],
    linesOmitted: 0,
    zone: 'Europe/Berlin',
    hostName: 'mon1',
    serviceName,
    decision: { send: true, reason: 'first-sight', because: 'first mail about this source under this rule' },
    ...extra,
  };
}

/** A rendered alert, for channels and outboxes. */
export function alert(extra: Partial<Alert> = {}): Alert {
  const id = extra.id ?? 'k7f2.first';
  return {
    id,
    incidentIds: ['k7f2'],
    severity: 'high',
    reason: 'first-sight',
    subject: '[knockwatch] Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s',
    text: 'the text',
    html: '<p>the text</p>',
    threadId: id,
    ...extra,
  };
}
