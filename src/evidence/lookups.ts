import { oneLine } from '../lib/escape.ts';
import { canonicalIp, classifyIp } from '../lib/ip.ts';
import { limitedTo } from '../lib/limited-to.ts';
import type { Lookup, LookupAnswer } from './lookup.ts';

/** A look-up's answer as it goes into a mail or a report. */
export interface LookupResult extends LookupAnswer {
  /** The look-up's short name. */
  readonly lookup: string;
  readonly label: string;
  /** When this was the answer; look-ups change. */
  readonly asOfMs: number;
  /** There is no answer, and `text` says why. */
  readonly failed?: true;
}

/** Where answers are kept between incidents; a store is one. */
export interface LookupCache {
  cached(key: string, nowMs: number): string | undefined;
  cache(key: string, value: string, expiresAtMs: number): void;
}

export interface LookupsOptions {
  readonly lookups: readonly Lookup[];
  readonly cache?: LookupCache;
  /** How long all look-ups about one source may take together. */
  readonly deadlineMs?: number;
  /** How long one look-up may go on; longer than the deadline, and a late answer serves the next incident. */
  readonly perLookupMs?: number;
  /** Look-ups under way at any time, of all incidents; what comes on top is not begun. */
  readonly maxRunning?: number;
  /** How long an answer is good enough for another incident. */
  readonly ttlMs?: number;
  /** How long "nothing known" and failures are remembered. */
  readonly negativeTtlMs?: number;
  /** How long an answer is kept at all, for a report on what was known then. */
  readonly keepMs?: number;
  /** Treats documentation addresses as public ones: for tests. */
  readonly allowDocumentation?: boolean;
  readonly now?: () => number;
}

const DEFAULTS = {
  deadlineMs: 8_000,
  perLookupMs: 15_000,
  maxRunning: 16,
  ttlMs: 24 * 3_600_000,
  negativeTtlMs: 10 * 60_000,
  keepMs: 30 * 24 * 3_600_000,
  allowDocumentation: false,
  now: Date.now,
};

/** How long an aborted look-up may take to end by itself. */
const GRACE_MS = 250;

/** What is kept: an answer, or why there is none. */
type Kept = { readonly asOfMs: number } & (
  | { readonly kind: 'answer'; readonly answer: LookupAnswer }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly because: string }
);

/**
 * Finds out about the source of an incident, within a deadline, from the cache where it can, and never about addresses that are
 * not public: those are ours or nobody's.
 */
export class Lookups {
  readonly #options: LookupsOptions & typeof DEFAULTS;
  readonly #running = new Map<string, Promise<Kept>>();

  constructor(options: LookupsOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Look-ups under way. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * What is known about a source when the deadline is over, in the order of the look-ups. Never rejects: what failed or was late
   * is a result that says so. An address that is not public gives nothing.
   */
  async gather(source: string, signal?: AbortSignal): Promise<LookupResult[]> {
    const ip = canonicalIp(source);
    if (ip === undefined || !this.#isAskable(ip)) return [];
    const { deadlineMs, lookups } = this.#options;
    const deadline = limitedTo(deadlineMs, signal);
    const late = `no answer within ${deadlineMs / 1000} s`;
    const results = await Promise.all(
      lookups.map(async (lookup) => {
        const kept = await untilAborted(this.#ask(lookup, ip), deadline.signal, late, this.#options.now);
        return resultOf(lookup, kept);
      }),
    );
    deadline.clear();
    return results;
  }

  /** What is kept about a source, however old; nobody is asked. */
  remembered(source: string): LookupResult[] {
    const ip = canonicalIp(source);
    if (ip === undefined) return [];
    const { lookups, cache, now } = this.#options;
    return lookups.flatMap((lookup) => {
      const kept = keptFrom(cache?.cached(keyOf(lookup, ip), now()));
      return kept?.kind === 'answer' ? [resultOf(lookup, kept)] : [];
    });
  }

  #isAskable(ip: string): boolean {
    const kind = classifyIp(ip);
    return kind === 'public' || (kind === 'documentation' && this.#options.allowDocumentation);
  }

  /** The kept answer, one that is under way, or a new one. */
  #ask(lookup: Lookup, ip: string): Promise<Kept> {
    const { cache, now, maxRunning } = this.#options;
    const key = keyOf(lookup, ip);
    const kept = keptFrom(cache?.cached(key, now()));
    if (kept !== undefined && now() - kept.asOfMs < this.#ttlOf(kept)) return Promise.resolve(kept);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (this.#running.size >= maxRunning) {
      return Promise.resolve({
        kind: 'failed',
        because: 'not asked: too many look-ups are under way',
        asOfMs: now(),
      });
    }
    const asked = this.#begin(lookup, ip).then((answer) => {
      this.#running.delete(key);
      const keptMs = answer.kind === 'answer' ? this.#options.keepMs : this.#ttlOf(answer);
      // What was known once is not forgotten because it can not be asked for now.
      if (answer.kind !== 'failed' || kept === undefined)
        cache?.cache(key, JSON.stringify(answer), answer.asOfMs + keptMs);
      return answer;
    });
    this.#running.set(key, asked);
    return asked;
  }

  #ttlOf({ kind }: Kept): number {
    const { ttlMs, negativeTtlMs } = this.#options;
    return kind === 'answer' ? ttlMs : negativeTtlMs;
  }

  /** One look-up; ends in time even when the look-up does not, so that it can not hold a place for good. */
  async #begin(lookup: Lookup, ip: string): Promise<Kept> {
    const { perLookupMs, now } = this.#options;
    const limit = limitedTo(perLookupMs);
    // A look-up that heeds its signal may still hand over what it has got by then.
    const end = limitedTo(perLookupMs + GRACE_MS);
    try {
      const asked = Promise.resolve().then(() => lookup.lookUp(ip, limit.signal));
      const answer = await Promise.race([asked, rejectOn(end.signal)]);
      return answer === undefined
        ? { kind: 'nothing', asOfMs: now() }
        : { kind: 'answer', answer, asOfMs: now() };
    } catch (error) {
      const because = oneLine(String((error as Error)?.message ?? error), 200);
      return { kind: 'failed', because, asOfMs: now() };
    } finally {
      limit.clear();
      end.clear();
    }
  }
}

function keyOf({ name }: Lookup, ip: string): string {
  return `${name} ${ip}`;
}

function resultOf(lookup: Lookup, kept: Kept): LookupResult {
  const head = { lookup: lookup.name, label: lookup.label, asOfMs: kept.asOfMs };
  if (kept.kind === 'answer') return { ...head, ...kept.answer };
  if (kept.kind === 'nothing') return { ...head, text: 'nothing known', failed: true };
  return { ...head, text: kept.because, failed: true };
}

async function untilAborted(
  asked: Promise<Kept>,
  signal: AbortSignal,
  late: string,
  now: () => number,
): Promise<Kept> {
  try {
    return await Promise.race([asked, rejectOn(signal)]);
  } catch {
    return { kind: 'failed', because: late, asOfMs: now() };
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(new Error('no answer in time'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function keptFrom(text: string | undefined): Kept | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Kept;
    return ['answer', 'nothing', 'failed'].includes(value?.kind) ? value : undefined;
  } catch {
    return undefined;
  }
}
