import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PipelineClock } from '../../src/daemon/pipeline-clock.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { LineRing } from '../../src/store/line-ring.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';
import { smallSite } from '../support/skim-rig.ts';

const START_MS = Date.UTC(2026, 10, 23, 3, 0, 0);
const LATENESS_MS = smallSite.latenessMs;

/** When, after a hit at `hitMs` in a quiet night, an incident opened and its first alert was due. In milliseconds from here. */
function timesOfAlert(hitMs: number, settleMs: number): { opened?: number; settled?: number } {
  const times: { opened?: number; settled?: number } = {};
  const startMs = Date.now();
  const pipeline = new Pipeline({
    mode: 'live',
    ruleSet: ruleSet([rule('knock', hosts('192.0.2.10'), ports(143))]),
    ...smallSite,
    settleMs,
    lines: new LineRing(1 << 12, 8),
    onTransition: (_, transition) => {
      if (transition === 'opened' || transition === 'settled') times[transition] = Date.now() - startMs;
    },
  });
  const clock = new PipelineClock(pipeline);
  clock.start();
  vi.advanceTimersByTime(hitMs);
  pipeline.process({
    bytes: Buffer.from(
      '<4>kernel: DROP IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.10 LEN=60 PROTO=TCP SPT=31337 DPT=143 WINDOW=1024 RES=0x00 SYN URGP=0',
    ),
    receivedAtMs: Date.now(),
    peer: { address: '192.0.2.1', port: 514 },
    transport: 'udp',
  });
  vi.advanceTimersByTime(60_000);
  clock.stop();
  return times;
}

describe('PipelineClock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START_MS });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has an alert told of at the moment it is due, though no further line comes', () => {
    for (const hitMs of [1, 100, 251, 499])
      expect(timesOfAlert(hitMs, 10_000)).toEqual({ opened: hitMs + LATENESS_MS, settled: hitMs + 10_000 });
  });

  it('is no later than its ticks where an alert is due as soon as its hit is judged', () => {
    const { opened, settled } = timesOfAlert(123, 0);
    expect(opened).toBe(123 + LATENESS_MS);
    expect(settled).toBe(opened);
  });

  it('leaves nothing running when it is stopped', () => {
    timesOfAlert(7, 10_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
