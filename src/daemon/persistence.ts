import type { Config } from '../config/config.ts';
import type { SentMail } from '../notify/budget.ts';
import type { Outbox } from '../notify/outbox.ts';
import type { Pipeline } from '../pipeline.ts';
import type { StoreStatus } from '../status.ts';
import { EvidenceArchive } from '../store/archive.ts';
import { MemoryStore } from '../store/memory.ts';
import { ARCHIVE_HEAD, TAIL } from '../store/notes.ts';
import { openStore } from '../store/open-store.ts';
import { archiveDirectory, storePath } from '../store/places.ts';
import { ResilientStore } from '../store/resilient.ts';
import type { DeliveryRecord, Store, StoredHit, StoreEvent } from '../store/store.ts';
import { StoreOutbox } from '../store/store-outbox.ts';
import type { Telemetry } from '../telemetry.ts';
import type { ClosedIncident, Delivery, Frame, Hit, Incident, LineKeeper } from '../types.ts';
import { sentMails } from './sent-mails.ts';
import { type Owed, type Told, ToldNotes } from './told-notes.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Hits beyond the windows go once a minute. */
const EXPIRE_MS = 60_000;
/** Incidents that open faster than this share a commit: at most the store's own 250 ms later. */
const COMMIT_SPACING_MS = 10;
const MAX_RESUMED = 1_000_000;
/** Of more that have closed lately some open again, and close; their alerts are known and not sent. */
const MAX_CLOSED = 10_000;
/** Incidents with their lines that are in memory at once where only a little of each is wanted. */
const PAGE = 1_000;

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
  /** What people were told, and are still to be told. */
  readonly told: ToldNotes;
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
    this.told = new ToldNotes(store);
  }

  /**
   * Opens store and archive in the state directory as the configuration says. A disk that does not let us is reported, and
   * memory is used. Rejects with StoreLocked when another process works there.
   */
  static async open(config: Config, telemetry: Telemetry): Promise<Persistence> {
    const onEvent = (event: StoreEvent) => telemetry.stored(event);
    const { store, missing } = config.store.enabled
      ? await openStore(storePath(config.stateDir), onEvent)
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

  /** Keeps how far a tailed file has been read, in one transaction with its hits; undefined where nothing is kept. */
  tailNote(path: string): { read(): string | undefined; write(text: string): void } | undefined {
    if (this.#store instanceof MemoryStore) return undefined;
    return {
      read: () => this.#store.meta(TAIL + path),
      write: (text) => this.#store.setMeta(TAIL + path, text),
    };
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
    if (transition !== 'opened') this.told.owe(incident.id, transition);
    else if (Math.abs(nowMs - this.#committedMs) >= COMMIT_SPACING_MS) {
      this.#committedMs = nowMs;
      this.#store.flush();
    }
  }

  /** About once a second: incidents as they are now, hits no window needs any more, and what is too old. */
  turn(changed: readonly Incident[], windowMs: number, nowMs: number): void {
    for (const incident of changed) this.#store.saveIncident(incident);
    this.#noteHead();
    // The clock may be set back.
    if (Math.abs(nowMs - this.#expiredMs) >= EXPIRE_MS) {
      this.#expiredMs = nowMs;
      this.#store.expireHits(nowMs - windowMs);
    }
    if (Math.abs(nowMs - this.#retainedMs) < HOUR_MS) return;
    this.#retainedMs = nowMs;
    this.#retain(nowMs);
  }

  /**
   * Goes on where the last run ended: incidents and windows (hits of the last `windowMs`) into the pipeline, their lines into
   * `lines`. Returns what people are still owed; incidents of rules that are gone are closed and among it.
   */
  resume(pipeline: Pick<Pipeline, 'resume'>, lines: LineKeeper, windowMs: number, nowMs: number): Owed[] {
    const open = this.#store.incidents({ states: ['open', 'growing', 'quiet'], limit: MAX_RESUMED });
    const hits = this.#store.hits(nowMs - windowMs).map((stored) => withLine(stored, lines));
    // Read before the pipeline goes on: what it says while it catches up is told as it is said.
    const owed = this.told.owed();
    const closed = this.#closedSince(nowMs - windowMs);
    const orphans = pipeline.resume(open, hits, closed).map((incident): Owed => {
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

  /** What counts against the mail budget of this run; see `sentMails`. */
  sent(sinceMs: number, nowMs: number): SentMail[] {
    return sentMails(this.#store, sinceMs, nowMs);
  }

  /** The incidents that were seen last, in order of opening: for whoever shows them. */
  recent(limit: number): Incident[] {
    return this.#store.incidents({ limit }).sort((a, b) => a.openedAtMs - b.openedAtMs);
  }

  /** The last deliveries, oldest first. */
  recentDeliveries(limit: number): DeliveryRecord[] {
    return this.#store.deliveries(undefined, limit).reverse();
  }

  /** Writes everything and ends. */
  async close(): Promise<void> {
    try {
      await this.#archive?.close();
      this.#noteHead();
    } finally {
      this.#store.close();
    }
  }

  /** Incidents that are over and whose last hit may still be among the hits of a window. */
  #closedSince(sinceMs: number): ClosedIncident[] {
    const closed: ClosedIncident[] = [];
    for (let offset = 0, more = true; more; offset += PAGE) {
      const page = this.#store.incidents({ states: ['closed'], sinceMs, limit: PAGE, offset });
      closed.push(...page.map(({ identifier, lastSeenMs }) => ({ identifier, lastSeenMs })));
      more = page.length === PAGE && closed.length < MAX_CLOSED;
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

/** A hit of an earlier run whose line can be found in this one. */
function withLine({ hit, line }: StoredHit, lines: LineKeeper): Hit {
  if (line === undefined) return hit;
  const kept = lines.keep({ ...line, transport: hit.attempt.observer.via ?? 'file' });
  return { ...hit, attempt: { ...hit.attempt, line: kept } };
}
