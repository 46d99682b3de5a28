import { type Backoff, backoffMs, DEFAULT_BACKOFF } from '../lib/backoff.ts';
import { formatDuration } from '../lib/duration.ts';
import { visible } from '../lib/escape.ts';
import type { Alert, Delivery, OutboxEntry } from '../types.ts';
import type { Channel, SendResult } from './channel.ts';
import type { Outbox } from './outbox.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface DispatchOptions {
  readonly channels: readonly Channel[];
  readonly outbox: Outbox;
  /** Hears of every try. */
  readonly onDelivery?: (delivery: Delivery) => void;
  /** Hears of faults that are not a channel's: the outbox could not be read or written. */
  readonly onFault?: (because: string) => void;
  readonly timers?: Timers;
  readonly random?: () => number;
  readonly backoff?: Backoff;
  /** The longest one try may take. */
  readonly sendTimeoutMs?: number;
  /** Age at which an alert that can not be delivered is given up. */
  readonly maxAgeMs?: number;
}

/** An alert that had no room in a channel's queue. */
export interface Displaced {
  readonly alert: Alert;
  readonly channel: string;
}

const SEND_TIMEOUT_MS = 60_000;
/** RFC 5321 4.5.4.1: the give-up time generally needs to be at least 4-5 days. */
const MAX_AGE_MS = 5 * 86_400_000;
const OUTBOX_FAULT_WAIT_MS = 5_000;

/** One channel's queue at work: one try at a time, so that a server that hangs holds up its own queue and no other. */
interface Lane {
  readonly channel: Channel;
  /** The run under way. */
  run?: Promise<void> | undefined;
  /** Something was put while the run was ending. */
  again: boolean;
  cancelAlarm?: (() => void) | undefined;
  abort?: AbortController | undefined;
}

/** Takes alerts from the outbox to the channels, oldest first, again and again until each is delivered or given up. */
export class Dispatcher {
  readonly #options: DispatchOptions;
  readonly #outbox: Outbox;
  readonly #timers: Timers;
  readonly #lanes: ReadonlyMap<string, Lane>;
  #closed = false;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#outbox = options.outbox;
    this.#timers = options.timers ?? systemTimers;
    this.#lanes = new Map(options.channels.map((channel) => [channel.name, { channel, again: false }]));
  }

  /** Begins with what the outbox holds from before. */
  start(): void {
    for (const lane of this.#lanes.values()) this.#wake(lane);
  }

  /** Accepts an alert for the named channels. Resolves once it is in the outbox, with what had no room there. */
  async enqueue(alert: Alert, channels: readonly string[]): Promise<readonly Displaced[]> {
    if (this.#closed) throw new Error('the dispatcher is closed');
    const displaced: Displaced[] = [];
    for (const name of channels) {
      const lane = this.#lanes.get(name);
      if (lane === undefined) throw new Error(`no channel is called ${name}`);
      const result = await this.#outbox.put(alert, name, this.#timers.now());
      if (result.kind === 'displaced') displaced.push({ alert: result.alert, channel: name });
      this.#wake(lane);
    }
    return displaced;
  }

  /** Lets what is due go out for at most so long; resolves with the number of entries left in the outbox. */
  async drain(timeoutMs: number): Promise<number> {
    this.start();
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#timers.after(timeoutMs, resolve);
    });
    await Promise.race([this.#idle(), late]);
    cancel();
    return (await this.#outbox.list()).length;
  }

  /** Stops: tries under way are aborted and stay in the outbox. Idempotent. The channels stay open. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const lane of this.#lanes.values()) {
      lane.cancelAlarm?.();
      lane.abort?.abort(new Error('shutting down'));
    }
    await this.#idle();
  }

  async #idle(): Promise<void> {
    for (const lane of this.#lanes.values()) while (lane.run !== undefined) await lane.run;
  }

  #wake(lane: Lane): void {
    if (this.#closed) return;
    if (lane.run !== undefined) {
      lane.again = true;
      return;
    }
    lane.cancelAlarm?.();
    lane.cancelAlarm = undefined;
    lane.run = this.#work(lane).finally(() => {
      lane.run = undefined;
      if (lane.again) this.#wake(lane);
    });
  }

  async #work(lane: Lane): Promise<void> {
    lane.again = false;
    const { name } = lane.channel;
    try {
      while (!this.#closed) {
        const entry = await this.#due(name);
        if (entry === undefined) break;
        await this.#try(lane, entry);
      }
      const next = await this.#outbox.nextDueMs(name);
      if (next !== undefined) this.#alarm(lane, next - this.#timers.now());
    } catch (error) {
      this.#options.onFault?.(visible(`outbox, channel ${name}: ${(error as Error).message}`, 300));
      this.#alarm(lane, OUTBOX_FAULT_WAIT_MS);
    }
  }

  /** What to try now. No try is put off by more than the longest wait: what is due later was put off before the clock was set back. */
  async #due(name: string): Promise<OutboxEntry | undefined> {
    const nowMs = this.#timers.now();
    const entry = await this.#outbox.due(name, nowMs);
    if (entry !== undefined) return entry;
    const nextMs = await this.#outbox.nextDueMs(name);
    const { maxMs } = this.#options.backoff ?? DEFAULT_BACKOFF;
    return nextMs !== undefined && nextMs - nowMs > maxMs ? this.#outbox.due(name, nextMs) : undefined;
  }

  #alarm(lane: Lane, ms: number): void {
    if (this.#closed) return;
    lane.cancelAlarm?.();
    lane.cancelAlarm = this.#timers.after(Math.max(0, ms), () => this.#wake(lane));
  }

  async #try(lane: Lane, entry: OutboxEntry): Promise<void> {
    const { alert, channel } = entry;
    const result = await this.#send(lane, alert);
    if (this.#closed && !result.ok) return this.#outbox.release(alert.id, channel);

    const attempt = entry.attempts + 1;
    const tell = (outcome: Delivery['outcome'], because: string) =>
      this.#options.onDelivery?.({ alertId: alert.id, channel, attempt, outcome, because });
    if (result.ok) {
      await this.#outbox.delivered(alert.id, channel);
      return tell('delivered', result.because);
    }
    const { maxAgeMs = MAX_AGE_MS, backoff = DEFAULT_BACKOFF, random = Math.random } = this.#options;
    const nowMs = this.#timers.now();
    const tooOld = nowMs - entry.createdAtMs >= maxAgeMs;
    if (!result.retry || tooOld) {
      const because = tooOld
        ? `given up after ${formatDuration(maxAgeMs)}: ${result.because}`
        : result.because;
      await this.#outbox.dead(alert.id, channel, because);
      return tell('dead', because);
    }
    await this.#outbox.retryAt(
      alert.id,
      channel,
      nowMs + backoffMs(attempt, random, backoff),
      result.because,
    );
    tell('retry', result.because);
  }

  /** One try, bounded in time whatever the channel does: it may ignore the signal or throw. */
  #send(lane: Lane, alert: Alert): Promise<SendResult> {
    const abort = new AbortController();
    const limit = this.#options.sendTimeoutMs ?? SEND_TIMEOUT_MS;
    lane.abort = abort;
    return new Promise<SendResult>((resolve) => {
      const giveUp = () =>
        resolve({ ok: false, retry: true, because: String((abort.signal.reason as Error).message) });
      abort.signal.addEventListener('abort', giveUp, { once: true });
      const cancel = this.#timers.after(limit, () =>
        abort.abort(new Error(`no answer within ${formatDuration(limit)}`)),
      );
      // A channel that throws before it returns a promise is a fault like any other.
      Promise.resolve()
        .then(() => lane.channel.send(alert, abort.signal))
        .catch((error: unknown): SendResult => {
          return {
            ok: false,
            retry: true,
            because: visible(String((error as Error)?.message ?? error), 300),
          };
        })
        .then((result) => {
          cancel();
          // An answer that comes late finds the next try under way.
          if (lane.abort === abort) lane.abort = undefined;
          resolve(result);
        });
    });
  }
}
