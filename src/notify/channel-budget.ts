import { formatDuration } from '../lib/duration.ts';
import type { Severity } from '../types.ts';
import { severityRank } from './severity.ts';
import { type Held, Tally, type TallyReport } from './tally.ts';
import { plural } from './words.ts';

/** One channel's part of the budget: the mails of its window, and what waits for its digest. `Budget` says what holds of times. */
export class ChannelBudget {
  readonly tally = new Tally();
  #mails = 0;
  readonly #perMs: number;
  /** Mails only digests and urgent alerts may use. */
  #reserve = 0;
  /** Times of the mails in the current window, oldest first; never more than `#mails`. */
  #sent: number[] = [];
  #lastDigestMs = Number.NEGATIVE_INFINITY;
  #heldSinceMs = 0;

  constructor(perMs: number, mails: number) {
    this.#perMs = perMs;
    this.allow(mails);
  }

  allow(mails: number): void {
    this.#mails = mails;
    this.#reserve = mails < 2 ? 0 : Math.ceil(mails / 4);
    this.#sent = this.#sent.slice(-mails);
  }

  take(severity: Severity, nowMs: number): string | undefined {
    this.#forget(nowMs);
    const limit = this.#urgent(severity)
      ? this.#mails - Math.min(1, this.#reserve)
      : this.#mails - this.#reserve;
    if (this.#sent.length < limit) {
      this.#sent.push(nowMs);
      return undefined;
    }
    return `the budget of ${plural(this.#mails, 'mail')} in ${formatDuration(this.#perMs)} is spent`;
  }

  refund(atMs: number): void {
    this.#sent = without(this.#sent, atMs);
  }

  noteSent(atMs: number, isDigest: boolean): void {
    if (isDigest) this.#lastDigestMs = Math.max(this.#lastDigestMs, atMs);
    this.#sent = [...this.#sent, atMs].slice(-this.#mails);
  }

  hold(held: Held, nowMs: number): boolean {
    if (this.tally.empty) this.#heldSinceMs = nowMs;
    return this.tally.add(held);
  }

  digestDueMs(nowMs: number): number | undefined {
    if (this.tally.empty) return undefined;
    this.#forget(nowMs);
    const spacing = this.#perMs / Math.max(1, this.#reserve);
    const spaced = Math.max(this.#heldSinceMs, this.#lastDigestMs) + spacing;
    // The budget is spent until the oldest mail leaves the window.
    const free = this.#sent.length < this.#mails ? nowMs : this.#sent[0]! + this.#perMs;
    return Math.max(spaced, free);
  }

  takeDigest(nowMs: number): TallyReport | undefined {
    if (this.tally.empty) return undefined;
    this.#lastDigestMs = nowMs;
    this.#sent.push(nowMs);
    return this.tally.take();
  }

  putBack(report: TallyReport, nowMs: number): void {
    this.refund(nowMs);
    if (this.tally.empty) this.#heldSinceMs = nowMs;
    this.tally.putBack(report);
  }

  #urgent(severity: Severity): boolean {
    return severityRank(severity) >= severityRank('high') && severityRank(severity) > this.tally.gravest;
  }

  /** Mails that have left the window count no more; nothing that was remembered lies ahead. */
  #forget(nowMs: number): void {
    this.#sent = this.#sent.map((t) => Math.min(t, nowMs)).filter((t) => t > nowMs - this.#perMs);
    this.#lastDigestMs = Math.min(this.#lastDigestMs, nowMs);
    this.#heldSinceMs = Math.min(this.#heldSinceMs, nowMs);
  }
}

/** Times without one of those that are `atMs`. */
export function without(times: readonly number[], atMs: number): number[] {
  const at = times.lastIndexOf(atMs);
  return at === -1 ? [...times] : times.toSpliced(at, 1);
}
