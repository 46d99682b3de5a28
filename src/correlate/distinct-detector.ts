import { formatDuration } from '../lib/duration.ts';
import type { DetectSpec, GroupBy } from '../rule.ts';
import type { Detection, Hit } from '../types.ts';
import type { Detector, DetectorStats } from './detector.ts';
import { type Distinct, KeyedWindows, type WindowBounds } from './keyed-windows.ts';
import { incidentIdentifier, textKey } from './keys.ts';
import type { SlidingWindow } from './sliding-window.ts';

/** What makes one "count distinct values per key" detector differ from another. */
export interface DistinctCondition {
  readonly ruleId: string;
  readonly spec: DetectSpec;
  readonly by: readonly GroupBy[];
  readonly distinct: Distinct;
  readonly threshold: number;
  readonly withinMs: number;
  /** What is counted, plural: `watched hosts`, `ports`. */
  readonly noun: string;
  /** How much of the threshold a window holds; the number of distinct values when absent. */
  readonly measure?: (window: SlidingWindow<string | number>) => number;
  /** Hits that count at all; all when absent. */
  readonly accepts?: (hit: Hit) => boolean;
  /** `none`: hits that do not count are no part of the incident either; else they belong to its story. */
  readonly company?: 'none';
  /** Observations about the hits that met the condition. */
  readonly remarks?: (hits: readonly Hit[]) => readonly string[];
}

/** Fires when one key has a number of distinct values within a sliding window. */
export class DistinctDetector implements Detector {
  readonly spec: DetectSpec;
  readonly #condition: DistinctCondition;
  readonly #windows: KeyedWindows;

  constructor(condition: DistinctCondition, bounds: WindowBounds) {
    this.spec = condition.spec;
    this.#condition = condition;
    this.#windows = new KeyedWindows(
      condition.by,
      condition.distinct,
      condition.threshold,
      condition.withinMs,
      bounds,
    );
  }

  get stats(): DetectorStats {
    return this.#windows.stats;
  }

  joins(hit: Hit): boolean {
    return this.#condition.company !== 'none' || this.#condition.accepts?.(hit) !== false;
  }

  identifier(hit: Hit): string {
    return incidentIdentifier(this.#condition.ruleId, this.spec.kind, this.#condition.by, hit);
  }

  key(hit: Hit): string {
    return textKey(hit, this.#condition.by);
  }

  add(hit: Hit, isOpen: boolean): Detection | undefined {
    if (this.#condition.accepts?.(hit) === false) return undefined;
    const { threshold } = this.#condition;
    if (threshold <= 1) return this.#detection(hit, [hit], 1, 0);
    const window = this.#windows.add(hit);
    if (window === undefined) return undefined;
    if (window.met && isOpen) return this.#detection(hit, [hit], this.#measure(window), 0);
    if (this.#measure(window) < threshold) return undefined;
    window.met = true;
    const hits = [...window.hits];
    return this.#detection(hit, hits, this.#measure(window), hit.attempt.atMs - hits[0]!.attempt.atMs);
  }

  expire(nowMs: number): void {
    this.#windows.expire(nowMs);
  }

  setBack(nowMs: number): void {
    this.#windows.setBack(nowMs);
  }

  progress(hit: Hit): string {
    const { noun, threshold, withinMs } = this.#condition;
    if (this.#condition.accepts?.(hit) === false) return `does not count for ${this.spec.kind}`;
    const window = this.#windows.peek(hit);
    const have = window === undefined ? 1 : this.#measure(window);
    return `${have} of ${threshold} ${noun} within ${formatDuration(withinMs)} so far`;
  }

  #measure(window: SlidingWindow<string | number>): number {
    return this.#condition.measure?.(window) ?? window.distinct;
  }

  #detection(hit: Hit, hits: readonly Hit[], have: number, tookMs: number): Detection {
    const { ruleId, noun, threshold, withinMs } = this.#condition;
    const remarks = hits.length >= Math.min(2, threshold) ? this.#condition.remarks?.(hits) : undefined;
    return {
      kind: this.spec.kind,
      ruleId,
      identifier: this.identifier(hit),
      hits,
      sentence: `${have} ${noun} within ${formatDuration(tookMs)}; the rule asks for ${threshold} within ${formatDuration(withinMs)}`,
      ...(remarks === undefined ? {} : { remarks }),
    };
  }
}
