import type { DetectSpec } from '../rule.ts';
import type { Detection, Hit } from '../types.ts';

/**
 * One condition of one rule. Hits arrive in event-time order (the reorder buffer sees to it);
 * a detector has no clock but `hit.attempt.atMs` and what `expire` tells it.
 */
export interface Detector {
  readonly spec: DetectSpec;
  /**
   * Adds a hit; returns what it means now, or undefined while the condition is not met for its key. `isOpen`: its window is
   * part of an open incident, which has all hits but this one; without it a met condition hands over the whole window.
   */
  add(hit: Hit, isOpen: boolean): Detection | undefined;
  /** Whether a hit may be part of an open incident without meeting the condition itself. */
  joins(hit: Hit): boolean;
  /** The incident a hit would belong to: equal for all that is one story. */
  identifier(hit: Hit): string;
  /** The window a hit belongs to within its incident. */
  key(hit: Hit): string;
  /** Forgets what lies outside every window at `nowMs`. Cheap when there is nothing to forget. */
  expire(nowMs: number): void;
  /** The clock was set back: forgets hits that happened after `nowMs`. */
  setBack(nowMs: number): void;
  /** Progress of the key a hit belongs to, for `explain`: "2 of 3 hosts so far". */
  progress(hit: Hit): string;
  readonly stats: DetectorStats;
}

export interface DetectorStats {
  readonly keys: number;
  /** Keys given up because the bound was reached. */
  readonly evicted: number;
}
