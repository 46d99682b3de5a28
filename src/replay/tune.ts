import { Correlator } from '../correlate/correlator.ts';
import { Pipeline, type PipelineOptions } from '../pipeline.ts';
import type { LogFile } from '../receive/file.ts';
import type { DetectSpec, Rule, RuleSet } from '../rule.ts';
import type { Hit } from '../types.ts';
import { type ReplayOptions, replay } from './replay.ts';

/** A detector with a threshold to tune; `any` has none. */
export type TunableSpec = Exclude<DetectSpec, { kind: 'any' }>;
export type Threshold = 'hosts' | 'ports' | 'sources' | 'packets' | 'count';

/** What is asked for by each detector. */
export const THRESHOLDS: { readonly [K in TunableSpec['kind']]: Threshold } = {
  'address-scan': 'hosts',
  'port-scan': 'ports',
  'distributed-scan': 'sources',
  'stealth-scan': 'packets',
  repeat: 'count',
};

/** The hits of one rule in some logs, in the order they were read, with how far the stream's clock had come at each. */
export interface CollectedHits {
  readonly rule: Rule;
  readonly lines: number;
  readonly hits: readonly { readonly hit: Hit; readonly clockMs: number }[];
}

/** The pipeline, but for what tuning does itself. */
type TuneOptions = Omit<PipelineOptions, 'onTransition' | 'ruleSet' | 'mode'>;

/** How the logs are read. */
interface TuneReading extends Pick<ReplayOptions, 'maxLineBytes' | 'nowMs'> {
  /** Now and then, with the lines so far. */
  readonly onLines?: (lines: number) => void;
}

/** Hits kept in memory; about a kilobyte each. */
const MAX_HITS = 1_000_000;

/** Reads logs once and keeps the hits of one rule. Rejects when a file can not be read, and when there are too many hits. */
export async function collectHits(
  files: readonly LogFile[],
  rule: Rule,
  ruleSet: RuleSet,
  options: TuneOptions,
  { onLines, ...reading }: TuneReading,
): Promise<CollectedHits> {
  const hits: { hit: Hit; clockMs: number }[] = [];
  let lines = 0;
  let clockMs = Number.NEGATIVE_INFINITY;
  // Only the hits are wanted: without detectors the pipeline keeps nothing.
  const matchOnly: RuleSet = { ...ruleSet, rules: [{ ...rule, detect: [] }] };
  const pipeline = new Pipeline({ ...options, mode: 'replay', ruleSet: matchOnly, onTransition: () => {} });
  await replay(files, pipeline, {
    ...reading,
    onProgress: () => onLines?.(lines),
    onPassedOver: (passed) => {
      lines += passed;
    },
    onOutcome: ({ time, hits: found }) => {
      lines++;
      if (time !== undefined && time.source !== 'receipt' && time.atMs > clockMs) clockMs = time.atMs;
      for (const hit of found) hits.push({ hit, clockMs });
      if (hits.length > MAX_HITS)
        throw new Error(
          `more than ${MAX_HITS.toLocaleString('en')} lines match rule ${rule.id}: give fewer files at once`,
        );
    },
  });
  return { rule, lines, hits };
}

/** The same detector with another threshold and window. */
export function withSetting(spec: TunableSpec, threshold: number, withinMs: number): TunableSpec {
  return { ...spec, [THRESHOLDS[spec.kind]]: threshold, withinMs } as TunableSpec;
}

/** The silence that ends an incident of the rule: its other detectors' windows have a say in it. */
function quietOf({ detect, quietMs }: Rule, { kind }: TunableSpec, options: TuneOptions): number {
  const others = detect.filter((spec) => spec.kind !== kind);
  return Math.max(
    quietMs ?? options.quietMs,
    ...others.map((spec) => ('withinMs' in spec ? spec.withinMs : 0)),
  );
}

/** How many incidents of this detector the hits would have opened. */
export function countIncidents(
  { rule, hits }: CollectedHits,
  spec: TunableSpec,
  options: TuneOptions,
): number {
  let incidents = 0;
  const correlator = new Correlator([{ ...rule, detect: [spec], quietMs: quietOf(rule, spec, options) }], {
    ...options,
    lineOf: () => undefined,
    maxOpen: options.maxOpenIncidents,
    onTransition: (_, transition) => {
      if (transition === 'opened') incidents++;
    },
  });
  for (const { hit, clockMs } of hits) {
    correlator.advance(clockMs);
    correlator.add(hit, clockMs);
  }
  correlator.flush();
  return incidents;
}
