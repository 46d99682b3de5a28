import type { Config } from '../config/config.ts';
import { serviceName } from '../lib/services.ts';
import { alertIdOf, heldOf } from '../notify/alerts.ts';
import { askedChannels } from '../notify/asked-channels.ts';
import { Budget } from '../notify/budget.ts';
import { Ledger, onlySource } from '../notify/ledger.ts';
import { decide, type Transition, withinBudget } from '../notify/reason.ts';
import type { Rule } from '../rule.ts';
import type { Incident, NotifyReason, Severity } from '../types.ts';

/** One mail that would have gone out. */
export interface PlannedMail {
  readonly atMs: number;
  /** Absent for a digest. */
  readonly ruleId?: string;
  readonly reason: NotifyReason;
  readonly severity: Severity;
  readonly headline: string;
}

const MAX_MAILS = 10_000;

/** Decides about incidents as the daemon would, budget and all, by the time in the logs; nothing is sent. */
export class MailPlan {
  readonly #budget: Budget;
  readonly #ledger = new Ledger();
  readonly #channels: readonly string[];
  readonly #mails: PlannedMail[] = [];
  readonly #kept = new Map<NotifyReason, number>();
  readonly #byRule = new Map<string, number>();
  #nowMs = Number.NEGATIVE_INFINITY;
  #sent = 0;

  constructor({ channels, budget: { perChannel, perSource } }: Config) {
    this.#channels = channels.map(({ name }) => name);
    this.#budget = new Budget({
      perChannel: { mails: perChannel.mails, perMs: perChannel.per },
      perSource: { mails: perSource.mails, perMs: perSource.per },
    });
  }

  /** The mails, in the order they would have gone out; the first ten thousand. */
  get mails(): readonly PlannedMail[] {
    return this.#mails;
  }

  /** How many there are in all. */
  get sent(): number {
    return this.#sent;
  }

  /** How many mails of their own the incidents of a rule make. */
  ofRule(ruleId: string): number {
    return this.#byRule.get(ruleId) ?? 0;
  }

  /** Why incidents closed without a mail of their own, or without a last one, and how many. */
  get kept(): ReadonlyMap<NotifyReason, number> {
    return this.#kept;
  }

  /** Takes what happened to an incident; the budget's clock is the newest event so far. */
  note(incident: Incident, transition: Transition, rule: Rule): void {
    this.#nowMs = Math.max(this.#nowMs, incident.lastSeenMs);
    this.#digests();
    const held = heldOf(incident, serviceName);
    const channels = askedChannels(rule.notify, this.#channels);
    let decision = decide(incident, transition, this.#ledger.history(incident, channels), channels);
    if (decision.send) {
      const admission = this.#budget.admit(channels, onlySource(incident), incident.severity, this.#nowMs);
      for (const { channel } of admission.over) this.#budget.hold(channel, held, this.#nowMs);
      for (const channel of admission.allowed) this.#budget.release(channel, incident.id);
      decision = withinBudget(decision, admission);
    }
    const alert = decision.send ? { id: alertIdOf(incident, decision), channels } : undefined;
    this.#ledger.note(incident, decision, held, alert, this.#nowMs);
    if (transition === 'closed') this.#ledger.close(incident.id);
    if (decision.send)
      this.#mail({
        atMs: this.#nowMs,
        ruleId: incident.ruleId,
        reason: decision.reason,
        severity: incident.severity,
        headline: held.headline,
      });
    else if (transition === 'closed' && decision.reason !== 'already-alerted')
      this.#kept.set(decision.reason, (this.#kept.get(decision.reason) ?? 0) + 1);
  }

  /** The log has ended: what waits for a digest goes into one. */
  end(): void {
    this.#nowMs = Number.POSITIVE_INFINITY;
    this.#digests();
  }

  #digests(): void {
    for (const channel of this.#channels) {
      const dueMs = this.#budget.digestDueMs(channel, this.#nowMs);
      if (dueMs === undefined || dueMs > this.#nowMs) continue;
      const report = this.#budget.takeDigest(channel, dueMs);
      if (report === undefined) continue;
      const [gravest] = report.held;
      const count = report.held.length + report.unlisted;
      this.#mail({
        atMs: Number.isFinite(dueMs) ? dueMs : report.lastSeenMs,
        reason: 'digest',
        severity: gravest?.severity ?? 'low',
        headline: `${count} ${count === 1 ? 'incident' : 'incidents'} that were over the budget`,
      });
    }
  }

  #mail(mail: PlannedMail): void {
    this.#sent++;
    if (mail.ruleId !== undefined) this.#byRule.set(mail.ruleId, this.ofRule(mail.ruleId) + 1);
    if (this.#mails.length < MAX_MAILS) this.#mails.push(mail);
  }
}
