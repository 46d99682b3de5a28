import type { SyslogMessage, TimeSource } from '../types.ts';

/** The event time of a message, where it comes from, and, when it is not the device's own, why. */
export interface EventTime {
  readonly atMs: number;
  readonly source: TimeSource;
  readonly because?: string;
}

export interface LiveClockBounds {
  /** A stamp this far behind its receipt is still taken for a delayed line, not for a wrong clock. */
  readonly maxDelayMs: number;
}

/** Clocks are rarely exact to the second: a stamp ahead of its receipt by less than this is not worth a word. */
const TOLERANCE_MS = 2_000;

/**
 * The event time of a line received live. The device's stamp counts when its clock is synchronised and the stamp lies
 * between `maxDelayMs` before the receipt and the receipt; nothing happens after it was reported, and a forged stamp from
 * the future must not push everybody else's clock. `skewMs` is what the sender's clock is known to be behind by.
 */
export function liveEventTime(
  message: SyslogMessage,
  receivedAtMs: number,
  skewMs: number,
  bounds: LiveClockBounds,
): EventTime {
  const stamp = message.timestamp;
  if (stamp === undefined)
    return { atMs: receivedAtMs, source: 'receipt', because: 'the line has no time stamp' };
  if (stamp.quality !== 'device' || stamp.epochMs === undefined) {
    return { atMs: receivedAtMs, source: 'receipt', because: `the stamp is ${stamp.quality}` };
  }
  const atMs = stamp.epochMs + skewMs;
  const aheadMs = atMs - receivedAtMs;
  if (aheadMs > TOLERANCE_MS)
    return { atMs: receivedAtMs, source: 'receipt', because: 'the stamp is from the future' };
  if (-aheadMs > bounds.maxDelayMs)
    return { atMs: receivedAtMs, source: 'receipt', because: 'the stamp is too old to be a delay' };
  const corrected =
    skewMs === 0
      ? {}
      : {
          because: `the sender's clock is ${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs > 0 ? 'behind' : 'ahead'}, corrected`,
        };
  return { atMs: Math.min(atMs, receivedAtMs), source: 'device', ...corrected };
}

/** The event time of a replayed line; one that states none takes that of the line before it. */
export function replayEventTime(message: SyslogMessage, previousMs: number): EventTime {
  return (
    statedTime(message) ?? {
      atMs: previousMs,
      source: 'receipt',
      because: 'the line has no usable time stamp',
    }
  );
}

/**
 * What a line says without anybody knowing when it came: the best of its stamps. The device's own when its clock is
 * synchronised, else the relay's, else the device's all the same.
 */
export function statedTime(message: SyslogMessage): EventTime | undefined {
  const own = message.timestamp;
  if (own?.quality === 'device' && own.epochMs !== undefined) return { atMs: own.epochMs, source: 'device' };
  const relayed = message.relay?.timestamp;
  if (relayed?.quality === 'device' && relayed.epochMs !== undefined) {
    return {
      atMs: relayed.epochMs,
      source: 'relay',
      because: `the device's stamp is ${own?.quality ?? 'missing'}`,
    };
  }
  if (own?.epochMs === undefined) return undefined;
  return { atMs: own.epochMs, source: 'device', because: `the stamp is ${own.quality}` };
}
