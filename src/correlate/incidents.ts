import { BoundedMap } from '../lib/bounded-map.ts';
import { DueQueue } from '../lib/due-queue.ts';
import type { DetectSpec, Rule } from '../rule.ts';
import type { Detection, EvidenceLine, Hit, Incident, LineRef } from '../types.ts';
import { levelsOf } from './incident-size.ts';
import { beginningOf, byGravity, gravest, OpenIncident, raise } from './open-incident.ts';
import { Silences } from './silences.ts';
import { SourcePlace } from './source-place.ts';

/** Windows remembered of incidents that were closed early. */
const MAX_TOLD_EARLY = 65_536;

/** What just happened to an incident. `settled` follows `opened` after the settle time: the moment for the first alert. */
export type Transition = 'opened' | 'settled' | 'escalated' | 'closed';

export interface IncidentOptions {
  /** Default wait between the condition being met and the first alert. */
  readonly settleMs: number;
  /** Default silence after which an incident closes; never shorter than the rule's window. */
  readonly quietMs: number;
  /** Open incidents at once; over it the longest silent one is closed early, counted in `closedEarly`. */
  readonly maxOpen: number;
  /** Whether an address belongs to the site's own networks. */
  readonly isOwn: (ip: string) => boolean;
  readonly lineOf: (ref: LineRef) => EvidenceLine | undefined;
  readonly onTransition: (incident: Incident, transition: Transition) => void;
}

/**
 * The life of incidents: `open`, `growing` with each further hit, `quiet` after its rule's longest window without one and
 * `growing` again with the next, in the end `closed`, which is final. A detection opens one or feeds the one that is open under
 * its identifier; silence closes it. Time is event time; `advance` says how far it has come.
 */
export class Incidents {
  /** By identifier, least recently touched first. */
  readonly #open = new Map<string, OpenIncident>();
  #rules: ReadonlyMap<string, Rule> = new Map();
  readonly #options: IncidentOptions;
  /** By the source that opened them. */
  readonly #bySource = new Map<string, Set<OpenIncident>>();
  /** When each incident's first alert is due. */
  readonly #toSettle = new DueQueue<OpenIncident>();
  readonly #silences: Silences;
  readonly #changed = new Set<OpenIncident>();
  readonly #place: SourcePlace;
  /** Windows of incidents that were closed early: up to when their hits have been told. */
  readonly #toldEarly = new BoundedMap<string, number>(MAX_TOLD_EARLY);
  #closedEarly = 0;

  constructor(options: IncidentOptions) {
    this.#options = options;
    this.#place = new SourcePlace(options.isOwn);
    this.#silences = new Silences(({ ruleId }) => this.#rules.get(ruleId)!, options.quietMs, {
      quiet: (incident) => {
        incident.state = 'quiet';
        this.#changed.add(incident);
      },
      close: (incident) => this.#close(incident),
    });
  }

  /** From now on these rules hold; a rule that is gone is remembered for as long as an incident of it is open. */
  reload(rules: readonly Rule[]): void {
    const orphaned = [...this.#open.values()].map(
      ({ ruleId }) => [ruleId, this.#rules.get(ruleId)!] as const,
    );
    this.#rules = new Map([...orphaned, ...rules.map((rule) => [rule.id, rule] as const)]);
  }

  rule(id: string): Rule | undefined {
    return this.#rules.get(id);
  }

  /** The open incident of an identifier that has this window in it, as a value. */
  find(identifier: string, key: string): Incident | undefined {
    const incident = this.#open.get(identifier);
    return incident?.hasWindow(key) ? incident.snapshot() : undefined;
  }

  /** Whether the open incident of an identifier has this window in it. */
  has(identifier: string, key: string): boolean {
    return this.#open.get(identifier)?.hasWindow(key) ?? false;
  }

  get closedEarly(): number {
    return this.#closedEarly;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Incidents that are open now, as values. */
  list(): Incident[] {
    return [...this.#open.values()].map((incident) => incident.snapshot());
  }

  /** The incident that is open under an identifier, as a value. */
  openUnder(identifier: string): Incident | undefined {
    return this.#open.get(identifier)?.snapshot();
  }

  /** Incidents that changed since this was asked last, as values; closed ones were told of by `onTransition`. */
  takeChanged(): Incident[] {
    const changed = [...this.#changed].map((incident) => incident.snapshot());
    this.#changed.clear();
    return changed;
  }

  /** Goes on with incidents an earlier run left open; those whose rule is gone are left alone and returned. */
  resume(incidents: readonly Incident[]): Incident[] {
    const orphans: Incident[] = [];
    for (const incident of incidents) {
      const rule = this.#rules.get(incident.ruleId);
      if (rule === undefined) orphans.push(incident);
      else {
        const opened = OpenIncident.resume(incident);
        this.#adopt(opened, rule);
        if (this.#isRelated(opened)) this.#relatedTo(opened.openedBy).add(opened);
      }
    }
    return orphans;
  }

  /** Whether the incident that is open under an identifier opened after a hit at `atMs`. */
  openedAfter(identifier: string, atMs: number): boolean {
    const incident = this.#open.get(identifier);
    return incident !== undefined && incident.openedAtMs > atMs;
  }

  /** Whether a hit of an earlier run has been counted by the incident its window is part of; to be asked once for each. */
  hasCounted(identifier: string, key: string, atMs: number): boolean {
    const incident = this.#open.get(identifier);
    return incident !== undefined && incident.hasWindow(key) && incident.hasCounted(atMs);
  }

  /** A detector's condition is met for these hits. */
  observe(detection: Detection, spec: DetectSpec, key: string, clockMs: number): void {
    const newest = detection.hits[detection.hits.length - 1]!;
    const rule = this.#rules.get(detection.ruleId)!;
    const known = this.#current(detection.identifier, rule, newest.attempt.atMs);
    // A window that was part of it before has handed over all but the newest one already.
    const news = known?.hasWindow(key) ? [newest] : this.#untold(detection, key);
    const incident = known ?? this.#begin({ ...detection, hits: news }, rule, newest, clockMs);
    incident.addWindow(key);
    for (const remark of detection.remarks ?? []) incident.remarks.add(remark);
    for (const hit of news) incident.add(hit, this.#options.lineOf);
    this.#touch(incident, Math.max(clockMs, newest.attempt.atMs));
    if (known === undefined) this.#options.onTransition(incident.snapshot(), 'opened');
    else this.#grow(incident, spec);
  }

  /** A hit whose window is below the condition: it still belongs to the incident its window opened, if that is open. */
  extend(identifier: string, spec: DetectSpec, key: string, hit: Hit, clockMs: number): boolean {
    const incident = this.#open.get(identifier);
    if (incident === undefined || !incident.hasWindow(key)) return false;
    const rule = this.#rules.get(incident.ruleId)!;
    if (this.#current(identifier, rule, hit.attempt.atMs) === undefined) return false;
    incident.add(hit, this.#options.lineOf);
    this.#touch(incident, Math.max(clockMs, hit.attempt.atMs));
    this.#grow(incident, spec);
    return true;
  }

  /** Time has come to `nowMs`: alerts that are due settle. No further hit at or before `doneMs` will come: silent incidents close. */
  advance(doneMs: number, nowMs: number): void {
    while (this.#toSettle.size > 0 && this.#toSettle.nextMs <= nowMs) this.#settleNext(this.#toSettle.nextMs);
    this.#silences.advance(doneMs);
  }

  /** The clock was set back to `nowMs`: what was heard later counts as heard then. */
  setBack(nowMs: number): void {
    for (const incident of this.#open.values()) {
      if (incident.touchedMs <= nowMs) continue;
      incident.touchedMs = nowMs;
      this.#silences.watch(incident);
      this.#changed.add(incident);
    }
  }

  /** When the next first alert is due; Infinity when none is. */
  get nextSettleMs(): number {
    return this.#toSettle.nextMs;
  }

  /** No time is left to wait: every open incident settles now. */
  settleAll(): void {
    this.advance(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** The stream has ended: everything settles, then closes as it would with time, whatever time had closed already. */
  flush(): void {
    this.advance(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** The open incident a hit at `atMs` belongs to; one that was silent too long is closed first. */
  #current(identifier: string, rule: Rule, atMs: number): OpenIncident | undefined {
    const incident = this.#open.get(identifier);
    if (incident === undefined) return undefined;
    if (atMs - incident.lastSeenMs <= this.#silences.closingMs(rule)) return incident;
    this.#close(incident);
    return undefined;
  }

  #begin(detection: Detection, rule: Rule, newest: Hit, clockMs: number): OpenIncident {
    if (this.#open.size >= this.#options.maxOpen) this.#closeOldest();
    const incident = new OpenIncident(beginningOf(detection, rule.severity));
    const { remarks, isWorse } = this.#place.judge(newest.sourceIp, newest.host.ip, rule);
    for (const remark of remarks) incident.remarks.add(remark);
    if (isWorse) incident.severity = raise(incident.severity);
    this.#relate(incident, newest);
    incident.touchedMs = clockMs;
    this.#adopt(incident, rule);
    return incident;
  }

  #adopt(incident: OpenIncident, rule: Rule): void {
    this.#open.set(incident.identifier, incident);
    if (!incident.settled) {
      // The rest of a log that comes late comes late too.
      const fromMs = Math.max(incident.openedAtMs, incident.touchedMs);
      this.#toSettle.push(fromMs + (rule.settleMs ?? this.#options.settleMs), incident);
    }
    this.#silences.watch(incident);
  }

  /**
   * A scan followed by attempts to get in, by the same source, is worse than either; after logins, so much worse that people hear
   * of it although they have heard of the scan.
   */
  #relate(incident: OpenIncident, newest: Hit): void {
    if (!this.#isRelated(incident)) return;
    const related = this.#relatedTo(newest.sourceIp);
    const others = [...related].filter(
      (other) => other.kind !== incident.kind || other.ruleId !== incident.ruleId,
    );
    related.add(incident);
    if (others.length === 0) return;
    const scan = others.reduce((a, b) => (gravest(a.severity, b.severity) === a.severity ? a : b));
    incident.remarks.add(`the same source is behind incident ${scan.id} (${scan.kind}, rule ${scan.ruleId})`);
    const { kind } = newest.attempt;
    if (kind === 'packet') return;
    const least = kind === 'login' ? gravest(incident.severity, scan.severity) : incident.severity;
    incident.severity = raise(least);
    incident.remarks.add(
      `it went from ${scan.kind} to ${kind} attempts, so one level more severe${kind === 'login' ? ' than either' : ''}`,
    );
  }

  #isRelated({ ruleId }: OpenIncident): boolean {
    return this.#rules.get(ruleId)!.detect.some((spec) => spec.kind !== 'distributed-scan');
  }

  #relatedTo(source: string): Set<OpenIncident> {
    const others = this.#bySource.get(source) ?? new Set();
    this.#bySource.set(source, others);
    return others;
  }

  #touch(incident: OpenIncident, heardMs: number): void {
    incident.touchedMs = Math.max(incident.touchedMs, heardMs);
    this.#changed.add(incident);
    // Re-insertion keeps the map in order of last touch, which is what `#closeOldest` gives up first.
    this.#open.delete(incident.identifier);
    this.#open.set(incident.identifier, incident);
  }

  #grow(incident: OpenIncident, spec: DetectSpec): void {
    const wasQuiet = incident.state === 'quiet';
    incident.state = 'growing';
    if (wasQuiet) this.#silences.watch(incident);
    const { levels, times } = levelsOf(incident, spec);
    if (levels <= incident.grownLevels) return;
    const before = incident.severity;
    for (; incident.grownLevels < levels; incident.grownLevels++)
      incident.severity = raise(incident.severity);
    incident.remarks.add(`${times} times the size the rule asks for, so more severe`);
    if (incident.settled && incident.severity !== before)
      this.#options.onTransition(incident.snapshot(), 'escalated');
  }

  /** Of those that are due at one moment the gravest goes first: what else its source did then needs no mail. */
  #settleNext(atMs: number): void {
    const due = new Set<OpenIncident>();
    for (let next = this.#toSettle.popDue(atMs); next !== undefined; next = this.#toSettle.popDue(atMs)) {
      due.add(next);
      for (const other of this.#outweighing(next)) due.add(other);
    }
    for (const incident of [...due].sort(byGravity)) this.#settle(incident);
  }

  /**
   * What the source of an incident that is due did under other rules, told to the same people, where that is more: it does not
   * wait any longer, or the one mail would be about the less.
   */
  #outweighing(incident: OpenIncident): OpenIncident[] {
    if (incident.settled || incident.sources.size > 1) return [];
    return [...(this.#bySource.get(incident.openedBy) ?? [])].filter(
      (other) =>
        !other.settled &&
        other.sources.size === 1 &&
        byGravity(other, incident) < 0 &&
        `${this.#rules.get(other.ruleId)!.notify}` === `${this.#rules.get(incident.ruleId)!.notify}`,
    );
  }

  #settle(incident: OpenIncident): void {
    if (incident.settled) return;
    incident.settled = true;
    this.#options.onTransition(incident.snapshot(), 'settled');
  }

  #close(incident: OpenIncident): void {
    this.#settle(incident);
    incident.state = 'closed';
    this.#changed.delete(incident);
    this.#open.delete(incident.identifier);
    const others = this.#bySource.get(incident.openedBy);
    if (others?.delete(incident) && others.size === 0) this.#bySource.delete(incident.openedBy);
    this.#options.onTransition(incident.snapshot(), 'closed');
  }

  /** The hits of a window but for those that an incident has told which was closed early. */
  #untold({ identifier, hits }: Detection, key: string): readonly Hit[] {
    const upToMs = this.#toldEarly.get(`${identifier} ${key}`);
    if (upToMs === undefined) return hits;
    return hits.filter(({ attempt }, i) => attempt.atMs > upToMs || i === hits.length - 1);
  }

  #closeOldest(): void {
    const oldest = this.#open.values().next().value;
    if (oldest === undefined) return;
    this.#closedEarly++;
    for (const key of oldest.windows()) this.#toldEarly.set(`${oldest.identifier} ${key}`, oldest.lastSeenMs);
    this.#close(oldest);
  }
}
