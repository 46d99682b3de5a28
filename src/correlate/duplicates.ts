import { BoundedMap } from '../lib/bounded-map.ts';
import type { Hit } from '../types.ts';

/** Two reports of one packet are this close in time; a retransmission is further away or has another IP id. */
const WITHIN_MS = 2_000;
const MAX_REMEMBERED = 16_384;

interface Seen {
  readonly atMs: number;
  readonly path: string;
  readonly ipId: number | undefined;
  readonly tcpSequence: number | undefined;
}

/**
 * Finds packets that were reported twice: by the device and its relay, over UDP and TCP, or by LOG rules in two chains. A
 * second report of the same five-tuple within two seconds is one when it came another way, or carries the same IP id (0
 * says nothing) and sequence number. Two packets of the same flow by the same way stay two.
 */
export class Duplicates {
  readonly #seen = new BoundedMap<string, Seen>(MAX_REMEMBERED);
  #count = 0;

  /** Reports recognised as repeats so far. */
  get count(): number {
    return this.#count;
  }

  isRepeat(hit: Hit): boolean {
    const { attempt } = hit;
    if (attempt.kind !== 'packet' || attempt.source.port === undefined) return false;
    const key = `${hit.ruleId} ${hit.sourceIp} ${attempt.source.port} ${hit.host.ip} ${hit.port} ${attempt.transport}`;
    const now: Seen = {
      atMs: attempt.atMs,
      // By name too: in one file, or behind one relay, all reporters have the same address.
      path: `${attempt.observer.address} ${attempt.observer.via} ${attempt.observer.hostname}`,
      ipId: attempt.packet?.ipId,
      tcpSequence: attempt.packet?.tcpSequence,
    };
    const before = this.#seen.get(key);
    if (before !== undefined && Math.abs(now.atMs - before.atMs) <= WITHIN_MS && samePacket(before, now)) {
      this.#count++;
      return true;
    }
    this.#seen.set(key, now);
    return false;
  }
}

function samePacket(a: Seen, b: Seen): boolean {
  const bothSay = (x: number | undefined, y: number | undefined) => x !== undefined && y !== undefined;
  if (bothSay(a.ipId, b.ipId) && a.ipId !== b.ipId) return false;
  if (bothSay(a.tcpSequence, b.tcpSequence) && a.tcpSequence !== b.tcpSequence) return false;
  return a.path !== b.path || (a.ipId === b.ipId && (a.ipId ?? 0) > 0);
}
