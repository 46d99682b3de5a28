import type { Alert, EvidenceLine, Hit, Incident, Severity } from '../../src/types.ts';

export const NOW = Date.parse('2026-11-23T12:00:00Z');

/** A raw line that is no valid UTF-8. */
export const LINE: EvidenceLine = {
  bytes: Buffer.from([0x3c, 0x34, 0x3e, 0xff, 0x00, 0x41]),
  receivedAtMs: NOW,
  peer: { address: '192.0.2.1', port: 514 },
};

export function incident(id: string, changes: Partial<Incident> = {}): Incident {
  return {
    id,
    identifier: `classic-probe 198.51.100.7 143`,
    kind: 'address-scan',
    ruleId: 'classic-probe',
    severity: 'high',
    state: 'open',
    openedAtMs: NOW,
    firstSeenMs: NOW,
    lastSeenMs: NOW,
    count: 3,
    lineCount: 3,
    sources: ['198.51.100.7'],
    targets: [{ ip: '192.0.2.10', name: 'lisa', port: 143, transport: 'tcp', count: 3, firstSeenMs: NOW }],
    transports: ['tcp'],
    ports: [143],
    sourcePorts: [31337],
    tcpFlags: ['SYN'],
    observers: [{ hostname: 'gw1', address: '192.0.2.1', product: 'ios', rule: '101' }],
    lines: [LINE],
    sentence: '198.51.100.7 tried imap on 3 hosts',
    remarks: [],
    overflow: 0,
    ...changes,
  };
}

export function alert(id: string, severity: Severity = 'high', changes: Partial<Alert> = {}): Alert {
  return {
    id,
    incidentIds: ['i1'],
    severity,
    reason: 'first-sight',
    subject: 'Probe: é \u0000 \ud83d\ude00',
    text: 'text\n',
    html: '<p>text</p>',
    threadId: id,
    ...changes,
  };
}

export function hit(atMs: number, sourceIp = '198.51.100.7'): Hit {
  return {
    ruleId: 'classic-probe',
    host: { ip: '192.0.2.10', name: 'lisa' },
    port: 143,
    sourceIp,
    attempt: {
      kind: 'packet',
      action: 'denied',
      parser: 'cisco-ios',
      vendor: 'cisco',
      product: 'ios',
      source: { ip: sourceIp, port: 31337 },
      destination: { ip: '192.0.2.10', port: 143 },
      count: 1,
      atMs,
      timeSource: 'device',
      observer: { address: '192.0.2.1' },
      line: { sequence: 77 },
    },
  };
}
