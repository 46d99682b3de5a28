import type { Decision, Incident, NotifyReason } from '../types.ts';
import type { History, Mark } from './reason.ts';
import { severityRank } from './severity.ts';
import type { Held } from './tally.ts';

/** What people were told about one open incident; plain data, so that a store can keep it over a restart. */
export interface LedgerRecord {
  readonly incidentId: string;
  readonly source?: string;
  /** As a digest would tell it. */
  readonly held: Held;
  readonly last?: Mark;
  readonly previous?: NotifyReason;
  /** Channels that were told, by mail or in a digest; all of them where an earlier release wrote this. */
  readonly channels?: readonly string[];
  /** Id of the incident's first alert. */
  readonly threadId?: string;
}

/** Records kept whole; of the others only the last decision, of those that were not mailed about first. */
const MAX_RECORDS = 20_000;
/** As many incidents as can be open at once by default; beyond it one may be told of once more when it closes. */
const MAX_FADED = 100_000;
/** Records looked at for one that was not mailed about. */
const MAX_LOOKED = 64;
/** Closed incidents whose last alert may still be on its way. */
const MAX_CLOSED = 2_000;

/** An alert that goes out, and the channels that hear of it. */
export interface NotedAlert {
  readonly id: string;
  readonly channels: readonly string[];
}

/** Remembers what was decided and mailed about open incidents. */
export class Ledger {
  readonly #records = new Map<string, LedgerRecord>();
  readonly #bySource = new Map<string, Set<string>>();
  readonly #closed = new Map<string, Held>();
  /** The last decision on incidents whose record had to go. */
  readonly #faded = new Map<string, NotifyReason>();

  constructor(records: Iterable<LedgerRecord> = []) {
    for (const record of records) this.put(record);
  }

  get(incidentId: string): LedgerRecord | undefined {
    return this.#records.get(incidentId);
  }

  put(record: LedgerRecord): void {
    this.forget(record.incidentId);
    this.#faded.delete(record.incidentId);
    this.#records.set(record.incidentId, record);
    if (record.source !== undefined) {
      const ids = this.#bySource.get(record.source) ?? new Set();
      this.#bySource.set(record.source, ids.add(record.incidentId));
    }
    if (this.#records.size > MAX_RECORDS) this.#fade();
  }

  forget(incidentId: string): void {
    const record = this.#records.get(incidentId);
    if (record === undefined) return;
    this.#records.delete(incidentId);
    if (record.source === undefined) return;
    const ids = this.#bySource.get(record.source);
    ids?.delete(incidentId);
    if (ids?.size === 0) this.#bySource.delete(record.source);
  }

  /** Forgets a closed incident but for what a digest would say about it. */
  close(incidentId: string): void {
    const record = this.#records.get(incidentId);
    this.#faded.delete(incidentId);
    if (record === undefined) return;
    this.forget(incidentId);
    this.#closed.set(incidentId, record.held);
    if (this.#closed.size > MAX_CLOSED) this.#closed.delete(this.#closed.keys().next().value!);
  }

  /** What a digest would say about an incident, open or lately closed. */
  held(incidentId: string): Held | undefined {
    return this.#records.get(incidentId)?.held ?? this.#closed.get(incidentId);
  }

  /**
   * What a decision about this incident has to know, for the channels that would be told. What only others were told of the same
   * source is not among it.
   */
  history(incident: Incident, channels: readonly string[]): History {
    const record = this.#records.get(incident.id);
    const previous = record === undefined ? this.#faded.get(incident.id) : record.previous;
    const source = onlySource(incident);
    const others = [...(source === undefined ? [] : (this.#bySource.get(source) ?? []))]
      .filter((id) => id !== incident.id)
      .map((id) => this.#records.get(id)!)
      .filter(({ last, channels: told = channels }) => {
        return last !== undefined && channels.every((channel) => told.includes(channel));
      })
      .sort((a, b) => severityRank(b.last!.severity) - severityRank(a.last!.severity));
    const other = others[0];
    return {
      ...(record?.last === undefined ? {} : { last: record.last }),
      ...(previous === undefined ? {} : { previous }),
      ...(other === undefined
        ? {}
        : {
            other: {
              incidentId: other.incidentId,
              ruleId: other.held.ruleId,
              severity: other.last!.severity,
            },
          }),
    };
  }

  /** Writes down a decision, with the alert when one goes out. */
  note(
    incident: Incident,
    decision: Decision,
    held: Held,
    alert: NotedAlert | undefined,
    nowMs: number,
  ): void {
    const before = this.#records.get(incident.id);
    const source = onlySource(incident);
    const previous = decision.reason === 'settling' ? before?.previous : decision.reason;
    const last = alert === undefined ? before?.last : markOf(incident, nowMs);
    const threadId = before?.threadId ?? alert?.id;
    const channels = [...new Set([...(before?.channels ?? []), ...(alert?.channels ?? [])])];
    this.put({
      incidentId: incident.id,
      held,
      ...(source === undefined ? {} : { source }),
      ...(last === undefined ? {} : { last }),
      ...(previous === undefined ? {} : { previous }),
      ...(threadId === undefined ? {} : { threadId }),
      ...(last === undefined ? {} : { channels }),
    });
  }

  /** Reduces one record to its last decision: the oldest that was not mailed about, else the oldest. */
  #fade(): void {
    let looked = 0;
    let victim: LedgerRecord | undefined;
    for (const record of this.#records.values()) {
      victim ??= record;
      if (record.last === undefined) victim = record;
      if (record.last === undefined || ++looked === MAX_LOOKED) break;
    }
    if (victim === undefined) return;
    this.forget(victim.incidentId);
    if (victim.previous !== undefined) this.#faded.set(victim.incidentId, victim.previous);
    if (this.#faded.size > MAX_FADED) this.#faded.delete(this.#faded.keys().next().value!);
  }
}

/** The source of an incident that has exactly one. */
export function onlySource({ sources }: Incident): string | undefined {
  return sources.length === 1 ? sources[0] : undefined;
}

function markOf(incident: Incident, atMs: number): Mark {
  return {
    atMs,
    severity: incident.severity,
    count: incident.count,
    targets: incident.targets.length,
    sources: incident.sources.length,
  };
}
