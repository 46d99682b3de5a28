import type { Config } from '../config/config.ts';
import { backgroundAlert } from '../notify/background.ts';
import { BackgroundCounts } from '../notify/background-counts.ts';
import { nextDaily } from '../notify/daily.ts';
import type { Alert, Attempt } from '../types.ts';
import { siteContext } from './notifications.ts';

/** The day on which the clocks are put back. */
const LONGEST_DAY_MS = 25 * 3_600_000;

/** The daily mail about the background: counts every attempt, and has an alert once a day. None of it survives a restart. */
export class DailyDigest {
  readonly #config: Config;
  readonly #timeOfDay: string;
  readonly #counts: BackgroundCounts;
  #dueMs: number;

  constructor(config: Config, timeOfDay: string, nowMs: number) {
    this.#config = config;
    this.#timeOfDay = timeOfDay;
    this.#counts = new BackgroundCounts(nowMs);
    this.#dueMs = nextDaily(nowMs, timeOfDay, config.zone);
  }

  /** The channels that carry it: mail is for reading in the morning, the others are for now. */
  get channels(): string[] {
    return this.#config.channels.filter(({ kind }) => kind === 'email').map(({ name }) => name);
  }

  add(attempt: Attempt): void {
    this.#counts.add(attempt);
  }

  /** It is `nowMs`: the alert about the day, when it is over. */
  turn(nowMs: number): Alert | undefined {
    // A clock that was set back must not keep people waiting until it is there again.
    const wasSetBack = this.#dueMs - nowMs > LONGEST_DAY_MS;
    if (wasSetBack) this.#counts.setBack(nowMs);
    else if (nowMs < this.#dueMs) return undefined;
    this.#dueMs = nextDaily(nowMs, this.#timeOfDay, this.#config.zone);
    if (wasSetBack) return undefined;
    return backgroundAlert(this.#counts.take(nowMs), siteContext(this.#config));
  }
}
