import type { Pipeline } from '../pipeline.ts';
import type { AppStatus, SharedStatus } from '../status.ts';
import type { Telemetry } from '../telemetry.ts';
import type { DaemonPageSource } from './page-source.ts';
import type { Persistence } from './persistence.ts';
import type { SenderHealth } from './sender-health.ts';

/** Where the values of gauges come from. */
export interface GaugeSources {
  readonly pipeline: Pick<Pipeline, 'stats'>;
  readonly senders: SenderHealth;
  readonly page: DaemonPageSource;
  readonly persistence: Persistence;
  /** Undefined unless the state is shared. */
  readonly shared: () => SharedStatus | undefined;
  readonly listeners: () => AppStatus['listeners'];
  readonly livePages: () => number;
  readonly startedAtMs: () => number | undefined;
}

/** Everything that is measured at the moment it is asked for. */
export function exposeGauges(telemetry: Telemetry, sources: GaugeSources): void {
  const { pipeline, senders, page, persistence, shared, listeners, livePages, startedAtMs } = sources;
  telemetry.gauge('windows_keys', 'Keys with hits in a window.', () => pipeline.stats().keys);
  telemetry.gauge('open_incidents', 'Incidents open now.', () => pipeline.stats().openIncidents);
  telemetry.gauge(
    'evicted_keys',
    'Keys given up early because a bound was reached.',
    () => pipeline.stats().evictedKeys,
  );
  telemetry.gauge('senders', 'Senders that were heard of.', () => senders.size);
  telemetry.gauges('senders_in_alarm', 'Senders that are quiet or not understood.', ['state'], () => {
    const { quiet, unparsed } = senders.summary();
    return [
      [{ state: 'quiet' }, quiet],
      [{ state: 'unparsed' }, unparsed],
    ];
  });
  telemetry.gauges('sender_silence_seconds', 'How long an expected sender has been silent.', ['sender'], () =>
    [...senders.silences(Date.now())].map(([sender, ms]) => [{ sender }, ms / 1_000] as const),
  );
  telemetry.gauges(
    'receive_drops',
    'What a listener did not take, or the kernel not keep for it, since the start.',
    ['listener', 'reason'],
    () =>
      listeners().flatMap(({ name, drops }) =>
        Object.entries(drops).map(([reason, count]) => [{ listener: name, reason }, count] as const),
      ),
  );
  telemetry.gauge(
    'outbox_alerts',
    'Alerts accepted and not yet delivered.',
    () => page.overview().outbox.waiting,
  );
  telemetry.gauge(
    'dead_letters',
    'Alerts that could not be delivered and were given up.',
    () => page.overview().outbox.dead,
  );
  telemetry.gauge(
    'store_on_disk',
    '1 while incidents and alerts are kept on disk, 0 while in memory only.',
    () => (persistence.status().mode === 'disk' ? 1 : 0),
  );
  telemetry.gauge('archive_records', 'Lines archived since the start.', () => persistence.archived.written);
  telemetry.gauge(
    'archive_dropped',
    'Lines the archive had to give up since the start.',
    () => persistence.archived.dropped,
  );
  exposeShared(telemetry, shared);
  telemetry.gauge('live_pages', 'Pages that are open.', livePages);
  telemetry.gauge('uptime_seconds', 'Since the daemon began to listen.', () => {
    const since = startedAtMs();
    return since === undefined ? 0 : (Date.now() - since) / 1_000;
  });
  telemetry.gauge('resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
}

/** Without a shared state none of them has a value: 0 would be an alarm. */
function exposeShared(telemetry: Telemetry, shared: GaugeSources['shared']): void {
  const gauge = (name: string, help: string, of: (status: SharedStatus) => number | undefined) =>
    telemetry.gauges(name, help, ['redis'], () => {
      const status = shared();
      const value = status === undefined ? undefined : of(status);
      return status === undefined || value === undefined ? [] : [[{ redis: status.place }, value]];
    });
  gauge('redis_up', '1 while the shared state can be used, 0 while hits are kept here.', ({ away }) =>
    away === undefined ? 1 : 0,
  );
  gauge('shared_nodes', 'Nodes that are alive, as this one sees it.', ({ nodes }) => nodes);
  gauge('shared_partitions', 'Partitions this node judges.', ({ partitions }) => partitions);
  gauge('spooled_hits', 'Hits Redis has not taken yet.', ({ spooled }) => spooled);
  gauge('judged_delay_seconds', 'How far what is judged lies behind now.', ({ judgedUpToMs }) =>
    judgedUpToMs === undefined ? undefined : Math.max(0, Date.now() - judgedUpToMs) / 1_000,
  );
}
