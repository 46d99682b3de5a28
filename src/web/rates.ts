import type { Counts } from './source.ts';

const FIELDS = ['lines', 'attempts', 'hits', 'unknown', 'malformed'] as const;
type Field = (typeof FIELDS)[number];

const SECONDS = 300;
const MINUTES = 24 * 60;
/** Rates are the mean of so many seconds. */
const RATE_SECONDS = 10;

/** Lines by what became of them: in all, by second for five minutes, by minute for a day. Counting is one addition. */
export class Rates implements Counts {
  lines = 0;
  attempts = 0;
  hits = 0;
  unknown = 0;
  malformed = 0;
  readonly #startedAtMs: number;
  readonly #seconds: Steps;
  readonly #minutes: Steps;

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#seconds = new Steps(1_000, SECONDS, startedAtMs);
    this.#minutes = new Steps(60_000, MINUTES, startedAtMs);
  }

  /** Time has come to `nowMs`; what was counted since the last call belongs to the step before. To be called every second. */
  turn(nowMs: number): void {
    this.#seconds.turn(this, nowMs);
    this.#minutes.turn(this, nowMs);
  }

  get totals(): Counts {
    const { lines, attempts, hits, unknown, malformed } = this;
    return { lines, attempts, hits, unknown, malformed };
  }

  /** Per second, over the last seconds that are complete. */
  perSecond(): Counts {
    const end = this.#seconds.step;
    const begin = Math.max(end - RATE_SECONDS, Math.floor(this.#startedAtMs / 1_000));
    const span = Math.max(1, end - begin);
    const rate = (field: Field) =>
      this.#seconds.values(field, begin, end).reduce((sum, n) => sum + n, 0) / span;
    return {
      lines: rate('lines'),
      attempts: rate('attempts'),
      hits: rate('hits'),
      unknown: rate('unknown'),
      malformed: rate('malformed'),
    };
  }

  /** Lines and hits in each second of the last five minutes, oldest first. */
  recent(): { readonly lines: number[]; readonly hits: number[] } {
    const end = this.#seconds.step;
    const begin = end - SECONDS + 1;
    return {
      lines: this.#seconds.values('lines', begin, end),
      hits: this.#seconds.values('hits', begin, end),
    };
  }

  /** The last `count` minutes that are complete, oldest first; none from before the start. */
  minutes(count: number): {
    readonly times: number[];
    readonly lines: number[];
    readonly attempts: number[];
    readonly hits: number[];
  } {
    const end = this.#minutes.step;
    const begin = Math.max(end - Math.min(count, MINUTES - 1), Math.floor(this.#startedAtMs / 60_000));
    const of = (field: Field) => this.#minutes.values(field, begin, end);
    return {
      times: Array.from({ length: end - begin }, (_, i) => (begin + i) * 60_000),
      lines: of('lines'),
      attempts: of('attempts'),
      hits: of('hits'),
    };
  }
}

/** What was counted in each of the last `size` steps of time. */
class Steps {
  step: number;
  readonly #stepMs: number;
  readonly #size: number;
  readonly #slots: Float64Array;
  /** The counters at the beginning of the step that is under way. */
  #before: readonly number[] = FIELDS.map(() => 0);

  constructor(stepMs: number, size: number, startedAtMs: number) {
    this.#stepMs = stepMs;
    this.#size = size;
    this.#slots = new Float64Array(size * FIELDS.length);
    this.step = Math.floor(startedAtMs / stepMs);
  }

  turn(counters: Counts, nowMs: number): void {
    const step = Math.floor(nowMs / this.#stepMs);
    if (step <= this.step) return;
    const now = FIELDS.map((field) => counters[field]);
    this.#slots.set(
      now.map((n, i) => n - this.#before[i]!),
      this.#at(this.step),
    );
    this.#before = now;
    for (let s = Math.max(this.step + 1, step - this.#size + 1); s <= step; s++) {
      this.#slots.fill(0, this.#at(s), this.#at(s) + FIELDS.length);
    }
    this.step = step;
  }

  /** One counter in the steps from `begin` up to, not including, `end`. */
  values(field: Field, begin: number, end: number): number[] {
    const offset = FIELDS.indexOf(field);
    return Array.from({ length: end - begin }, (_, i) => this.#slots[this.#at(begin + i) + offset]!);
  }

  #at(step: number): number {
    return (step % this.#size) * FIELDS.length;
  }
}
