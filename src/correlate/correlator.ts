import { isDeepStrictEqual } from 'node:util';
import type { Rule } from '../rule.ts';
import type { ClosedIncident, Hit, Incident } from '../types.ts';
import type { Detector } from './detector.ts';
import { Duplicates } from './duplicates.ts';
import { type IncidentOptions, Incidents } from './incidents.ts';
import { createDetector } from './index.ts';
import { DEFAULT_BOUNDS, type WindowBounds } from './keyed-windows.ts';
import { ReorderBuffer } from './reorder-buffer.ts';

export interface CorrelatorOptions extends IncidentOptions {
  /** How far out of order hits may arrive and still be seen in order; also the least delay of a detection. */
  readonly latenessMs: number;
  readonly bounds?: WindowBounds;
  /** The stream's clock is the machine's, which people and NTP set back; else it only goes on, and what comes late is late. */
  readonly isMachineClock?: boolean;
}

/** A clock this far behind was set back; by less it is a line that was long on its way to us. */
const SET_BACK_MS = 60_000;

/** What the correlator holds and what it had to give up. */
export interface CorrelatorStats {
  readonly hits: number;
  readonly held: number;
  /** Second reports of a packet that was reported already. */
  readonly duplicates: number;
  readonly keys: number;
  readonly openIncidents: number;
  /** Keys, held hits and incidents given up early because a bound was reached. */
  readonly evictedKeys: number;
  readonly releasedEarly: number;
  readonly closedEarly: number;
}

/** A hit not judged yet, with the clock at its arrival. */
export interface HeldHit {
  readonly hit: Hit;
  readonly clockMs: number;
  /** See `Correlator.add`. */
  readonly waited?: boolean;
}

/** What another correlator needs to go on where this one is. */
export interface CorrelatorState {
  readonly clockMs: number;
  /** In order of arrival. */
  readonly held: readonly HeldHit[];
  /** In order of opening. */
  readonly incidents: readonly Incident[];
}

/** Where the pipeline's hits go: to a correlator of this process, or to one that several processes share. */
export type HitSink = Pick<
  Correlator,
  | 'reload'
  | 'rule'
  | 'resume'
  | 'takeChanged'
  | 'add'
  | 'advance'
  | 'nextDueMs'
  | 'flush'
  | 'drain'
  | 'incidents'
  | 'incidentsOf'
  | 'incident'
  | 'progress'
  | 'stats'
>;

/**
 * Hits in, incidents out. It has no clock: `add` and `advance` say how far the stream's clock has come (receipt time when
 * live, newest event time when replaying), so live, delayed and replayed logs give the same incidents.
 */
export class Correlator {
  readonly #buffer: ReorderBuffer;
  readonly #incidents: Incidents;
  #detectors: ReadonlyMap<string, readonly Detector[]> = new Map();
  readonly #bounds: WindowBounds;
  readonly #latenessMs: number;
  readonly #isMachineClock: boolean;
  readonly #duplicates = new Duplicates();
  readonly #waited = new WeakSet<Hit>();
  readonly #takeHit = (hit: Hit, arrivedMs: number) => this.#take(hit, arrivedMs);
  #clockMs = Number.NEGATIVE_INFINITY;
  #hits = 0;

  constructor(rules: readonly Rule[], options: CorrelatorOptions) {
    this.#latenessMs = options.latenessMs;
    this.#isMachineClock = options.isMachineClock ?? false;
    this.#buffer = new ReorderBuffer(options.latenessMs);
    this.#incidents = new Incidents(options);
    this.#bounds = options.bounds ?? DEFAULT_BOUNDS;
    this.reload(rules);
  }

  /**
   * Goes on with other rules. Windows live on where a rule watches and detects what it did; open incidents live on in any
   * case, those of a rule that is gone under its old name until they close.
   */
  reload(rules: readonly Rule[]): void {
    const detectors = rules.map((rule) => {
      const before = this.#incidents.rule(rule.id);
      const kept =
        before !== undefined && sameWatch(before, rule) ? (this.#detectors.get(rule.id) ?? []) : [];
      const of = (spec: Rule['detect'][number]) =>
        kept.find((detector) => isDeepStrictEqual(detector.spec, spec)) ??
        createDetector(rule.id, spec, this.#bounds);
      return [rule.id, rule.detect.map(of)] as const;
    });
    this.#detectors = new Map(detectors);
    this.#incidents.reload(rules);
  }

  /** A rule by its id: one in force, or one that is gone and still has an open incident. */
  rule(id: string): Rule | undefined {
    return this.#incidents.rule(id);
  }

  /**
   * Takes one hit; `clockMs` is the stream's clock at its arrival. One that `waited` elsewhere until its window mattered is
   * judged as if it had been here: it is no part of an incident that opened after it without it.
   */
  add(hit: Hit, clockMs: number, waited = false): void {
    this.#hits++;
    if (waited) this.#waited.add(hit);
    this.#follow(clockMs);
    this.#buffer.push(hit, clockMs);
    this.advance(clockMs);
  }

  /** The stream's clock has come to `clockMs`. Cheap when nothing is due. */
  advance(clockMs: number): void {
    this.#follow(clockMs);
    this.#buffer.release(this.#clockMs, this.#takeHit);
    this.#incidents.advance(this.#clockMs - this.#latenessMs, this.#clockMs);
  }

  /** The clock at which `advance` has a hit to judge or a first alert to tell of, if no more hits come; Infinity when never. */
  get nextDueMs(): number {
    return Math.min(this.#buffer.nextMs, this.#incidents.nextSettleMs);
  }

  /**
   * Goes on where an earlier run ended: its open incidents, and the hits of its windows, oldest first. What an incident has
   * counted is not counted again, be it open or one of the `closed`; what was reported after its last snapshot is. Returns
   * incidents whose rule is gone.
   */
  resume(
    incidents: readonly Incident[],
    hits: readonly Hit[],
    closed: readonly ClosedIncident[] = [],
  ): Incident[] {
    const orphans = this.#incidents.resume(incidents);
    const over = new Map<string, number>();
    for (const { identifier, lastSeenMs } of closed)
      over.set(identifier, Math.max(lastSeenMs, over.get(identifier) ?? lastSeenMs));
    let newestMs = this.#clockMs;
    for (const { resume } of incidents) newestMs = Math.max(newestMs, resume?.touchedMs ?? newestMs);
    for (const hit of hits) {
      this.#take(hit, hit.attempt.atMs, over);
      newestMs = Math.max(newestMs, hit.attempt.atMs);
    }
    // The clock may have been set back between the runs.
    this.#clockMs = newestMs;
    return orphans;
  }

  /** Open incidents that changed since this was asked last. */
  takeChanged(): Incident[] {
    return this.#incidents.takeChanged();
  }

  /** The stream has ended: what is held is judged, and every incident closes. */
  flush(): void {
    this.#buffer.flush(this.#takeHit);
    this.#incidents.flush();
  }

  /** The program ends while the stream goes on: what is held is judged, first alerts are not waited for, nothing closes. */
  drain(): void {
    this.#buffer.flush(this.#takeHit);
    this.#incidents.settleAll();
  }

  /** How far the clock has come, and the hits that are not judged yet. */
  pending(): Omit<CorrelatorState, 'incidents'> {
    return { clockMs: this.#clockMs, held: this.#buffer.held() };
  }

  /**
   * Goes on where another correlator was. `judged` are hits it has judged and that may still lie in a window: they fill the
   * windows again and open nothing. Only for a correlator that has seen nothing yet. Returns incidents whose rule is gone.
   */
  restore({ clockMs, held, incidents }: CorrelatorState, judged: readonly Hit[]): Incident[] {
    this.#clockMs = clockMs;
    for (const hit of judged.toSorted((a, b) => a.attempt.atMs - b.attempt.atMs)) {
      const once = this.#oncePerPacket(hit);
      for (const detector of this.#detectors.get(hit.ruleId) ?? []) detector.add(once, true);
    }
    const orphans = this.#incidents.resume(incidents);
    for (const { hit, clockMs: arrivedMs, waited } of held) {
      if (waited) this.#waited.add(hit);
      this.#buffer.push(hit, arrivedMs);
    }
    return orphans;
  }

  /** Open incidents, as values. */
  incidents(): Incident[] {
    return this.#incidents.list();
  }

  /** The open incidents a hit belongs to. */
  incidentsOf(hit: Hit): Incident[] {
    const detectors = this.#detectors.get(hit.ruleId) ?? [];
    return detectors
      .filter((detector) => detector.joins(hit))
      .flatMap((detector) => this.#incidents.find(detector.identifier(hit), detector.key(hit)) ?? []);
  }

  /** The open incident of an identifier, as a value. */
  incident(identifier: string): Incident | undefined {
    return this.#incidents.openUnder(identifier);
  }

  /** How far each detector of the hit's rule is with the hit's key. */
  progress(hit: Hit): readonly string[] {
    return (this.#detectors.get(hit.ruleId) ?? []).map(
      (detector) => `${detector.spec.kind}: ${detector.progress(hit)}`,
    );
  }

  stats(): CorrelatorStats {
    const detectors = [...this.#detectors.values()].flat();
    return {
      hits: this.#hits,
      held: this.#buffer.size,
      duplicates: this.#duplicates.count,
      keys: detectors.reduce((sum, detector) => sum + detector.stats.keys, 0),
      openIncidents: this.#incidents.openCount,
      evictedKeys: detectors.reduce((sum, detector) => sum + detector.stats.evicted, 0),
      releasedEarly: this.#buffer.forced,
      closedEarly: this.#incidents.closedEarly,
    };
  }

  #follow(clockMs: number): void {
    if (clockMs > this.#clockMs) this.#clockMs = clockMs;
    else if (this.#isMachineClock && clockMs < this.#clockMs - SET_BACK_MS) this.#setBack(clockMs);
  }

  /**
   * What waits for a time that is far off again is done now, and what lies ahead of the clock is forgotten or put at it: neither
   * do incidents end before their time nor live on until the clock has caught up. Where lines merely waited for more than a
   * minute before they came to us, nothing lies ahead of them, and nothing is lost.
   */
  #setBack(clockMs: number): void {
    this.drain();
    this.#clockMs = clockMs;
    for (const detector of [...this.#detectors.values()].flat()) detector.setBack(clockMs);
    this.#incidents.setBack(clockMs);
  }

  /** `over`, when an earlier run has seen the hit: up to when its closed incidents lasted, by identifier. */
  #take(reported: Hit, arrivedMs: number, over?: ReadonlyMap<string, number>): void {
    const hit = this.#oncePerPacket(reported);
    const nowMs = hit.attempt.atMs;
    const waited = this.#waited.has(reported);
    const touchedMs = arrivedMs - this.#latenessMs;
    // Incidents that fell silent before this hit close before it is judged.
    this.#incidents.advance(Math.min(nowMs, this.#clockMs - this.#latenessMs), nowMs);
    for (const detector of this.#detectors.get(hit.ruleId) ?? []) {
      const key = detector.key(hit);
      const detection = detector.add(hit, this.#incidents.has(detector.identifier(hit), key));
      if (waited && this.#incidents.openedAfter(detector.identifier(hit), nowMs)) continue;
      if (over !== undefined && this.#isTold(detector.identifier(hit), key, nowMs, over)) continue;
      if (detection !== undefined) this.#incidents.observe(detection, detector.spec, key, touchedMs);
      else if (detector.joins(hit))
        this.#incidents.extend(detector.identifier(hit), detector.spec, key, hit, touchedMs);
      detector.expire(nowMs);
    }
  }

  #isTold(identifier: string, key: string, atMs: number, over: ReadonlyMap<string, number>): boolean {
    if (this.#incidents.hasCounted(identifier, key, atMs)) return true;
    return atMs <= (over.get(identifier) ?? Number.NEGATIVE_INFINITY);
  }

  /** A second report of one packet counts no packet; its line and its reporter still belong to the story. */
  #oncePerPacket(hit: Hit): Hit {
    return this.#duplicates.isRepeat(hit) ? { ...hit, attempt: { ...hit.attempt, count: 0 } } : hit;
  }
}

/** Whether both watch the same, so that the windows of one are worth something to the other. */
function sameWatch(before: Rule, after: Rule): boolean {
  const watched = ({ hosts, ports, actions, kinds, patterns }: Rule) => [
    hosts,
    ports,
    actions,
    kinds,
    patterns,
  ];
  return isDeepStrictEqual(watched(before), watched(after));
}
