import { visible } from '../lib/escape.ts';
import type { IncidentTarget } from '../types.ts';
import type { SiteContext } from './render-context.ts';

type ServiceName = SiteContext['serviceName'];

/** `imap (143/tcp)`, `8443/tcp` without a name, `icmp` without a port. */
export function serviceLong(target: Pick<IncidentTarget, 'port' | 'transport'>, nameOf: ServiceName): string {
  const name = nameOf(target.port, target.transport);
  const number = numberOf(target);
  return name === undefined || target.port < 0 ? number : `${visible(name, 40)} (${number})`;
}

/** `imap`, `8443/tcp` without a name, `icmp` without a port: for subjects and table heads. */
export function serviceShort(
  target: Pick<IncidentTarget, 'port' | 'transport'>,
  nameOf: ServiceName,
): string {
  const name = nameOf(target.port, target.transport);
  return name === undefined || target.port < 0 ? numberOf(target) : visible(name, 40);
}

function numberOf(target: Pick<IncidentTarget, 'port' | 'transport'>): string {
  const transport = target.transport === undefined ? undefined : visible(target.transport, 20);
  if (target.port < 0) return transport ?? 'no port';
  return transport === undefined ? `port ${target.port}` : `${target.port}/${transport}`;
}
