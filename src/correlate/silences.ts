import { DueQueue } from '../lib/due-queue.ts';
import type { Rule } from '../rule.ts';
import { windowOf } from './incident-size.ts';
import type { OpenIncident } from './open-incident.ts';

/** After so long an incident is quiet whose rule has no window to go by. */
const QUIET_WITHOUT_WINDOW_MS = 60_000;

/** What becomes of an incident that has been silent for long enough. */
export interface SilenceEnds {
  quiet(incident: OpenIncident): void;
  close(incident: OpenIncident): void;
}

/** Watches for how long open incidents are silent: for one window of their rule, and in the end for too long. */
export class Silences {
  readonly #ruleOf: (incident: OpenIncident) => Rule;
  readonly #defaultMs: number;
  readonly #ends: SilenceEnds;
  /** When each may fall quiet or close at the earliest; one that was fed meanwhile is put back. */
  readonly #due = new DueQueue<OpenIncident>();

  /** `defaultMs` is the silence that closes incidents of rules that do not say. */
  constructor(ruleOf: (incident: OpenIncident) => Rule, defaultMs: number, ends: SilenceEnds) {
    this.#ruleOf = ruleOf;
    this.#defaultMs = defaultMs;
    this.#ends = ends;
  }

  /** The silence that closes an incident of a rule, in milliseconds; never shorter than its windows. */
  closingMs(rule: Rule): number {
    return Math.max(rule.quietMs ?? this.#defaultMs, ...rule.detect.map(windowOf));
  }

  /** Watches an incident that has opened or was resumed, or that is quiet no more. */
  watch(incident: OpenIncident): void {
    const closesMs = this.#closesMs(incident);
    incident.lookAtMs =
      incident.state === 'quiet' ? closesMs : Math.min(this.#quietFromMs(incident), closesMs);
    this.#due.push(incident.lookAtMs, incident);
  }

  /**
   * No further hit at or before `doneMs` will come: tells, in order of time, whose silence has lasted. Those of one moment are
   * told as they opened, in whatever steps the time has come.
   */
  advance(doneMs: number): void {
    while (this.#due.nextMs < doneMs) {
      const atMs = this.#due.nextMs;
      const due: OpenIncident[] = [];
      while (this.#due.nextMs === atMs) due.push(this.#due.popDue(atMs)!);
      for (const incident of due.sort(byOpening)) {
        // One that was fed while it was quiet has an earlier entry by now.
        if (incident.state !== 'closed' && incident.lookAtMs === atMs) this.#lookAt(incident, atMs);
      }
    }
  }

  #lookAt(incident: OpenIncident, atMs: number): void {
    if (this.#closesMs(incident) <= atMs) {
      this.#ends.close(incident);
      return;
    }
    if (incident.state !== 'quiet' && this.#quietFromMs(incident) <= atMs) this.#ends.quiet(incident);
    this.watch(incident);
  }

  #quietFromMs(incident: OpenIncident): number {
    const longestMs = Math.max(...this.#ruleOf(incident).detect.map(windowOf));
    return incident.touchedMs + (longestMs || QUIET_WITHOUT_WINDOW_MS);
  }

  #closesMs(incident: OpenIncident): number {
    return incident.touchedMs + this.closingMs(this.#ruleOf(incident));
  }
}

function byOpening(a: OpenIncident, b: OpenIncident): number {
  return a.openedAtMs - b.openedAtMs || (a.identifier < b.identifier ? -1 : 1);
}
