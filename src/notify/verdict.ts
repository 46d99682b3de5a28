import { formatDuration } from '../lib/duration.ts';
import { visible } from '../lib/escape.ts';
import type { DetectionKind, Incident, IncidentTarget } from '../types.ts';
import { countedOf, hasPackets, isLonePacket } from './counted.ts';
import type { SiteContext } from './render-context.ts';
import { serviceLong, serviceShort } from './service-label.ts';
import { andList, asSentence, listOf, longDuration, plural } from './words.ts';

/** The judgement a reader needs first, for the subject and as the mail's first sentence. */
export interface Verdict {
  /** `Probe`, `Port scan` ... */
  readonly word: string;
  /** `198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s`; no white space but single spaces. */
  readonly headline: string;
  /** `198.51.100.7 tried imap (143/tcp) on 3 watched hosts within 9 seconds.` */
  readonly sentence: string;
}

const WORDS: Readonly<Record<DetectionKind, string>> = {
  'address-scan': 'Probe',
  'port-scan': 'Port scan',
  'distributed-scan': 'Distributed scan',
  'stealth-scan': 'Stealth scan',
  repeat: 'Repeated attempts',
  any: 'Knock',
};

/** Services named one by one; more are counted. */
const NAMED_SERVICES = 3;

/** Says who did what to whom, in how much time, from an incident's numbers as they are now. */
export function verdictOf(
  incident: Incident,
  serviceName: SiteContext['serviceName'],
  watchedHosts?: number,
): Verdict {
  const met = metTargets(incident);
  const who =
    incident.sources.length === 1
      ? visible(incident.sources[0]!, 100)
      : `${atLeast(incident)}${plural(incident.sources.length, 'source')}`;
  const took = incident.lastSeenMs - incident.firstSeenMs;
  const alone = incident.lineCount <= 1;
  const tell = (did: string, where: string, when: string) =>
    `${who} ${did} ${where}${alone ? '' : ` ${when}`}`;
  return {
    word: wordFor(incident),
    headline: tell(
      deed(incident, met, (target) => serviceShort(target, serviceName)),
      place(incident, met, watchedHosts),
      `in ${formatDuration(Math.max(1000, took))}`,
    ),
    sentence: `${tell(
      deed(incident, met, (target) => serviceLong(target, serviceName)),
      place(incident, met),
      `within ${longDuration(took)}`,
    )}.`,
  };
}

function wordFor(incident: Incident): string {
  if (isLonePacket(incident)) return 'Knock, perhaps a typo';
  if (incident.kind !== 'any' || hasPackets(incident)) return WORDS[incident.kind];
  const { noun } = countedOf(incident.kinds);
  return asSentence(incident.count === 1 ? noun : `${noun}s`).slice(0, -1);
}

/** The targets on which the condition was met; all of them when the incident does not say. */
export function metTargets(incident: Incident): readonly IncidentTarget[] {
  const met = incident.targets.filter(({ port }) => incident.ports.includes(port));
  return met.length > 0 ? met : incident.targets;
}

/** What to call a host: the name people gave it, else its address. */
export function hostLabel(target: Pick<IncidentTarget, 'ip' | 'name'>): string {
  return visible(target.name ?? target.ip, 60);
}

/** What to call hosts, each name once: `lisa`, and `ns1 (192.0.2.53, 2001:db8::53)` where several addresses have it. */
export function hostLabels(targets: readonly Pick<IncidentTarget, 'ip' | 'name'>[]): string[] {
  const byLabel = new Map<string, Set<string>>();
  for (const target of targets) {
    const label = hostLabel(target);
    byLabel.set(label, (byLabel.get(label) ?? new Set()).add(visible(target.ip, 60)));
  }
  return [...byLabel].map(([label, addresses]) =>
    addresses.size === 1 ? label : `${label} (${listOf([...addresses], 8)})`,
  );
}

function deed(
  incident: Incident,
  met: readonly IncidentTarget[],
  label: (target: IncidentTarget) => string,
): string {
  const services = [...new Set(met.map(label))];
  const named =
    services.length <= NAMED_SERVICES
      ? andList(services)
      : `${atLeast(incident)}${plural(new Set(met.map(({ port }) => port)).size, 'port')}`;
  switch (incident.kind) {
    case 'port-scan':
      return `tried ${atLeast(incident)}${plural(new Set(met.map(({ port }) => port)).size, 'port')} on`;
    case 'stealth-scan':
      return `sent ${plural(incident.count, 'stealth packet')} to`;
    case 'repeat':
      return `tried ${named} ${plural(incident.count, 'time')} on`;
    default:
      return `tried ${named} on`;
  }
}

/** Stands before a number of sources, hosts or ports: beyond its bounds an incident keeps no more of them. */
function atLeast({ overflow }: Incident): string {
  return overflow > 0 ? 'at least ' : '';
}

function place(incident: Incident, met: readonly IncidentTarget[], watchedHosts?: number): string {
  const hosts = new Map(met.map((target) => [target.ip, hostLabel(target)]));
  if (hosts.size === 1) return [...hosts.values()][0]!;
  const of = watchedHosts !== undefined && watchedHosts >= hosts.size ? ` of ${watchedHosts}` : '';
  // What is counted is addresses, and a name may stand for one machine with several or for several machines.
  const noun = hostLabels(met).length < hosts.size ? 'addresses' : 'hosts';
  return `${atLeast(incident)}${hosts.size}${of} watched ${noun}`;
}
