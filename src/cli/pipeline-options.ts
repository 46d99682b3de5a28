import type { Config } from '../config/config.ts';
import { canonicalIp, networkTest } from '../lib/ip.ts';
import type { PipelineMode, PipelineOptions } from '../pipeline.ts';
import type { RuleSet } from '../rule.ts';
import { LineRing } from '../store/line-ring.ts';

/** Raw lines are about 200 octets; the ring has room for as many lines as fit its bytes. */
const TYPICAL_LINE_BYTES = 128;

/** What the configuration says to the pipeline. */
export function pipelineOptions(
  config: Config,
  ruleSet: RuleSet,
  mode: PipelineMode,
): Omit<PipelineOptions, 'onTransition'> {
  const { correlation, limits } = config;
  return {
    mode,
    ruleSet,
    parse: { prefixes: config.prefixes },
    zone: config.zone,
    zones: new Map(
      config.senders.flatMap(({ address, zone }) =>
        zone === undefined ? [] : [[canonicalIp(address)!, zone] as const],
      ),
    ),
    latenessMs: correlation.lateness,
    settleMs: correlation.settle,
    quietMs: correlation.quiet,
    maxDelayMs: correlation.maxDelay,
    maxOpenIncidents: correlation.maxOpenIncidents,
    isOwn: networkTest(config.ownNetworks),
    lines: new LineRing(limits.lineMemory, Math.ceil(limits.lineMemory / TYPICAL_LINE_BYTES)),
  };
}
