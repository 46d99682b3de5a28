import type { Outcome } from '../pipeline.ts';
import type { Attempt } from '../types.ts';

/** Why a line is not an attempt, in words. */
export function whyNot({ result }: Outcome): string {
  if (result === undefined) return 'no parser knows this format';
  switch (result.kind) {
    case 'loss':
      return `notice of loss at the device: ${result.loss.reason}`;
    case 'ignored':
      return `${result.parser}: ${result.reason}`;
    case 'malformed':
      return `malformed ${result.parser}: ${result.reason}`;
    case 'attempt':
      return '';
  }
}

function endpoint({ ip, name, port }: Attempt['source']): string {
  const host = ip ?? name ?? '?';
  if (port === undefined) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What was read from a line, a field at a time; the words are the line's own, so escape before printing. */
export function attemptFields(attempt: Attempt): string[] {
  const { source, destination, transport, protocolNumber, tcpFlags, icmp, count, rule, service, user, path } =
    attempt;
  const { furtherPorts = [] } = attempt;
  return [
    attempt.action,
    transport ?? (protocolNumber === undefined ? 'ip' : `protocol ${protocolNumber}`),
    [`${endpoint(source)} -> ${endpoint(destination)}`, ...furtherPorts].join(','),
    ...(icmp === undefined ? [] : [`type ${icmp.type ?? '?'} code ${icmp.code ?? '?'}`]),
    ...(tcpFlags === undefined ? [] : [tcpFlags.join(',') || 'no flags']),
    ...(rule === undefined ? [] : [`rule ${rule}`]),
    ...(service === undefined ? [] : [`service ${service}`]),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(path === undefined ? [] : [`path ${path}`]),
    ...(count === 1 ? [] : [`x${count}`]),
  ];
}
