import { serviceName } from '../lib/services.ts';
import type { Rule } from '../rule.ts';
import type { Attempt, WatchedHost } from '../types.ts';
import { isFromPattern } from './from-pattern.ts';
import { hostTest, type IgnoreIndex } from './ignore-index.ts';
import { holdsPort } from './port-index.ts';
import { type HostNames, touchedHosts } from './touched-hosts.ts';

/** What one rule makes of an attempt. */
export interface MatchExplanation {
  readonly ruleId: string;
  readonly matched: boolean;
  readonly because: string;
}

/** Asks every rule in turn and puts its answer into a sentence. Names in it come from the line: escape before printing. */
export function explainMatch(
  attempt: Attempt,
  rules: readonly Rule[],
  ignores: IgnoreIndex,
  names: HostNames,
): MatchExplanation[] {
  const hosts = touchedHosts(attempt, names);
  const ports = [attempt.destination.port ?? -1, ...(attempt.furtherPorts ?? [])];
  return rules.map((rule) => {
    const answers = ports.map((port) => explainRule(rule, attempt, hosts, port, ignores));
    // Of a line that names several ports, the first that matches; with none, what is wrong with the first.
    return { ruleId: rule.id, ...(answers.find(({ matched }) => matched) ?? answers[0]!) };
  });
}

type Answer = Omit<MatchExplanation, 'ruleId'>;

function explainRule(
  rule: Rule,
  attempt: Attempt,
  hosts: readonly WatchedHost[],
  port: number,
  ignores: IgnoreIndex,
): Answer {
  const no = (because: string): Answer => ({ matched: false, because });
  const sourceIp = attempt.source.ip;
  if (sourceIp === undefined) return no('the line names no source address');

  const holdsHost = hostTest(rule.hosts);
  const host = hosts.find(({ ip }) => holdsHost(ip));
  if (host === undefined) return no(`${hosts.map(describeHost).join(', ')} is not watched`);

  const what = describePort(port, attempt.transport);
  const { any, ranges } = rule.ports;
  if (!any && port < 0) return no('the line names no port, and the rule watches only some');
  if (!any && !ranges.some((range) => holdsPort(range, port, attempt.transport)))
    return no(`${what} is not watched`);

  if (rule.kinds !== undefined && !rule.kinds.includes(attempt.kind))
    return no(`a ${attempt.kind} does not count, only a ${rule.kinds.join(' or ')}`);
  if (!isFromPattern(rule, attempt)) return no(`the line is not of pattern ${rule.patterns!.join(' or ')}`);
  if (!rule.actions.includes(attempt.action))
    return no(`action ${attempt.action} does not count, only ${rule.actions.join(' and ')}`);
  const ignored = ignores.find(attempt, sourceIp, host, port);
  if (ignored !== undefined)
    return no(`ignored: ${ignored.because} (${ignored.position.file}:${ignored.position.line})`);
  return {
    matched: true,
    because: `${describeHost(host)} and ${what} are watched, and ${attempt.action} counts`,
  };
}

function describeHost({ ip, name }: WatchedHost): string {
  return name === undefined || name.toLowerCase() === ip ? ip : `${name} (${ip})`;
}

function describePort(port: number, transport: string | undefined): string {
  if (port < 0) return transport === undefined ? 'any port' : `any port (${transport})`;
  const service = serviceName(port, transport);
  const number = transport === undefined ? String(port) : `${port}/${transport}`;
  return service === undefined ? `port ${number}` : `port ${number} (${service})`;
}
