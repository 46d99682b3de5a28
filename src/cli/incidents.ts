import { type Command, InvalidArgumentError, Option } from 'commander';
import { incidentToEcs } from '../lib/ecs.ts';
import { canonicalIp } from '../lib/ip.ts';
import { plural } from '../notify/words.ts';
import { channelsHolding } from '../store/notes.ts';
import type { IncidentFilter } from '../store/store.ts';
import type { Incident, IncidentState, Severity } from '../types.ts';
import { configOrFail } from './config-option.ts';
import { incidentLines, incidentTable, type Told } from './incident-text.ts';
import { CliError, EXIT_FAILURE, type Io, writeJson } from './io.ts';
import { type StoreOfVerbs, withConfiguredStore } from './open-shared-store.ts';

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];
const OPEN: readonly IncidentState[] = ['open', 'growing', 'quiet'];

interface Options {
  readonly open?: boolean;
  readonly severity?: Severity;
  readonly rule?: string;
  readonly source?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly json?: boolean;
}

/** A moment: `2026-11-23`, `2026-11-23T10:00:00Z`, or so long ago: `2d`, `12h`, `30m`. */
function moment(text: string): number {
  const ago = /^(\d{1,5})([mhd])$/.exec(text);
  if (ago !== null)
    return Date.now() - Number(ago[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 'm'];
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('write 2026-11-23, 2026-11-23T10:00:00Z, or how long ago: 12h, 2d.');
  return ms;
}

function address(text: string): string {
  const ip = canonicalIp(text);
  if (ip === undefined) throw new InvalidArgumentError('not an address.');
  return ip;
}

function atMost(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('write a number from 1.');
  return Number(text);
}

function filterOf({ open, severity, rule, source, since, until, limit }: Options): IncidentFilter {
  return {
    limit,
    ...(open ? { states: OPEN } : {}),
    ...(severity === undefined ? {} : { severities: SEVERITIES.slice(SEVERITIES.indexOf(severity)) }),
    ...(rule === undefined ? {} : { ruleId: rule }),
    ...(source === undefined ? {} : { source }),
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
  };
}

/** Who was told of an incident, who is being told, and whose digest will tell of it. */
function toldOf(store: StoreOfVerbs, { id }: Incident): Told {
  const about = (alertId: string) => alertId.startsWith(`${id}.`);
  return {
    deliveries: store
      .deliveries(undefined, 10_000)
      .filter(({ alertId }) => about(alertId))
      .reverse(),
    waiting: store.outbox().filter(({ alert }) => about(alert.id)),
    inDigest: channelsHolding(store, id),
  };
}

/** `knockwatch incidents`: what there was and is, from the store; works beside the daemon and without one. */
export function registerIncidents(program: Command, io: Io): void {
  program
    .command('incidents')
    .description('list incidents, newest first, or show one with its lines and who was told')
    .argument('[id]', 'show this incident')
    .option('--open', 'only those that are not closed')
    .addOption(new Option('--severity <least>', 'only those at least so severe').choices(SEVERITIES))
    .option('--rule <id>', 'only those of a rule')
    .option('--source <address>', 'only those with this source', address)
    .option('--since <when>', 'last seen at or after: 2026-11-23, or how long ago: 12h, 2d', moment)
    .option('--until <when>', 'first seen before', moment)
    .option('--limit <n>', 'at most so many', atMost, 100)
    .option('--json', 'one JSON object per incident')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch incidents --open --severity high\n  knockwatch incidents --source 198.51.100.7 --since 7d\n  knockwatch incidents 3f2a9c01b7de',
    )
    .action(async (id: string | undefined, options: Options, command: Command) => {
      const config = await configOrFail(io, command);
      await withConfiguredStore(io, config, (store) => {
        if (id === undefined) return listAll(io, store, options);
        const incident = store.incident(id);
        if (incident === undefined) throw new CliError(EXIT_FAILURE, `the store has no incident ${id}`);
        const told = toldOf(store, incident);
        if (options.json)
          writeJson(io, {
            ...incidentToEcs(incident),
            state: incident.state,
            deliveries: told.deliveries,
            inDigest: told.inDigest,
            waiting: told.waiting.map(({ alert, channel, because }) => ({
              alert: alert.id,
              channel,
              because,
            })),
            lines: incident.lines.map(({ bytes, receivedAtMs, peer }) => ({
              receivedAt: new Date(receivedAtMs).toISOString(),
              sender: peer.address,
              text: bytes.toString('utf8'),
            })),
          });
        else io.stdout.write(`${incidentLines(incident, told).join('\n')}\n`);
      });
    });
}

function listAll(io: Io, store: StoreOfVerbs, options: Options): void {
  const filter = filterOf(options);
  const incidents = store.incidents(filter);
  if (options.json) {
    for (const incident of incidents) writeJson(io, { ...incidentToEcs(incident), state: incident.state });
    return;
  }
  if (incidents.length > 0) io.stdout.write(`${incidentTable(incidents).join('\n')}\n`);
  io.stderr.write(`${incidents.length} of ${plural(store.countIncidents(filter), 'incident')}\n`);
}
