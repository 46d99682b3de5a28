import { createHash } from 'node:crypto';
import { visible } from '../lib/escape.ts';
import { plainMailbox } from './clean-text.ts';
import { iso, type Material, warningsOf } from './report-material.ts';

export type XarfReport =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly because: string };

/** XARF 4 (xarf.org/schemas/v4: xarf-core, connection-port-scan, connection-login-attack). */
export function xarf(material: Material): XarfReport {
  const { input, source, masked, lines } = material;
  const { incident, reporter, type = 'port_scan' } = input;
  const contact = plainMailbox(reporter.email);
  if (contact === undefined || reporter.organisation.trim() === '')
    return {
      ok: false,
      because:
        'the reporter needs an organisation and a mail address: set report.organisation and report.email',
    };
  const protocol = incident.transports
    .map((name) => (name === 'ipv6-icmp' ? 'icmp' : name))
    .find((name) => /^(?:tcp|udp|icmp|sctp)$/.test(name));
  if (protocol === undefined)
    return {
      ok: false,
      because: `the format has no word for the protocol ${visible(incident.transports.join(', '), 60) || 'unknown'}`,
    };
  const organisation = {
    org: visible(reporter.organisation, 200),
    contact,
    domain: contact.slice(contact.indexOf('@') + 1),
  };
  const log = Buffer.from(lines.map(({ receivedAt, text }) => `${receivedAt} ${text}\n`).join(''));
  const [port] = incident.ports;
  const hosts = new Set(incident.targets.map(({ ip }) => ip));
  const [sourcePort] = incident.sourcePorts;
  const report = {
    xarf_version: '4.2.0',
    report_id: uuidOf(`${incident.id} ${source}`),
    timestamp: iso(incident.firstSeenMs),
    reporter: organisation,
    sender: organisation,
    source_identifier: source,
    ...(incident.sourcePorts.length === 1 && sourcePort! > 0 ? { source_port: sourcePort } : {}),
    category: 'connection',
    type,
    ...(type === 'port_scan' ? { evidence_source: 'firewall_logs' } : {}),
    ...(masked || hosts.size !== 1 ? {} : { destination_ip: [...hosts][0] }),
    ...(incident.ports.length === 1 && port! > 0 ? { destination_port: port } : {}),
    protocol,
    first_seen: iso(incident.firstSeenMs),
    last_seen: iso(incident.lastSeenMs),
    description: material.show(`${incident.sentence}. ${warningsOf(material).join('. ')}.`, 1000),
    evidence: [
      {
        content_type: 'text/plain',
        description: `Log lines, receipt time (UTC) in front${masked ? '; own addresses masked' : ''}`,
        payload: log.toString('base64'),
        hash: `sha256:${createHash('sha256').update(log).digest('hex')}`,
        size: log.length,
      },
    ],
    tags: [`knockwatch:${incident.kind}`],
  };
  return { ok: true, json: `${JSON.stringify(report, null, 2)}\n` };
}

/** A UUID that stays the same for the same report; shaped as version 4, which the format asks for. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
