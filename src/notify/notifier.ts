import { visible } from '../lib/escape.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import type { Alert, Decision, Incident } from '../types.ts';
import { alertIdOf, alertIncidentOf, digestAlert, heldFrom, heldOf } from './alerts.ts';
import { askedChannels } from './asked-channels.ts';
import { bareContext } from './bare-context.ts';
import { Budget } from './budget.ts';
import { Dispatcher } from './dispatch.ts';
import { Ledger, type LedgerRecord, onlySource } from './ledger.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { heldNotice, type Notice, noticeAlert } from './notice.ts';
import type { AlertSource, NotifierOptions } from './notifier-options.ts';
import type { Outbox } from './outbox.ts';
import { decide, type Transition, withinBudget } from './reason.ts';
import { renderAlert } from './render.ts';
import type { IncidentContext } from './render-context.ts';
import type { Held } from './tally.ts';
import { systemTimers, type Timers, within } from './timers.ts';

const CONTEXT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** How soon a digest that had to wait for the one before it is looked at again. */
const DIGEST_RECHECK_MS = 60_000;

/**
 * From an incident to people: decides (reason), asks the budget, renders, and hands over to the dispatcher. What the budget
 * or a full queue keeps back is told in a digest; nothing is dropped without being counted.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #names: readonly string[];
  readonly #timers: Timers;
  readonly #budget: Budget;
  readonly #ledger: Ledger;
  readonly #outbox: Outbox;
  readonly #dispatcher: Dispatcher;
  readonly #inHand = new Set<Promise<unknown>>();
  #cancelAlarm: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Throws for a time zone that does not exist and for channels that share a name. */
  constructor(options: NotifierOptions) {
    if (!isTimeZone(options.site.zone)) throw new RangeError(`no time zone is called ${options.site.zone}`);
    this.#names = options.channels.map(({ name }) => name);
    const twice = this.#names.find((name, i) => this.#names.indexOf(name) !== i);
    if (twice !== undefined) throw new TypeError(`two channels are called ${twice}`);
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#budget = new Budget(options.budget);
    this.#ledger = new Ledger(options.records);
    this.#outbox = options.outbox ?? new MemoryOutbox();
    this.#dispatcher = new Dispatcher({ ...options, outbox: this.#outbox });
    const isOurs = ({ channel }: { readonly channel: string }) => this.#names.includes(channel);
    this.#budget.noteSent((options.sent ?? []).filter(isOurs));
    const waiting = (options.held ?? []).filter(isOurs);
    // They have waited before: restarts, however often, must not put the digest off for ever.
    for (const { channel, held } of waiting.toSorted((a, b) => a.held.lastSeenMs - b.held.lastSeenMs))
      this.#budget.hold(channel, held, Math.min(held.lastSeenMs, this.#timers.now()));
  }

  /** Begins with what the outbox holds from before; called again, it sees what another process put back. */
  start(): void {
    this.#dispatcher.start();
    this.#setAlarm();
  }

  /**
   * Acts on what happened to an incident. Resolves with the decision once everything it asks for is in the outbox; rejects
   * when the outbox refuses, and then nothing is remembered as told.
   */
  handle(incident: Incident, transition: Transition, source: AlertSource, nowMs: number): Promise<Decision> {
    if (this.#closing !== undefined) return Promise.reject(new Error('the notifier is closed'));
    return this.#track(this.#handle(incident, transition, source, nowMs));
  }

  /** Tells every channel what is no incident, within the budget. Resolves with the decision once it is in the outbox, or kept for the digest where that refuses it. */
  announce(notice: Notice): Promise<Decision> {
    if (this.#closing !== undefined) return Promise.reject(new Error('the notifier is closed'));
    return this.#track(this.#announce(notice));
  }

  /** Hands an alert about no incident to the named channels, beside the budget. Resolves once it is in the outbox. */
  post(alert: Alert, channels: readonly string[], because: string): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new Error('the notifier is closed'));
    this.#options.onDecision?.(
      { send: channels.length > 0, reason: alert.reason, because },
      alert.incidentIds,
    );
    return this.#track(this.#enqueue(alert, channels));
  }

  /** Takes over incidents another process has told people about. */
  remember(records: readonly LedgerRecord[]): void {
    for (const record of records) this.#ledger.put(record);
  }

  /** Takes over what another process kept for a channel's digest. */
  adopt(channel: string, held: Held): void {
    if (this.#closing !== undefined || !this.#names.includes(channel)) return;
    this.#budget.hold(channel, held, this.#timers.now());
    this.#setAlarm();
  }

  /** So many processes share the mail budget from now on. */
  share(processes: number): void {
    this.#budget.share(processes);
  }

  /** Another process tells people about these incidents from now on. */
  forget(incidentIds: readonly string[]): void {
    for (const id of incidentIds) this.#ledger.forget(id);
  }

  /** Alerts on their way, and those given up. */
  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Sends what is due and the digests nobody keeps, for at most so long, then stops and closes the channels. Idempotent. */
  close(timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #handle(
    incident: Incident,
    transition: Transition,
    source: AlertSource,
    nowMs: number,
  ): Promise<Decision> {
    const channels = askedChannels(source.channels ?? [], this.#names);
    const before = this.#ledger.get(incident.id);
    const wanted = decide(
      incident,
      transition,
      this.#ledger.history(incident, channels),
      channels,
      this.#options.minSeverity,
    );
    const admission = wanted.send
      ? this.#budget.admit(channels, onlySource(incident), incident.severity, nowMs)
      : { allowed: [], over: [] };
    const decision = withinBudget(wanted, admission);
    const held = heldOf(incident, this.#options.site.serviceName);

    const waiting = wanted.send ? [] : this.#budget.refresh(held);
    for (const channel of waiting) this.#options.onHeld?.(channel, incident.id, held);
    for (const { channel } of admission.over) this.#hold(channel, held, nowMs);
    const alertId = decision.send ? alertIdOf(incident, decision) : undefined;
    const alert = alertId === undefined ? undefined : { id: alertId, channels };
    this.#ledger.note(incident, decision, held, alert, nowMs);
    this.#options.onDecision?.(decision, [incident.id]);
    if (alertId !== undefined) {
      const waited = admission.allowed.filter((channel) => this.#budget.release(channel, incident.id));
      for (const channel of waited) this.#options.onHeld?.(channel, incident.id, undefined);
      try {
        await this.#send(incident, decision, source, alertId, admission.allowed);
      } catch (error) {
        this.#budget.refund(admission.allowed, onlySource(incident), nowMs);
        for (const channel of waited) this.#hold(channel, held, nowMs);
        if (before === undefined) this.#ledger.forget(incident.id);
        else this.#ledger.put(before);
        throw error;
      }
    }
    if (transition === 'closed') this.#ledger.close(incident.id);
    this.#options.onRecord?.(incident.id, this.#ledger.get(incident.id));
    this.#setAlarm();
    return decision;
  }

  async #announce(notice: Notice): Promise<Decision> {
    const { reason, because, severity, headline, atMs } = notice;
    const alert = noticeAlert(notice, this.#options.site);
    const admission = this.#budget.admit(this.#names, undefined, severity, atMs);
    const decision = withinBudget({ send: this.#names.length > 0, reason, because }, admission);
    const held = heldNotice(alert, headline, atMs);
    for (const { channel } of admission.over) this.#hold(channel, held, atMs);
    this.#options.onDecision?.(decision, []);
    for (const channel of admission.allowed) {
      try {
        await this.#enqueue(alert, [channel]);
      } catch (error) {
        // Unlike an incident, it is owed by nobody.
        this.#budget.refund([channel], undefined, atMs);
        this.#hold(channel, held, atMs);
        const because = `${(error as Error).message}; the notice goes into the next digest`;
        this.#options.onFault?.(visible(`outbox, channel ${channel}: ${because}`, 300));
      }
    }
    this.#setAlarm();
    return decision;
  }

  async #send(
    incident: Incident,
    decision: Decision,
    source: AlertSource,
    alertId: string,
    channels: readonly string[],
  ): Promise<void> {
    const threadId = this.#ledger.get(incident.id)?.threadId ?? alertId;
    const context = await this.#contextOf(incident, decision, source);
    const rendered = renderAlert(incident, { ...context, ...this.#options.site, decision });
    await this.#enqueue(
      {
        id: alertId,
        incidentIds: [incident.id],
        severity: incident.severity,
        reason: decision.reason,
        threadId,
        incident: alertIncidentOf(incident),
        ...rendered,
      },
      channels,
    );
  }

  /** Puts an alert into the outbox; what has no room there is told in the digest. */
  async #enqueue(alert: Alert, channels: readonly string[]): Promise<void> {
    for (const { alert: left, channel } of await this.#dispatcher.enqueue(alert, channels)) {
      // A notice is told under its own name.
      for (const id of left.incidentIds.length === 0 ? [left.id] : left.incidentIds) {
        const held = this.#ledger.held(id) ?? heldFrom(left, id, this.#timers.now());
        this.#hold(channel, held, this.#timers.now());
      }
      const because = `the queue of channel ${channel} is full; it goes into the next digest`;
      this.#options.onDecision?.({ send: false, reason: 'over-budget', because }, left.incidentIds);
    }
  }

  /** Keeps something for a channel's digest, over a restart too. */
  #hold(channel: string, held: Held, nowMs: number): void {
    const isNamed = this.#budget.hold(channel, held, nowMs);
    // What nobody could strike off again would be told again after a restart.
    if (isNamed) this.#options.onHeld?.(channel, held.incidentId, held);
  }

  async #contextOf(incident: Incident, decision: Decision, source: AlertSource): Promise<IncidentContext> {
    const limitMs = this.#options.contextTimeoutMs ?? CONTEXT_TIMEOUT_MS;
    try {
      return await within(limitMs, this.#timers, async () => source.context(decision));
    } catch (error) {
      const because = visible((error as Error).message, 200);
      this.#options.onFault?.(`context of incident ${incident.id}: ${because}`);
      return bareContext(incident, because);
    }
  }

  #setAlarm(atLeastMs = 0): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    if (this.#closing !== undefined) return;
    const nowMs = this.#timers.now();
    const due = this.#names
      .map((name) => this.#budget.digestDueMs(name, nowMs))
      .filter((ms) => ms !== undefined);
    if (due.length === 0) return;
    const wait = Math.max(atLeastMs, Math.min(...due) - nowMs);
    this.#cancelAlarm = this.#timers.after(wait, () => void this.#track(this.#sendDigests()));
  }

  /** Sends the digests that are due. One that is not delivered yet keeps the next one back, which goes on counting. */
  async #sendDigests(): Promise<void> {
    let waiting = false;
    for (const name of this.#names) {
      try {
        const nowMs = this.#timers.now();
        const dueMs = this.#budget.digestDueMs(name, nowMs);
        if (dueMs === undefined || dueMs > nowMs) continue;
        const queued = await this.#outbox.list(name);
        if (queued.some(({ alert }) => alert.reason === 'digest')) waiting = true;
        else await this.#sendDigest(name);
      } catch (error) {
        waiting = true;
        this.#options.onFault?.(visible(`digest of channel ${name}: ${(error as Error).message}`, 300));
      }
    }
    this.#setAlarm(waiting ? DIGEST_RECHECK_MS : 0);
  }

  async #sendDigest(channel: string): Promise<void> {
    const nowMs = this.#timers.now();
    const report = this.#budget.takeDigest(channel, nowMs);
    if (report === undefined) return;
    const decision: Decision = {
      send: true,
      reason: 'digest',
      because: 'these alerts were beyond the mail budget or the queue; each of them is in this count',
    };
    try {
      const alert = digestAlert(report, channel, decision, this.#options.site, nowMs);
      await this.#dispatcher.enqueue(alert, [channel]);
      const told = [...report.held.map(({ incidentId }) => incidentId), ...report.unlistedIds];
      for (const incidentId of told) this.#options.onHeld?.(channel, incidentId, undefined);
      this.#options.onDecision?.(decision, alert.incidentIds);
    } catch (error) {
      this.#budget.putBack(channel, report, nowMs);
      throw error;
    }
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#cancelAlarm?.();
    await Promise.allSettled(this.#inHand);
    const isKept = this.#options.keepsHeld?.() ?? false;
    for (const name of isKept ? [] : this.#names) {
      // What waits for a digest is in memory only: it can not wait for the budget any longer.
      await this.#sendDigest(name).catch((error: Error) =>
        this.#options.onFault?.(visible(`digest of channel ${name}: ${error.message}`, 300)),
      );
    }
    // An outbox that can not be read is no reason to leave anything open: what is in it goes on with the next run.
    await this.#dispatcher
      .drain(timeoutMs)
      .catch((error: Error) => this.#options.onFault?.(visible(`outbox: ${error.message}`, 300)));
    await this.#dispatcher.close();
    await Promise.allSettled(this.#options.channels.map((channel) => channel.close()));
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#inHand.add(work);
    const done = () => this.#inHand.delete(work);
    work.then(done, done);
    return work;
  }
}
