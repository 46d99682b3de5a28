import type { Config } from '../config.ts';
import type { Lookup } from '../evidence/lookup.ts';
import { Lookups } from '../evidence/lookups.ts';
import type { DeviceClock, ReportInput, ReportLookup } from '../evidence/report.ts';
import { canonicalIp } from '../lib/ip.ts';
import { offsetMinutes } from '../lib/time-zone.ts';
import { Pipeline } from '../pipeline.ts';
import type { RuleSet } from '../rule.ts';
import { archiveLines, listArchive } from '../store/archive-files.ts';
import { rawBytes, readRecord } from '../store/archive-record.ts';
import { archiveDirectory } from '../store/places.ts';
import type { Store } from '../store/store.ts';
import type { EvidenceLine, Incident } from '../types.ts';
import { pipelineOptions } from './pipeline-options.ts';

const MAX_LINES = 1_000;
const DAY_MS = 86_400_000;
const NO_RULES: RuleSet = { rules: [], ignores: [], names: new Map(), files: [] };

/** The incident's own lines and, where it has had more, those of the archive that name the source in its time. */
export async function linesOf(incident: Incident, source: string, stateDir: string): Promise<EvidenceLine[]> {
  if (incident.lines.length >= incident.lineCount) return [...incident.lines];
  const found: EvidenceLine[] = [];
  const from = dayOf(incident.firstSeenMs);
  // Lines may come late, by their devices' clocks.
  const to = dayOf(incident.lastSeenMs + DAY_MS);
  for (const file of await listArchive(archiveDirectory(stateDir))) {
    if (file.day < from || file.day > to) continue;
    for await (const { bytes } of archiveLines(file)) {
      if (!bytes.includes(source)) continue;
      const read = readRecord(bytes);
      const receivedAtMs = read.ok ? Date.parse(read.record.receivedAt) : Number.NaN;
      if (!read.ok || read.record.sender === undefined || !(receivedAtMs >= incident.firstSeenMs - 60_000))
        continue;
      const { sender, port } = read.record;
      found.push({
        bytes: rawBytes(read.record),
        receivedAtMs,
        peer: { address: sender, ...(port === undefined ? {} : { port }) },
      });
      if (found.length >= MAX_LINES || found.length >= incident.lineCount) return found;
    }
  }
  return found.length > incident.lines.length ? found : [...incident.lines];
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** What the lines tell about the clocks of the devices, and whether they are about logins. */
export function readLines(
  lines: readonly EvidenceLine[],
  config: Config,
): { readonly clocks: DeviceClock[]; readonly type: 'port_scan' | 'login_attack' } {
  const pipeline = new Pipeline({ ...pipelineOptions(config, NO_RULES, 'replay'), onTransition: () => {} });
  const devices = new Map<string, { address: string; hostname?: string; skews: number[] }>();
  let logins = 0;
  let attempts = 0;
  for (const line of lines) {
    const { message, attempt } = pipeline.process({ ...line, transport: 'file' });
    if (attempt !== undefined) attempts++;
    if (attempt?.kind === 'login') logins++;
    const { address } = line.peer;
    const { hostname, timestamp } = message;
    const device = devices.get(address) ?? {
      address,
      ...(hostname === undefined ? {} : { hostname }),
      skews: [],
    };
    devices.set(address, device);
    if (timestamp?.epochMs !== undefined && timestamp.quality === 'device')
      device.skews.push(timestamp.epochMs - line.receivedAtMs);
  }
  const clocks = [...devices.values()].map(({ skews, ...device }): DeviceClock => {
    const zone =
      config.senders.find(({ address }) => canonicalIp(address) === device.address)?.zone ?? config.zone;
    const known = { ...device, utcOffset: offsetText(offsetMinutes(lines[0]!.receivedAtMs, zone)) };
    return skews.length === 0 ? known : { ...known, skewMs: median(skews), samples: skews.length };
  });
  return { clocks, type: logins * 2 > attempts ? 'login_attack' : 'port_scan' };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Minutes as `+01:00`. */
function offsetText(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

/** What is known about a source: answers that are kept, and with `ask` new ones. Nobody is asked without it. */
export async function lookupsOf(
  source: string,
  lookups: readonly Lookup[],
  store: Pick<Store, 'cached' | 'cache'>,
  ask: boolean,
): Promise<ReportLookup[]> {
  const silent = lookups.map((lookup) => ({
    ...lookup,
    lookUp: () => Promise.reject(new Error('not asked')),
  }));
  const cache = ask
    ? store
    : { cached: (key: string, nowMs: number) => store.cached(key, nowMs), cache: () => {} };
  const results = await new Lookups({ lookups: ask ? lookups : silent, cache }).gather(source);
  return results.filter(({ failed }) => !failed || ask);
}

/** What has to be hidden from strangers: our networks, and whatever of ours the incident names. */
export function maskOf(
  { ownNetworks, hostName }: Config,
  { targets, observers }: Incident,
): NonNullable<ReportInput['mask']> {
  const addresses = [...targets.map(({ ip }) => ip), ...observers.map(({ address }) => address)];
  return {
    networks: [...ownNetworks, ...new Set(addresses.filter((address) => canonicalIp(address) !== undefined))],
    names: [
      hostName,
      ...observers.map(({ address }) => address).filter((address) => canonicalIp(address) === undefined),
    ],
  };
}
