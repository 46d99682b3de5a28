import { readFileSync } from 'node:fs';
import { webhookVariable } from '../config/channels.ts';
import type { ChannelConfig, Config } from '../config/config.ts';
import { serviceName } from '../lib/services.ts';
import { conditionSentence } from '../notify/condition.ts';
import type { ChannelOptions, EmailOptions, WebhookOptions } from '../notify/options.ts';
import type { IncidentContext } from '../notify/render-context.ts';
import type { HostSet, Rule } from '../rule.ts';
import type { Incident } from '../types.ts';

/** Raw lines in a mail beyond this are only counted. */
const MAX_MAIL_LINES = 40;
const MAX_MAIL_LINE_BYTES = 2_048;

/** The configured channels in the form the notify stage takes. Throws when a secret's file can not be read. */
export function channelOptions(channels: readonly ChannelConfig[], hostName?: string): ChannelOptions[] {
  return channels.map((channel) => optionsOf(channel, hostName));
}

function optionsOf(channel: ChannelConfig, hostName: string | undefined): ChannelOptions {
  switch (channel.kind) {
    case 'email':
      return emailOptions(channel);
    case 'webhook':
      return webhookOptions(channel);
    case 'exec': {
      const { kind, name, command, timeout } = channel;
      return { kind, name, command, timeoutMs: timeout };
    }
    case 'syslog':
      return { ...channel, ...(hostName === undefined ? {} : { hostName }) };
    case 'stdout':
      return channel;
  }
}

function emailOptions(channel: Extract<ChannelConfig, { kind: 'email' }>): EmailOptions {
  const { kind, name, from, to, requireTls } = channel;
  const password = secretOf(channel.password, channel.passwordFile);
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
}

function webhookOptions(channel: Extract<ChannelConfig, { kind: 'webhook' }>): WebhookOptions {
  const { kind, name, form, timeout } = channel;
  const url = secretOf(channel.url, channel.urlFile);
  if (url === undefined)
    throw new TypeError(
      `channel ${name}: no address: write url or urlFile, or set ${webhookVariable(name, 'url')}`,
    );
  const secret = secretOf(channel.secret, channel.secretFile);
  const token = secretOf(channel.token, channel.tokenFile);
  return {
    kind,
    name,
    url,
    form,
    timeoutMs: timeout,
    ...(secret === undefined ? {} : { secret }),
    ...(token === undefined ? {} : { token }),
  };
}

/** A secret as it is, or the first line of its file; the file wins. */
function secretOf(secret: string | undefined, file: string | undefined): string | undefined {
  return file === undefined ? secret : firstLine(file);
}

function firstLine(file: string): string {
  return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0]!;
}

/** One sentence per channel on where its alerts go, without any secret. */
export function channelSentence(channel: ChannelConfig): string {
  const { name } = channel;
  switch (channel.kind) {
    case 'email':
      return `channel ${name}: ${mailSentence(channel)}`;
    case 'webhook': {
      // Everything behind the host is a secret with most services.
      const to =
        channel.url === undefined ? `the address in ${channel.urlFile}` : new URL(channel.url).origin;
      return `channel ${name}: alerts are posted to ${to} (${channel.form})`;
    }
    case 'exec':
      return `channel ${name}: ${channel.command[0]} is run for each alert`;
    case 'syslog':
      return `channel ${name}: alerts are sent as syslog to ${channel.protocol} ${channel.host} port ${channel.port}`;
    case 'stdout':
      return `channel ${name}: alerts are written to standard output`;
  }
}

function mailSentence(channel: Extract<ChannelConfig, { kind: 'email' }>): string {
  const to = channel.to.join(', ');
  if (channel.via === 'mailbox') {
    return `no mail server is configured, so mails to ${to} are put into ${channel.mailbox} as .eml files`;
  }
  if (channel.via === 'sendmail') return `mails to ${to} go through ${channel.sendmail}`;
  const { protocol, host } = new URL(channel.via);
  return `mails to ${to} go through ${protocol}//${host}`;
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
  const watchedHosts = hostCount(rule.hosts);
  return {
    rule: {
      id: rule.id,
      ...(rule.title === undefined ? {} : { title: rule.title }),
      conditionSentence: conditionSentence(rule, incident.kind),
      position: `${rule.position.file}:${rule.position.line}`,
    },
    ...(watchedHosts === undefined ? {} : { watchedHosts }),
    ...linesOf(incident),
  };
}

/** The same for an incident whose rule was removed while it was open. */
export function goneRuleContext(incident: Incident): IncidentContext {
  const { ruleId: id } = incident;
  return {
    rule: { id, conditionSentence: `Rule ${id} is not in force any more.`, position: 'gone' },
    ...linesOf(incident),
  };
}

function linesOf(incident: Incident): Pick<IncidentContext, 'lines' | 'linesOmitted'> {
  const lines = incident.lines.slice(0, MAX_MAIL_LINES).map((line) => ({
    text: line.bytes.subarray(0, MAX_MAIL_LINE_BYTES).toString('utf8'),
    receivedAtMs: line.receivedAtMs,
    peer: line.peer.address,
  }));
  return { lines, linesOmitted: incident.lineCount - lines.length };
}

/** What every mail says about this installation. */
export function siteContext(config: Config): {
  zone: string;
  hostName: string;
  serviceName: typeof serviceName;
} {
  return { zone: config.zone, hostName: config.hostName, serviceName };
}
