import type { Config } from '../config/config.ts';
import { backgroundAlert } from '../notify/background.ts';
import { BackgroundCounts } from '../notify/background-counts.ts';
import { nextDaily } from '../notify/daily.ts';
import type { Alert, Attempt } from '../types.ts';
import { siteContext } from './notifications.ts';

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
    if (nowMs < this.#dueMs) return undefined;
    this.#dueMs = nextDaily(nowMs, this.#timeOfDay, this.#config.zone);
    return backgroundAlert(this.#counts.take(nowMs), siteContext(this.#config));
  }
}
