import { readFileSync } from 'node:fs';
import type { ChannelConfig, Config } from './config.ts';
import { serviceName } from './lib/services.ts';
import { conditionSentence } from './notify/condition.ts';
import type { ChannelOptions } from './notify/options.ts';
import type { IncidentContext } from './notify/render-context.ts';
import type { HostSet, Rule } from './rule.ts';
import type { Incident } from './types.ts';

/** Raw lines in a mail beyond this are only counted. */
const MAX_MAIL_LINES = 40;
const MAX_MAIL_LINE_BYTES = 2_048;

/** The configured channels in the form the notify stage takes. Throws when a password file can not be read. */
export function channelOptions(channels: readonly ChannelConfig[]): ChannelOptions[] {
  return channels.map((channel) => {
    if (channel.kind === 'stdout') return channel;
    const { kind, name, from, to, requireTls } = channel;
    const password = channel.passwordFile === undefined ? channel.password : firstLine(channel.passwordFile);
    const path =
      channel.via === 'mailbox' ? channel.mailbox : channel.via === 'sendmail' ? channel.sendmail : undefined;
    return {
      kind,
      name,
      transport: channel.via,
      from,
      to,
      ...(path === undefined ? {} : { path }),
      ...(password === undefined ? {} : { password }),
      ...(requireTls === undefined ? {} : { requireTls }),
    };
  });
}

function firstLine(file: string): string {
  return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0]!;
}

/** One sentence per channel on where its alerts go, without any secret. */
export function channelSentence(channel: ChannelConfig): string {
  if (channel.kind === 'stdout') return `channel ${channel.name}: alerts are written to standard output`;
  const to = channel.to.join(', ');
  if (channel.via === 'mailbox') {
    return `channel ${channel.name}: no mail server is configured, so mails to ${to} are put into ${channel.mailbox} as .eml files`;
  }
  if (channel.via === 'sendmail')
    return `channel ${channel.name}: mails to ${to} go through ${channel.sendmail}`;
  const { protocol, host } = new URL(channel.via);
  return `channel ${channel.name}: mails to ${to} go through ${protocol}//${host}`;
}

/** How many hosts a set holds, where that is a number worth telling. */
function hostCount({ any, addresses, networks }: HostSet): number | undefined {
  if (any) return undefined;
  let count = addresses.length;
  for (const network of networks) {
    const prefix = Number(network.split('/')[1]);
    if (network.includes(':') || prefix < 16) return undefined;
    count += 2 ** (32 - prefix);
  }
  return count;
}

/** What a mail about an incident says beside the incident itself. */
export function incidentContext(incident: Incident, rule: Rule): IncidentContext {
  const lines = incident.lines.slice(0, MAX_MAIL_LINES).map((line) => ({
    text: line.bytes.subarray(0, MAX_MAIL_LINE_BYTES).toString('utf8'),
    receivedAtMs: line.receivedAtMs,
    peer: line.peer.address,
  }));
  const watchedHosts = hostCount(rule.hosts);
  return {
    rule: {
      id: rule.id,
      ...(rule.title === undefined ? {} : { title: rule.title }),
      conditionSentence: conditionSentence(rule, incident.kind),
      position: `${rule.position.file}:${rule.position.line}`,
    },
    ...(watchedHosts === undefined ? {} : { watchedHosts }),
    lines,
    linesOmitted: incident.lineCount - lines.length,
  };
}

/** What every mail says about this installation. */
export function siteContext(config: Config): {
  zone: string;
  hostName: string;
  serviceName: typeof serviceName;
} {
  return { zone: config.zone, hostName: config.hostName, serviceName };
}
