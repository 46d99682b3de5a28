import { parseIpv4 } from '../lib/ip.ts';
import { flagBits, flagsOf } from '../lib/tcp-flags.ts';
import type { GroupBy } from '../rule.ts';
import type { Attempt, Hit, WatchedHost } from '../types.ts';
import { Interner } from './interner.ts';
import { textKey } from './keys.ts';
import { type Single, Singles } from './singles.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Bounds of one detector's memory. */
export interface WindowBounds {
  /** Keys remembered that have a single hit so far (about 70 bytes each). */
  readonly maxSingles: number;
  /** Keys with more than one hit (about 1 KiB each). */
  readonly maxWindows: number;
  /** Hits remembered for one key; twice the threshold where that is more. */
  readonly maxHitsPerKey: number;
  /** Hits remembered in windows, of all keys together (under 1 KiB each). */
  readonly maxHits: number;
}

export const DEFAULT_BOUNDS: WindowBounds = {
  maxSingles: 2_097_152,
  maxWindows: 32_768,
  maxHitsPerKey: 1_024,
  maxHits: 1_048_576,
};

/** What a lone hit has in common with many others. */
type Report = Pick<
  Attempt,
  | 'parser'
  | 'vendor'
  | 'product'
  | 'action'
  | 'rule'
  | 'transport'
  | 'protocolNumber'
  | 'observer'
  | 'timeSource'
>;

/** What is counted as distinct within a window. */
export type Distinct = 'host' | 'port' | 'source' | 'hit';

const HOST_BITS = 1_048_576;

/**
 * One sliding window per key, for any number of keys in bounded memory. A key's first hit goes to the flat table of
 * singles when it fits there (an IPv4 source grouped with one port or one host); its second hit makes it a window of its
 * own. When there are too many windows, or hits in them, keys with a single distinct value are given up first.
 */
export class KeyedWindows {
  readonly #windows = new Map<string | number, SlidingWindow<string | number>>();
  readonly #singles: Singles;
  readonly #hosts = new Interner<WatchedHost>(HOST_BITS);
  readonly #reports = new Interner<Report>(65_535);
  readonly #by: readonly GroupBy[];
  readonly #distinct: Distinct;
  readonly #withinMs: number;
  readonly #holds: number;
  readonly #bounds: WindowBounds;
  /** Hits in all windows. */
  #hits = 0;
  #evicted = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #nextSweepMs = Number.NEGATIVE_INFINITY;

  /** Each window tells exactly whether it has `threshold`. */
  constructor(
    by: readonly GroupBy[],
    distinct: Distinct,
    threshold: number,
    withinMs: number,
    bounds: WindowBounds,
  ) {
    this.#by = by;
    this.#distinct = distinct;
    this.#withinMs = withinMs;
    this.#holds = Math.max(threshold, bounds.maxHitsPerKey >> 1);
    this.#bounds = bounds;
    this.#singles = new Singles(withinMs, bounds.maxSingles);
  }

  get stats(): { readonly keys: number; readonly evicted: number } {
    return { keys: this.#windows.size + this.#singles.size, evicted: this.#evicted + this.#singles.evicted };
  }

  /** Adds a hit to its key's window; undefined while it is that key's only hit. */
  add(hit: Hit): SlidingWindow<string | number> | undefined {
    this.#newestMs = Math.max(this.#newestMs, hit.attempt.atMs);
    const flat = this.#flatKey(hit);
    const key = flat === undefined ? textKey(hit, this.#by) : flat.a * HOST_BITS + flat.b;
    let window = this.#windows.get(key);
    if (window === undefined && flat !== undefined) {
      const first = this.#singles.take(flat.a, flat.b, hit.attempt.atMs);
      if (first === undefined && this.#putSingle(flat, hit)) return undefined;
      window = this.#open(key);
      if (first !== undefined) this.#addTo(window, this.#revive(first, hit));
    }
    window ??= this.#open(key);
    this.#addTo(window, hit);
    while (this.#hits > this.#bounds.maxHits && this.#windows.size > 1) this.#evict(key);
    return window;
  }

  /** The window of a hit's key, if it has more than one hit. */
  peek(hit: Hit): SlidingWindow<string | number> | undefined {
    const flat = this.#flatKey(hit);
    return this.#windows.get(flat === undefined ? textKey(hit, this.#by) : flat.a * HOST_BITS + flat.b);
  }

  /** Forgets windows that hold nothing at `nowMs`; looks through them at most four times per window length. */
  expire(nowMs: number): void {
    if (nowMs < this.#nextSweepMs) return;
    this.#nextSweepMs = nowMs + Math.max(1_000, this.#withinMs / 4);
    for (const [key, window] of this.#windows) {
      if (window.newestMs <= nowMs - this.#withinMs) this.#drop(key, window);
    }
  }

  /** The clock was set back: forgets hits that happened after `nowMs`. */
  setBack(nowMs: number): void {
    if (this.#newestMs <= nowMs) return;
    this.#newestMs = nowMs;
    this.#nextSweepMs = nowMs;
    this.#singles.setBack(nowMs);
    this.#hits = 0;
    for (const window of this.#windows.values()) {
      window.setBack(nowMs);
      this.#hits += window.length;
    }
  }

  #valueOf(hit: Hit): string | number {
    if (this.#distinct === 'host') return hit.host.ip;
    if (this.#distinct === 'port') return hit.port;
    return this.#distinct === 'source' ? hit.sourceIp : hit.attempt.line.sequence;
  }

  #addTo(window: SlidingWindow<string | number>, hit: Hit): void {
    const before = window.length;
    window.add(hit, this.#valueOf(hit));
    this.#hits += window.length - before;
  }

  #drop(key: string | number, window: SlidingWindow<string | number>): void {
    this.#windows.delete(key);
    this.#hits -= window.length;
  }

  #open(key: string | number): SlidingWindow<string | number> {
    if (this.#windows.size >= this.#bounds.maxWindows) this.#evict();
    const window = new SlidingWindow<string | number>(this.#withinMs, this.#holds);
    this.#windows.set(key, window);
    return window;
  }

  /** Gives up the oldest key with one distinct value among the first few, else the oldest; never `except`. */
  #evict(except?: string | number): void {
    let victim: string | number | undefined;
    let looked = 0;
    for (const [key, window] of this.#windows) {
      if (key === except) continue;
      victim ??= key;
      if (window.distinct <= 1) victim = key;
      if (window.distinct <= 1 || ++looked === 64) break;
    }
    if (victim === undefined) return;
    this.#drop(victim, this.#windows.get(victim)!);
    this.#evicted++;
  }

  /** Keys that fit the flat table: an IPv4 source with one port, or with one host; the other of the two is the value. */
  #flatKey(hit: Hit): { readonly a: number; readonly b: number } | undefined {
    if (this.#by.length !== 2 || this.#by[0] !== 'source' || hit.port < 0) return undefined;
    if (this.#distinct !== (this.#by[1] === 'port' ? 'host' : 'port')) return undefined;
    const a = parseIpv4(hit.sourceIp);
    if (a < 0) return undefined;
    if (this.#by[1] === 'port') return { a, b: hit.port };
    const b = this.#hosts.intern(hit.host.ip, () => hit.host);
    return b < 0 ? undefined : { a, b };
  }

  /** Logins, requests, and lines that name several ports have more to say than the table keeps: they get a window at once. */
  #putSingle(key: { readonly a: number; readonly b: number }, hit: Hit): boolean {
    const { attempt } = hit;
    if (attempt.kind !== 'packet' || attempt.furtherPorts !== undefined) return false;
    const valueId = this.#distinct === 'host' ? this.#hosts.intern(hit.host.ip, () => hit.host) : hit.port;
    const { observer, parser, product, action, rule, transport, timeSource } = attempt;
    const report = `${observer.address} ${observer.via} ${observer.hostname} ${parser} ${product} ${action} ${transport} ${timeSource} ${rule}`;
    const observerId = this.#reports.intern(report, () => reportOf(attempt));
    if (valueId < 0 || observerId < 0) return false;
    this.#singles.put(key.a, key.b, {
      valueId,
      atMs: attempt.atMs,
      line: attempt.line.sequence,
      sourcePort: attempt.source.port ?? 0,
      count: attempt.count,
      observerId,
      flags: attempt.tcpFlags === undefined ? 0 : flagBits(attempt.tcpFlags),
    });
    return true;
  }

  /** The lone hit as it was, told from what the table kept and what every hit of the key has in common. */
  #revive(single: Single, later: Hit): Hit {
    const host = this.#distinct === 'host' ? this.#hosts.get(single.valueId)! : later.host;
    const port = this.#distinct === 'port' ? single.valueId : later.port;
    const attempt: Attempt = {
      kind: 'packet',
      ...this.#reports.get(single.observerId)!,
      atMs: single.atMs,
      count: single.count,
      line: { sequence: single.line },
      source:
        single.sourcePort > 0 ? { ip: later.sourceIp, port: single.sourcePort } : { ip: later.sourceIp },
      destination: { ip: host.ip, port },
      ...(single.flags === 0 ? {} : { tcpFlags: flagsOf(single.flags) }),
    };
    return { ...later, host, port, attempt };
  }
}

function reportOf({
  parser,
  vendor,
  product,
  action,
  rule,
  transport,
  protocolNumber,
  observer,
  timeSource,
}: Attempt): Report {
  return {
    parser,
    vendor,
    product,
    action,
    observer,
    timeSource,
    ...(rule === undefined ? {} : { rule }),
    ...(transport === undefined ? {} : { transport }),
    ...(protocolNumber === undefined ? {} : { protocolNumber }),
  };
}
