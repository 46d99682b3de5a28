import { flagBits } from '../lib/tcp-flags.ts';
import type { DetectSpec } from '../rule.ts';
import type { Hit, TcpFlag } from '../types.ts';
import type { Detector } from './detector.ts';
import { DistinctDetector } from './distinct-detector.ts';
import type { WindowBounds } from './keyed-windows.ts';
import { attemptsIn } from './sliding-window.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const CORE = 0x3f;

/**
 * The kind of stealth probe a set of TCP flags is (nmap -sF -sX -sN and sets that contradict themselves), or undefined
 * for flags that honest traffic has too. SYN+ACK and RST are answers: backscatter of somebody else's spoofing. FIN+ACK
 * and a lone ACK are mostly late packets of closed connections, so they do not count either.
 */
export function stealthKind(flags: readonly TcpFlag[]): string | undefined {
  const bits = flagBits(flags) & CORE;
  if (bits === 0) return 'NULL';
  if (bits === FIN) return 'FIN';
  if ((bits & SYN) !== 0 && (bits & (FIN | RST)) !== 0) return 'SYN with FIN or RST';
  if ((bits & (SYN | RST | ACK)) === 0) return (bits & FIN) !== 0 ? 'Xmas' : 'URG or PSH without ACK';
  return undefined;
}

function isStealth(hit: Hit): boolean {
  return hit.attempt.tcpFlags !== undefined && stealthKind(hit.attempt.tcpFlags) !== undefined;
}

function stealthRemarks(hits: readonly Hit[]): readonly string[] {
  const kinds = new Set(hits.map((hit) => stealthKind(hit.attempt.tcpFlags ?? [])));
  return [`${[...kinds].join(', ')} packets: no honest connection begins that way`];
}

/** Packets whose TCP flags only a scanner sends, to slip past filters that look for SYN (the paper's FIN, Xmas, NULL scans). */
export function stealthScan(
  ruleId: string,
  spec: Extract<DetectSpec, { kind: 'stealth-scan' }>,
  bounds: WindowBounds,
): Detector {
  return new DistinctDetector(
    {
      ruleId,
      spec,
      by: spec.by,
      distinct: 'hit',
      threshold: spec.packets,
      withinMs: spec.withinMs,
      noun: 'stealth packets',
      accepts: isStealth,
      // The incident is told as a number of stealth packets; a scanner's ordinary ones are another rule's.
      company: 'none',
      measure: attemptsIn,
      remarks: stealthRemarks,
    },
    bounds,
  );
}
