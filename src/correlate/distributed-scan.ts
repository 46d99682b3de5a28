import { formatDuration } from '../lib/duration.ts';
import type { DetectSpec } from '../rule.ts';
import type { Detection, Hit } from '../types.ts';
import { decoyRemarks } from './decoy.ts';
import type { Detector, DetectorStats } from './detector.ts';
import { KeyedWindows, type WindowBounds } from './keyed-windows.ts';
import { incidentIdentifier, textKey } from './keys.ts';
import type { SlidingWindow } from './sliding-window.ts';

type DistributedScan = Extract<DetectSpec, { kind: 'distributed-scan' }>;

/**
 * Several sources knock on the same port of several watched hosts in a short time: a botnet, or one machine with decoys.
 * Keep the window short: on a busy perimeter unrelated sources share every common port within minutes.
 */
export class DistributedScanDetector implements Detector {
  readonly spec: DistributedScan;
  readonly #ruleId: string;
  readonly #sources: KeyedWindows;
  readonly #hosts: KeyedWindows;
  /** Windows whose sources have been found out to be decoys. */
  readonly #decoys = new WeakSet<SlidingWindow<string | number>>();

  constructor(ruleId: string, spec: DistributedScan, bounds: WindowBounds) {
    this.spec = spec;
    this.#ruleId = ruleId;
    this.#sources = new KeyedWindows(spec.by, 'source', spec.sources, spec.withinMs, bounds);
    this.#hosts = new KeyedWindows(spec.by, 'host', spec.hosts, spec.withinMs, bounds);
  }

  get stats(): DetectorStats {
    const sources = this.#sources.stats;
    return { keys: sources.keys, evicted: sources.evicted + this.#hosts.stats.evicted };
  }

  joins(): boolean {
    return true;
  }

  identifier(hit: Hit): string {
    return incidentIdentifier(this.#ruleId, this.spec.kind, this.spec.by, hit);
  }

  key(hit: Hit): string {
    return textKey(hit, this.spec.by);
  }

  add(hit: Hit, isOpen: boolean): Detection | undefined {
    const sources = this.#sources.add(hit);
    const hosts = this.#hosts.add(hit);
    const manySources = (sources?.distinct ?? 1) >= this.spec.sources;
    const manyHosts = (hosts?.distinct ?? 1) >= this.spec.hosts;
    if (sources?.met && isOpen) {
      const detection = this.#detection(hit, [hit], sources.distinct, hosts?.distinct ?? 1);
      return { ...detection, remarks: this.#lookAgain(sources) };
    }
    if (!manySources || !manyHosts) return undefined;
    if (sources === undefined) return this.#detection(hit, [hit], 1, hosts?.distinct ?? 1);
    sources.met = true;
    const hits = [...sources.hits];
    const detection = this.#detection(hit, hits, sources.distinct, hosts?.distinct ?? 1);
    return { ...detection, remarks: this.#noted(sources, decoyRemarks(hits)) };
  }

  expire(nowMs: number): void {
    this.#sources.expire(nowMs);
    this.#hosts.expire(nowMs);
  }

  setBack(nowMs: number): void {
    this.#sources.setBack(nowMs);
    this.#hosts.setBack(nowMs);
  }

  progress(hit: Hit): string {
    const sources = this.#sources.peek(hit)?.distinct ?? 1;
    const hosts = this.#hosts.peek(hit)?.distinct ?? 1;
    const { spec } = this;
    return `${sources} of ${spec.sources} sources and ${hosts} of ${spec.hosts} watched hosts within ${formatDuration(spec.withinMs)} so far`;
  }

  /** An order shows only after some rounds: a window is looked at again when it has doubled, until there is evidence. */
  #lookAgain(window: SlidingWindow<string | number>): readonly string[] {
    const { length, hits } = window;
    if ((length & (length - 1)) !== 0 || this.#decoys.has(window)) return [];
    return this.#noted(window, decoyRemarks(hits));
  }

  #noted(window: SlidingWindow<string | number>, remarks: readonly string[]): readonly string[] {
    if (remarks.length > 0) this.#decoys.add(window);
    return remarks;
  }

  #detection(hit: Hit, hits: readonly Hit[], sources: number, hosts: number): Detection {
    const { spec } = this;
    const tookMs = hit.attempt.atMs - hits[0]!.attempt.atMs;
    return {
      kind: spec.kind,
      ruleId: this.#ruleId,
      identifier: this.identifier(hit),
      hits,
      sentence: `${sources} sources on ${hosts} watched hosts within ${formatDuration(tookMs)}; the rule asks for ${spec.sources} sources on ${spec.hosts} hosts within ${formatDuration(spec.withinMs)}`,
    };
  }
}
