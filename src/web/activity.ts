import type { Attempt, Decision, Delivery, Frame, Hit, Incident, NotifyReason } from '../types.ts';
import { HitGrid } from './hit-grid.ts';
import { IncidentBook, type IncidentBookOptions, type Transition } from './incident-book.ts';
import { Rates } from './rates.ts';
import { RecentLines } from './recent-lines.ts';
import type { DeliveryTable, LineKind } from './source.ts';
import { Tops } from './tops.ts';

const MAX_HITS = 4_096;
/** Hits a second that are remembered one by one; the counters and the grid know all of them. */
const HITS_PER_SECOND = 500;
const MAX_RECENT = 200;
const MAX_TEXT_BYTES = 1_024;

/**
 * What the page remembers of what went by: counters, the last lines, the grid, incidents, decisions, deliveries. All of it
 * is bounded, and what happens for every line is a few additions. It has no clock: receipt times and `turn` tell it.
 */
export class Activity {
  readonly rates: Rates;
  readonly tops: Tops;
  readonly lines = new RecentLines();
  readonly grid = new HitGrid();
  readonly incidents: IncidentBook;
  readonly #hits: Hit[] = [];
  #nextHit = 0;
  #hitsLeft = HITS_PER_SECOND;
  readonly #ruleHits = new Map<string, { hits: number; lastMs: number }>();
  readonly #decisions = new Map<string, { reason: NotifyReason; sent: boolean; count: number }>();
  readonly #recentDecisions: DeliveryTable['recent'][number][] = [];
  readonly #tries: DeliveryTable['tries'][number][] = [];
  #changes = 0;

  constructor(startedAtMs: number, book: IncidentBookOptions) {
    this.rates = new Rates(startedAtMs);
    this.tops = new Tops(startedAtMs);
    this.incidents = new IncidentBook(book);
  }

  /** Takes one line and what became of it; `because` is asked only when the line is kept for the page. */
  line(
    frame: Frame,
    kind: LineKind,
    attempt: Attempt | undefined,
    hits: readonly Hit[],
    because: () => string,
  ): void {
    const { rates } = this;
    rates.lines++;
    if (attempt !== undefined) {
      rates.attempts++;
      if (attempt.action !== 'allowed')
        this.tops.add(attempt.source.ip, attempt.destination.port, attempt.transport);
      if (hits.length > 0) this.#hit(hits, frame.receivedAtMs);
    } else if (kind === 'unknown') rates.unknown++;
    else if (kind === 'malformed') rates.malformed++;
    if (!this.lines.wants(hits.length > 0, frame.receivedAtMs)) return;
    this.lines.add({
      atMs: frame.receivedAtMs,
      sender: frame.peer.address,
      kind,
      text: frame.bytes.subarray(0, MAX_TEXT_BYTES).toString('utf8'),
      because: because(),
      rules: hits.map(({ ruleId }) => ruleId),
      ...(attempt?.source.ip === undefined ? {} : { source: attempt.source.ip }),
    });
  }

  incidentMoved(incident: Incident, transition: Transition, nowMs: number): void {
    this.incidents.moved(incident, transition, nowMs);
    this.#changes++;
  }

  /** Open incidents that are not what they were. */
  incidentsChanged(incidents: readonly Incident[]): void {
    const news = incidents.filter((incident) => this.incidents.changed(incident));
    if (news.length > 0) this.#changes++;
  }

  /** These are told elsewhere from now on. */
  incidentsLeft(incidentIds: readonly string[]): void {
    for (const id of incidentIds) this.incidents.forget(id);
    this.#changes++;
  }

  decided(decision: Decision, incidentIds: readonly string[], nowMs: number): void {
    this.incidents.decided(decision, incidentIds, nowMs);
    const { reason, send } = decision;
    const key = `${reason} ${send}`;
    const known = this.#decisions.get(key);
    if (known === undefined) this.#decisions.set(key, { reason, sent: send, count: 1 });
    else known.count++;
    push(this.#recentDecisions, { ...decision, atMs: nowMs, incidents: incidentIds.slice(0, 20) });
    this.#changes++;
  }

  delivered(delivery: Delivery, nowMs: number): void {
    this.incidents.delivered(delivery, nowMs);
    push(this.#tries, { ...delivery, atMs: nowMs });
    this.#changes++;
  }

  /** What is known of earlier runs: incidents in order of opening, deliveries the oldest first. */
  restore(
    incidents: readonly Incident[],
    deliveries: readonly (Delivery & { readonly atMs: number })[],
  ): void {
    for (const incident of incidents) this.incidents.restore(incident);
    for (const delivery of deliveries) {
      this.incidents.restoreDelivery(delivery, delivery.atMs);
      push(this.#tries, delivery);
    }
    this.#changes++;
  }

  /** Time has come to `nowMs`; to be called about once a second. */
  turn(nowMs: number): void {
    this.rates.turn(nowMs);
    this.tops.turn(nowMs);
    this.#hitsLeft = HITS_PER_SECOND;
  }

  /** Grows whenever an incident's state, a decision or a delivery has changed. */
  get changes(): number {
    return this.#changes;
  }

  /** The last hits that satisfy `wanted`, the newest first. */
  hits(wanted: (hit: Hit) => boolean, max: number): Hit[] {
    const inOrder = [...this.#hits.slice(this.#nextHit), ...this.#hits.slice(0, this.#nextHit)].reverse();
    return inOrder.filter(wanted).slice(0, max);
  }

  ofRule(ruleId: string): { readonly hits: number; readonly lastMs: number } | undefined {
    return this.#ruleHits.get(ruleId);
  }

  /** Decisions and tries, the newest first. */
  told(): Pick<DeliveryTable, 'decisions' | 'recent' | 'tries'> {
    return {
      decisions: [...this.#decisions.values()].sort((a, b) => b.count - a.count),
      recent: this.#recentDecisions.toReversed().map((decision) => {
        const headline = decision.incidents.length === 1 && this.incidents.headline(decision.incidents[0]!);
        return headline ? { ...decision, headline } : decision;
      }),
      tries: this.#tries.toReversed(),
    };
  }

  #hit(hits: readonly Hit[], nowMs: number): void {
    this.rates.hits++;
    for (const hit of hits) {
      const rule = this.#ruleHits.get(hit.ruleId);
      if (rule === undefined) this.#ruleHits.set(hit.ruleId, { hits: 1, lastMs: nowMs });
      else {
        rule.hits++;
        rule.lastMs = nowMs;
      }
    }
    const [hit] = hits;
    this.grid.add(hit!, nowMs);
    if (this.#hitsLeft-- <= 0) return;
    this.#hits[this.#nextHit] = hit!;
    this.#nextHit = (this.#nextHit + 1) % MAX_HITS;
  }
}

function push<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > MAX_RECENT) items.shift();
}
