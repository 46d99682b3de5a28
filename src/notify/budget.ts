import { formatDuration } from '../lib/duration.ts';
import type { Severity } from '../types.ts';
import { ChannelBudget, without } from './channel-budget.ts';
import type { Held, TallyReport } from './tally.ts';
import { plural } from './words.ts';

/** So many mails in any window of so many milliseconds. */
export interface Allowance {
  readonly mails: number;
  readonly perMs: number;
}

/** The limits; a digest counts as a mail of its channel. */
export interface BudgetLimits {
  readonly perChannel: Allowance;
  readonly perSource: Allowance;
}

export const DEFAULT_BUDGET: BudgetLimits = {
  perChannel: { mails: 20, perMs: 3_600_000 },
  perSource: { mails: 4, perMs: 3_600_000 },
};

/** A mail that was sent, or granted, before this process began. */
export interface SentMail {
  readonly alertId: string;
  readonly channel: string;
  /** The only source of its incident; absent when there are several, or none. */
  readonly source?: string;
  readonly atMs: number;
}

/** How the ids of digests begin. */
export const DIGEST_ALERT = 'digest.';

/** Which channels may carry a mail now, and why the others may not. */
export interface Admission {
  readonly allowed: readonly string[];
  readonly over: readonly { readonly channel: string; readonly because: string }[];
}

/** Sources whose mails are counted one by one; beyond it the one that was quiet longest starts afresh. */
const MAX_SOURCES = 10_000;

/**
 * How many mails people get. In no window of `perMs` does a channel carry more than `mails`, digests included. A
 * quarter is kept for digests, which are spread over the window; a high or critical alert graver than everything that
 * waits may use of that quarter all but the last. What is over is held, counted exactly, and told in one digest.
 * It has no clock: times (milliseconds) come with each call. When they run backwards (a clock was set back), what lies ahead
 * counts as of now, so that nobody waits until the clock is there again.
 */
export class Budget {
  readonly #limits: BudgetLimits;
  /** Processes that share the mails of each channel. */
  #sharers = 1;
  readonly #channels = new Map<string, ChannelBudget>();
  readonly #sources = new Map<string, number[]>();

  constructor(limits: BudgetLimits = DEFAULT_BUDGET) {
    for (const [name, { mails, perMs }] of Object.entries(limits) as [string, Allowance][]) {
      if (!Number.isInteger(mails) || mails < 1)
        throw new RangeError(`budget ${name}: mails must be a whole number of at least 1`);
      if (!(perMs >= 1)) throw new RangeError(`budget ${name}: the window must be at least a millisecond`);
    }
    this.#limits = limits;
  }

  /** So many processes mail from now on, each its part; a source's mails all come from one of them. */
  share(processes: number): void {
    this.#sharers = Math.max(1, processes);
    for (const channel of this.#channels.values()) channel.allow(this.#mailsPerChannel());
  }

  /** Asks for one mail about `source` (absent when there are several) on each channel and takes it where it is granted. */
  admit(
    channels: readonly string[],
    source: string | undefined,
    severity: Severity,
    nowMs: number,
  ): Admission {
    const spent = this.#spentSource(source, nowMs);
    if (spent !== undefined)
      return { allowed: [], over: channels.map((channel) => ({ channel, because: spent })) };
    const allowed: string[] = [];
    const over: { channel: string; because: string }[] = [];
    for (const channel of channels) {
      const because = this.#channel(channel).take(severity, nowMs);
      if (because === undefined) allowed.push(channel);
      else over.push({ channel, because });
    }
    if (allowed.length > 0) this.#noteSource(source, nowMs);
    return { allowed, over };
  }

  /** Gives back what `admit` took at `atMs`: the mail did not come about. */
  refund(channels: readonly string[], source: string | undefined, atMs: number): void {
    for (const channel of channels) this.#channel(channel).refund(atMs);
    const times = source === undefined ? undefined : this.#sources.get(source);
    if (source !== undefined && times !== undefined) this.#sources.set(source, without(times, atMs));
  }

  /** Counts mails from before this process began. For its source a mail is one, by however many channels it went. */
  noteSent(mails: readonly SentMail[]): void {
    const counted = new Set<string>();
    for (const { alertId, channel, source, atMs } of mails.toSorted((a, b) => a.atMs - b.atMs)) {
      this.#channel(channel).noteSent(atMs, alertId.startsWith(DIGEST_ALERT));
      if (!counted.has(alertId)) this.#noteSource(source, atMs);
      counted.add(alertId);
    }
  }

  /**
   * Keeps an alert for the channel's digest; one of an incident that waits already replaces it. False when it is only counted
   * there, and the digest will not know which it was.
   */
  hold(channel: string, held: Held, nowMs: number): boolean {
    return this.#channel(channel).hold(held, nowMs);
  }

  /** Brings what waits about an incident up to date, without adding it anywhere; gives the channels where it waits. */
  refresh(held: Held): string[] {
    return [...this.#channels].filter(([, { tally }]) => tally.refresh(held)).map(([name]) => name);
  }

  /** Drops an incident from the channel's digest, because it gets a mail of its own; says whether it was there. */
  release(channel: string, incidentId: string): boolean {
    return this.#channels.get(channel)?.tally.release(incidentId) ?? false;
  }

  /** When the channel's digest may go, or undefined when nothing waits. */
  digestDueMs(channel: string, nowMs: number): number | undefined {
    return this.#channels.get(channel)?.digestDueMs(nowMs);
  }

  /** Takes the channel's digest and a mail for it, whether it is due or not (at shutdown it can not wait). */
  takeDigest(channel: string, nowMs: number): TallyReport | undefined {
    return this.#channels.get(channel)?.takeDigest(nowMs);
  }

  /** Takes a digest of `nowMs` back that could not be sent, and gives its mail back. */
  putBack(channel: string, report: TallyReport, nowMs: number): void {
    this.#channel(channel).putBack(report, nowMs);
  }

  #channel(name: string): ChannelBudget {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const created = new ChannelBudget(this.#limits.perChannel.perMs, this.#mailsPerChannel());
    this.#channels.set(name, created);
    return created;
  }

  #mailsPerChannel(): number {
    return Math.ceil(this.#limits.perChannel.mails / this.#sharers);
  }

  #spentSource(source: string | undefined, nowMs: number): string | undefined {
    const { mails, perMs } = this.#limits.perSource;
    const noted = source === undefined ? undefined : this.#sources.get(source);
    if (source === undefined || noted === undefined) return undefined;
    const times = noted.map((t) => Math.min(t, nowMs)).filter((t) => t > nowMs - perMs);
    this.#sources.set(source, times);
    if (times.length < mails) return undefined;
    return `this source had its ${plural(mails, 'mail')} in ${formatDuration(perMs)}`;
  }

  #noteSource(source: string | undefined, nowMs: number): void {
    if (source === undefined) return;
    const { mails } = this.#limits.perSource;
    const times = [...(this.#sources.get(source) ?? []), nowMs].slice(-mails);
    this.#sources.delete(source);
    this.#sources.set(source, times);
    if (this.#sources.size > MAX_SOURCES) this.#sources.delete(this.#sources.keys().next().value!);
  }
}
