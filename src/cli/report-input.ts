import type { Config } from '../config/config.ts';
import type { Lookup } from '../evidence/lookup.ts';
import { Lookups } from '../evidence/lookups.ts';
import type { DeviceClock, ReportInput, ReportLookup } from '../evidence/report.ts';
import { canonicalIp } from '../lib/ip.ts';
import type { Store } from '../store/store.ts';
import type { Incident, IncidentTarget, SyslogMessage } from '../types.ts';
import type { ReadLine } from './report-lines.ts';

/**
 * What one source did. Where it was the only one that is the incident; where there were several, what its lines tell, since the
 * incident does not say who did what.
 */
export function shareOf(incident: Incident, lines: readonly ReadLine[]): Incident {
  const attempts = lines.flatMap(({ attempt }) => attempt ?? []);
  if (incident.sources.length === 1 || attempts.length === 0) return incident;
  const distinct = <T>(values: readonly (T | undefined)[]) => [
    ...new Set(values.filter((value) => value !== undefined)),
  ];
  const numbers = (values: readonly (number | undefined)[]) => distinct(values).sort((a, b) => a - b);
  const { firstSeenMs, lastSeenMs } = incident;
  // The lines' own times, where their clocks agree with what was known when they came.
  const times = attempts.map(({ atMs }) => Math.min(Math.max(atMs, firstSeenMs), lastSeenMs));
  const targets = incident.targets.filter(({ ip, port }) =>
    attempts.some(({ destination }) => isTarget(destination, { ip, port })),
  );
  return {
    ...incident,
    firstSeenMs: Math.min(...times),
    lastSeenMs: Math.max(...times),
    count: attempts.reduce((sum, { count }) => sum + count, 0),
    lineCount: lines.length,
    transports: distinct(attempts.map(({ transport }) => transport)),
    ports: numbers(attempts.map(({ destination }) => destination.port)),
    sourcePorts: numbers(attempts.map((attempt) => attempt.source.port)),
    tcpFlags: distinct(attempts.map(({ tcpFlags }) => tcpFlags?.join(' '))),
    // A host that does not say its own address is known by that of its log.
    targets: targets.length === 0 ? incident.targets : targets,
  };
}

function isTarget(
  { ip, port }: { readonly ip?: string; readonly port?: number },
  target: Pick<IncidentTarget, 'ip' | 'port'>,
): boolean {
  return ip === target.ip && (port ?? -1) === target.port;
}

/** Whether lines are about logins rather than packets. */
export function typeOf(lines: readonly ReadLine[]): 'port_scan' | 'login_attack' {
  const attempts = lines.flatMap(({ attempt }) => attempt ?? []);
  const logins = attempts.filter(({ kind }) => kind === 'login').length;
  return logins * 2 > attempts.length ? 'login_attack' : 'port_scan';
}

/** What the lines tell about the clocks of the devices that logged them. */
export function clocksOf(lines: readonly ReadLine[]): DeviceClock[] {
  const devices = new Map<string, ReadLine[]>();
  for (const read of lines) {
    const key = `${read.line.peer.address} ${read.message.hostname ?? ''}`;
    devices.set(key, [...(devices.get(key) ?? []), read]);
  }
  return [...devices.values()].map((read): DeviceClock => {
    const [{ line, message }] = read as [ReadLine];
    const device = {
      address: line.peer.address,
      ...(message.hostname === undefined ? {} : { hostname: message.hostname }),
    };
    const skews = read.flatMap(({ message: { timestamp }, line: { receivedAtMs } }) =>
      timestamp?.epochMs !== undefined && timestamp.quality === 'device'
        ? [timestamp.epochMs - receivedAtMs]
        : [],
    );
    if (skews.length === 0) return { ...device, zone: 'none' };
    const stamped = read.find(({ message: { timestamp } }) => timestamp?.quality === 'device')!.message;
    const offset = offsetMinutes(stamped);
    return {
      ...device,
      zone: stamped.timestamp!.zone,
      ...(offset === undefined ? {} : { utcOffset: offsetText(offset) }),
      skewMs: skews.toSorted((a, b) => a - b)[Math.floor(skews.length / 2)]!,
      samples: skews.length,
    };
  });
}

const DAY_MINUTES = 1_440;

/** Minutes the clock shown in a line is ahead of UTC: its wall time against the moment it was understood as. */
function offsetMinutes({ text, timestamp }: SyslogMessage): number | undefined {
  const utcSeconds = Math.floor(timestamp!.epochMs! / 1_000) % 86_400;
  const clocks = [...text.slice(0, 160).matchAll(/(?<![\d:])(\d\d):(\d\d):(\d\d)(?![\d:])/g)].reverse();
  for (const [, hours, minutes, seconds] of clocks) {
    const ahead = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds) - utcSeconds;
    // Offsets in use are quarters of an hour; other differences are other times in the line.
    if (ahead % 900 !== 0) continue;
    const within = (ahead / 60 + DAY_MINUTES) % DAY_MINUTES;
    return within > 14 * 60 ? within - DAY_MINUTES : within;
  }
  return undefined;
}

/** Minutes as `+01:00`. */
function offsetText(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

/** What is known about a source: answers that are kept, of whatever age, and with `ask` new ones. Nobody is asked without it. */
export async function lookupsOf(
  source: string,
  lookups: readonly Lookup[],
  store: Pick<Store, 'cached' | 'cache'>,
  ask: boolean,
): Promise<ReportLookup[]> {
  const about = new Lookups({ lookups, cache: store });
  const known = about.remembered(source);
  if (!ask) return known;
  const asked = await about.gather(source);
  return asked.map((answer) =>
    answer.failed ? (known.find(({ lookup }) => lookup === answer.lookup) ?? answer) : answer,
  );
}

/** What has to be hidden from strangers: our networks, and whatever of ours the incident names. */
export function maskOf(
  { ownNetworks, hostName }: Config,
  { targets, observers }: Incident,
): NonNullable<ReportInput['mask']> {
  const addresses = [...targets.map(({ ip }) => ip), ...observers.map(({ address }) => address)];
  return {
    networks: [...ownNetworks, ...new Set(addresses.flatMap((address) => canonicalIp(address) ?? []))],
    names: [
      hostName,
      ...observers.map(({ address }) => address).filter((address) => canonicalIp(address) === undefined),
    ],
  };
}
