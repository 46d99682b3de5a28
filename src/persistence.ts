import type { Config } from './config.ts';
import type { LedgerRecord } from './notify/ledger.ts';
import type { Outbox } from './notify/outbox.ts';
import type { Held } from './notify/tally.ts';
import type { Pipeline } from './pipeline.ts';
import type { StoreStatus } from './status.ts';
import { EvidenceArchive } from './store/archive.ts';
import { MemoryStore } from './store/memory.ts';
import { archiveDirectory, storePath } from './store/places.ts';
import { ResilientStore } from './store/resilient.ts';
import { loadSqlite } from './store/sqlite-driver.ts';
import type { Store, StoredHit, StoreEvent } from './store/store.ts';
import { StoreOutbox } from './store/store-outbox.ts';
import type { Telemetry } from './telemetry.ts';
import type { ClosedIncident, Delivery, Frame, Hit, Incident, LineKeeper } from './types.ts';

/** What happened to an incident, and what people may have to be told. */
export type Told = 'settled' | 'escalated' | 'closed';

/** Something people were not told of yet when the last run ended. */
export interface Owed {
  readonly incident: Incident;
  readonly transition: Told;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Hits beyond the windows go once a minute. */
const EXPIRE_MS = 60_000;
/** Incidents that open faster than this share a commit: at most the store's own 250 ms later. */
const COMMIT_SPACING_MS = 10;
const MAX_RESUMED = 1_000_000;
/** Incidents with their lines that are in memory at once where only a little of each is wanted. */
const PAGE = 1_000;

const LEDGER = 'ledger/';
const OWED = 'owed/';
const HELD = 'held/';
const ARCHIVE_HEAD = 'archive.head';

/**
 * Everything the daemon does not forget: hits, incidents, alerts, what people were told, the archive. It knows which of it is
 * batched and which is on disk at once; the stores know how.
 */
export class Persistence {
  readonly #config: Config;
  readonly #telemetry: Telemetry;
  readonly #store: Store;
  readonly #archive: EvidenceArchive | undefined;
  readonly #outbox: Outbox;
  #committedMs = 0;
  #expiredMs = 0;
  #retainedMs = 0;
  #headSeq = 0;
  /** Why there is no disk, when the configuration wanted one. */
  readonly #missing: string | undefined;

  private constructor(
    config: Config,
    telemetry: Telemetry,
    store: Store,
    archive?: EvidenceArchive,
    missing?: string,
  ) {
    this.#config = config;
    this.#telemetry = telemetry;
    this.#store = store;
    this.#archive = archive;
    this.#missing = missing;
    this.#outbox = new StoreOutbox(store);
  }

  /**
   * Opens store and archive in the state directory as the configuration says. A disk that does not let us is reported, and
   * memory is used. Rejects with StoreLocked when another process works there.
   */
  static async open(config: Config, telemetry: Telemetry): Promise<Persistence> {
    const onEvent = (event: StoreEvent) => telemetry.stored(event);
    const { store, missing } = config.store.enabled
      ? await openStore(config, onEvent)
      : { store: new MemoryStore({ onEvent }) };
    const archive = config.archive.enabled
      ? await EvidenceArchive.open({ directory: archiveDirectory(config.stateDir), onEvent })
      : undefined;
    return new Persistence(config, telemetry, store, archive, missing);
  }

  /** Nothing on disk: for short runs and tests. */
  static inMemory(config: Config, telemetry: Telemetry): Persistence {
    return new Persistence(
      config,
      telemetry,
      new MemoryStore({ onEvent: (event) => telemetry.stored(event) }),
    );
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Where look-ups keep their answers. */
  get cache(): Pick<Store, 'cached' | 'cache'> {
    return this.#store;
  }

  /** Where things are kept at this moment; `because` when it is not where they should be. */
  status(): StoreStatus {
    if (!(this.#store instanceof ResilientStore))
      return { mode: 'memory', ...(this.#missing === undefined ? {} : { because: this.#missing }) };
    const because = this.#store.failing;
    return because === undefined ? { mode: 'disk' } : { mode: 'memory', because };
  }

  /** Why lines are not archived at the moment; undefined when they are, or shall not be. */
  get archiveFailing(): string | undefined {
    return this.#archive?.counters.failing;
  }

  /** Archive records on disk, and frames it had to give up. */
  get archived(): { readonly written: number; readonly dropped: number } {
    return this.#archive?.counters ?? { written: 0, dropped: 0 };
  }

  /** What people were told before this run. */
  get records(): LedgerRecord[] {
    return parsed(this.#store.metaEntries(LEDGER));
  }

  /** Remembers what people were told about an incident; undefined: it is closed. */
  onRecord(incidentId: string, record: LedgerRecord | undefined): void {
    this.#store.setMeta(LEDGER + incidentId, record === undefined ? undefined : JSON.stringify(record));
  }

  /** What waited for a digest when the last run ended. */
  get held(): { readonly channel: string; readonly held: Held }[] {
    return parsed(this.#store.metaEntries(HELD));
  }

  /** Something waits for a channel's digest, or (`undefined`) does not any more. */
  onHeld(channel: string, incidentId: string, held: Held | undefined): void {
    const value = held === undefined ? undefined : JSON.stringify({ channel, held });
    this.#store.setMeta(`${HELD}${channel}/${incidentId}`, value);
  }

  onDelivery(delivery: Delivery, nowMs: number): void {
    this.#store.recordDelivery(delivery, nowMs);
  }

  /** Keeps hits for the windows of the next run, and their line for good. Batched. */
  keep(frame: Frame, hits: readonly Hit[]): void {
    if (hits.length === 0) return;
    this.#archive?.append(frame);
    if (this.#store instanceof MemoryStore) return;
    const { receivedAtMs, peer } = frame;
    // The receiver writes over its buffer.
    const line = { bytes: Buffer.from(frame.bytes), receivedAtMs, peer };
    for (const hit of hits) this.#store.appendHit(hit, line);
  }

  /** An incident moved. A new one is committed with the hits that led to it; of the rest is remembered what people are owed. */
  moved(incident: Incident, transition: 'opened' | Told, nowMs: number): void {
    this.#store.saveIncident(incident);
    if (transition !== 'opened') this.#store.setMeta(OWED + incident.id, transition);
    else if (Math.abs(nowMs - this.#committedMs) >= COMMIT_SPACING_MS) {
      this.#committedMs = nowMs;
      this.#store.flush();
    }
  }

  /** People were told, or it was decided not to. */
  settled(incidentId: string, transition: Told): void {
    if (this.#store.meta(OWED + incidentId) === transition) this.#store.setMeta(OWED + incidentId, undefined);
  }

  /** About once a second: incidents as they are now, hits no window needs any more, and what is too old. */
  turn(changed: readonly Incident[], windowMs: number, nowMs: number): void {
    for (const incident of changed) this.#store.saveIncident(incident);
    this.#noteHead();
    if (nowMs - this.#expiredMs >= EXPIRE_MS) {
      this.#expiredMs = nowMs;
      this.#store.expireHits(nowMs - windowMs);
    }
    if (nowMs - this.#retainedMs < HOUR_MS) return;
    this.#retainedMs = nowMs;
    this.#retain(nowMs);
  }

  /**
   * Goes on where the last run ended: open incidents and windows (hits of the last `windowMs`) into the pipeline, their lines
   * into `lines`. Returns what people are still owed; incidents of rules that are gone are closed and among it.
   */
  resume(pipeline: Pick<Pipeline, 'resume'>, lines: LineKeeper, windowMs: number, nowMs: number): Owed[] {
    const open = this.#store.incidents({ states: ['open', 'growing', 'quiet'], limit: MAX_RESUMED });
    const hits = this.#store.hits(nowMs - windowMs).map((stored) => withLine(stored, lines));
    // Read before the pipeline goes on: what it says while it catches up is told as it is said.
    const owed = [...this.#store.metaEntries(OWED)].flatMap(([key, transition]): Owed[] => {
      const incident = this.#store.incident(key.slice(OWED.length));
      return incident === undefined ? [] : [{ incident, transition: transition as Told }];
    });
    const orphans = pipeline.resume(open, hits, this.#closedSince(nowMs - windowMs)).map((incident): Owed => {
      const { resume: _gone, ...rest } = incident;
      return { incident: { ...rest, state: 'closed' }, transition: 'closed' };
    });
    for (const { incident, transition } of orphans) this.moved(incident, transition, nowMs);
    if (open.length + hits.length > 0)
      this.#telemetry.log.info(
        { incidents: open.length, hits: hits.length, owed: owed.length },
        'going on where the last run ended',
      );
    const orphaned = new Set(orphans.map(({ incident }) => incident.id));
    return [...owed.filter(({ incident }) => !orphaned.has(incident.id)), ...orphans];
  }

  /** The newest incidents, oldest first: for whoever shows them. */
  recent(limit: number): Incident[] {
    return this.#store.incidents({ limit }).reverse();
  }

  /** Writes everything and ends. */
  async close(): Promise<void> {
    await this.#archive?.close();
    this.#noteHead();
    this.#store.close();
  }

  /** Incidents that are over and whose last hit may still be among the hits of a window. */
  #closedSince(sinceMs: number): ClosedIncident[] {
    const closed: ClosedIncident[] = [];
    for (let offset = 0, more = true; more; offset += PAGE) {
      const page = this.#store.incidents({ states: ['closed'], sinceMs, limit: PAGE, offset });
      closed.push(...page.map(({ identifier, lastSeenMs }) => ({ identifier, lastSeenMs })));
      more = page.length === PAGE && closed.length < MAX_RESUMED;
    }
    return closed;
  }

  #noteHead(): void {
    const head = this.#archive?.head;
    if (head === undefined || head.seq === this.#headSeq) return;
    this.#headSeq = head.seq;
    this.#store.setMeta(ARCHIVE_HEAD, JSON.stringify(head));
  }

  #retain(nowMs: number): void {
    const { store, archive } = this.#config;
    const policy = {
      maxAgeMs: store.maxDays * DAY_MS,
      maxIncidents: store.maxIncidents,
      maxBytes: store.maxBytes,
    };
    this.#store.retention(policy, nowMs);
    this.#archive?.retention(archive.maxDays * DAY_MS, archive.maxBytes).catch((error: Error) =>
      this.#telemetry.stored({
        kind: 'archive-failing',
        because: `old files can not be removed: ${error.message}`,
      }),
    );
  }
}

async function openStore(
  { stateDir }: Config,
  onEvent: (event: StoreEvent) => void,
): Promise<{ readonly store: Store; readonly missing?: string }> {
  try {
    const open = await loadSqlite();
    return { store: new ResilientStore({ path: storePath(stateDir), open, onEvent }) };
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    onEvent({ kind: 'store-degraded', because: `${error.message}; nothing survives a restart` });
    return { store: new MemoryStore({ onEvent }), missing: error.message };
  }
}

/** A hit of an earlier run whose line can be found in this one. */
function withLine({ hit, line }: StoredHit, lines: LineKeeper): Hit {
  if (line === undefined) return hit;
  const kept = lines.keep({ ...line, transport: hit.attempt.observer.via ?? 'file' });
  return { ...hit, attempt: { ...hit.attempt, line: kept } };
}

/** Values that are JSON; others are left out. */
function parsed<T>(entries: ReadonlyMap<string, string>): T[] {
  return [...entries.values()].flatMap((text) => {
    try {
      return [JSON.parse(text) as T];
    } catch {
      return [];
    }
  });
}
