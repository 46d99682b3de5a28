import type { AttemptKind, Severity } from '../types.ts';
import { SEVERITIES, severityRank } from './severity.ts';

/** What a digest says about one incident. */
export interface Held {
  readonly incidentId: string;
  readonly ruleId: string;
  readonly severity: Severity;
  /** `198.51.100.7 tried imap on 3 watched hosts in 9 s`, safe to print. */
  readonly headline: string;
  readonly sources: readonly string[];
  readonly ports: readonly number[];
  readonly kinds?: readonly AttemptKind[];
  /** Packets or attempts, by the devices' own counts. */
  readonly hits: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** The content of a digest: exact counts, and the incidents with the gravest first. */
export interface TallyReport {
  readonly held: readonly Held[];
  /** Alerts beyond the bound: in the hits and the time span, but neither listed nor told apart. */
  readonly unlisted: number;
  /** Incidents of those alerts that are remembered by their id, so that they can be forgotten elsewhere once they were told. */
  readonly unlistedIds: readonly string[];
  readonly hits: number;
  readonly sources: number;
  readonly ports: number;
  readonly bySeverity: ReadonlyMap<Severity, number>;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** Incidents told apart; about 10 MB when all of them are held. */
const MAX_HELD = 20_000;
/** Of more, so many are remembered by their id; about 10 MB. */
const MAX_UNLISTED_IDS = 100_000;

/** Alerts beyond the bound. */
interface Unlisted {
  readonly alerts: number;
  readonly hits: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Severity rank. */
  readonly gravest: number;
}

/** Counts alerts that wait for a digest. Nothing is discarded: beyond the bound, alerts are still counted. */
export class Tally {
  readonly #held = new Map<string, Held>();
  readonly #bySeverity = new Map<Severity, number>();
  readonly #max: number;
  #unlisted: Unlisted | undefined;
  #unlistedIds = new Set<string>();

  constructor(max = MAX_HELD) {
    this.#max = max;
  }

  get empty(): boolean {
    return this.#held.size === 0 && this.#unlisted === undefined;
  }

  /** Rank of the gravest severity that waits, -1 when nothing does. */
  get gravest(): number {
    const listed = SEVERITIES.findLast((severity) => (this.#bySeverity.get(severity) ?? 0) > 0);
    return Math.max(listed === undefined ? -1 : severityRank(listed), this.#unlisted?.gravest ?? -1);
  }

  /** Says whether a later report names it. */
  add(held: Held): boolean {
    if (this.#held.has(held.incidentId) || this.#held.size < this.#max) {
      this.release(held.incidentId);
      this.#held.set(held.incidentId, held);
      this.#count(held.severity, 1);
      return true;
    }
    const { hits, firstSeenMs, lastSeenMs, severity } = held;
    this.#leave({ alerts: 1, hits, firstSeenMs, lastSeenMs, gravest: severityRank(severity) });
    if (this.#unlistedIds.size < MAX_UNLISTED_IDS) this.#unlistedIds.add(held.incidentId);
    return this.#unlistedIds.has(held.incidentId);
  }

  /** Brings an incident that is told apart up to date; says whether it is. */
  refresh(held: Held): boolean {
    return this.#held.has(held.incidentId) && this.add(held);
  }

  /** Takes an incident out again; says whether it was there. */
  release(incidentId: string): boolean {
    const held = this.#held.get(incidentId);
    if (held === undefined) return false;
    this.#held.delete(incidentId);
    this.#count(held.severity, -1);
    return true;
  }

  /** Everything so far; the tally is empty afterwards. */
  take(): TallyReport {
    const held = [...this.#held.values()].sort(
      (a, b) =>
        severityRank(b.severity) - severityRank(a.severity) ||
        b.hits - a.hits ||
        a.firstSeenMs - b.firstSeenMs,
    );
    const unlisted = this.#unlisted;
    const unlistedIds = [...this.#unlistedIds];
    const bySeverity = new Map(this.#bySeverity);
    this.#held.clear();
    this.#bySeverity.clear();
    this.#unlisted = undefined;
    this.#unlistedIds.clear();
    return {
      held,
      unlisted: unlisted?.alerts ?? 0,
      unlistedIds,
      hits: held.reduce((sum, { hits }) => sum + hits, unlisted?.hits ?? 0),
      sources: new Set(held.flatMap(({ sources }) => sources)).size,
      ports: new Set(held.flatMap(({ ports }) => ports)).size,
      bySeverity,
      firstSeenMs: held.reduce(
        (min, h) => Math.min(min, h.firstSeenMs),
        unlisted?.firstSeenMs ?? Number.POSITIVE_INFINITY,
      ),
      lastSeenMs: held.reduce(
        (max, h) => Math.max(max, h.lastSeenMs),
        unlisted?.lastSeenMs ?? Number.NEGATIVE_INFINITY,
      ),
    };
  }

  /** Adds what `take` gave; an incident that was added since stays as it is. */
  putBack(report: TallyReport): void {
    for (const held of report.held) if (!this.#held.has(held.incidentId)) this.add(held);
    if (report.unlisted === 0) return;
    for (const id of report.unlistedIds) this.#unlistedIds.add(id);
    const hits = report.hits - report.held.reduce((sum, held) => sum + held.hits, 0);
    this.#leave({ ...report, alerts: report.unlisted, hits, gravest: 0 });
  }

  #leave(more: Unlisted): void {
    const so = this.#unlisted ?? { ...more, alerts: 0, hits: 0 };
    this.#unlisted = {
      alerts: so.alerts + more.alerts,
      hits: so.hits + more.hits,
      firstSeenMs: Math.min(so.firstSeenMs, more.firstSeenMs),
      lastSeenMs: Math.max(so.lastSeenMs, more.lastSeenMs),
      gravest: Math.max(so.gravest, more.gravest),
    };
  }

  #count(severity: Severity, by: number): void {
    this.#bySeverity.set(severity, (this.#bySeverity.get(severity) ?? 0) + by);
  }
}
