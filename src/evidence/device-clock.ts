import { formatDuration } from '../lib/duration.ts';
import { visible } from '../lib/escape.ts';

/** Zones differ by quarters of an hour. */
const WRONG_ZONE_MS = 14 * 60_000;

/** What is known about the clock of a device that logged lines. */
export interface DeviceClock {
  readonly address: string;
  readonly hostname?: string;
  /** Whether its lines state a zone, it was assumed from the configuration, or they have no time of their own. */
  readonly zone: 'stated' | 'assumed' | 'none';
  /** Of the times in its lines, `+01:00`; absent when it could not be told. */
  readonly utcOffset?: string;
  /** Device time minus receipt time: negative when its clock is behind ours. */
  readonly skewMs?: number;
  /** Lines the skew was measured on. */
  readonly samples?: number;
}

/** How far the times in the lines can be trusted, a line for each device. */
export function clockLines(clocks: readonly DeviceClock[], show: (text: string) => string): string[] {
  if (clocks.length === 0)
    return ['nothing is known about the clocks of the devices; receipt times are by our own clock'];
  return clocks.map((clock) => {
    const { hostname, address } = clock;
    const name = hostname === undefined ? show(address) : `${show(hostname)} (${show(address)})`;
    return `${name}: ${zoneWords(clock)}, ${skewWords(clock)}`;
  });
}

function zoneWords({ zone, utcOffset = 'unknown' }: DeviceClock): string {
  if (zone === 'none') return 'its lines have no time of their own';
  return `UTC offset ${visible(utcOffset, 10)}${zone === 'stated' ? ', as its lines state' : ', assumed: its lines state none'}`;
}

/** Whole seconds: most stamps have no more. */
function skewWords({ zone, skewMs, samples = 0 }: DeviceClock): string {
  if (skewMs === undefined) return 'clock not compared with ours';
  const basis = ` (measured on ${samples} line${samples === 1 ? '' : 's'})`;
  const by = Math.abs(skewMs);
  if (by < 1_000) return `clock in step with ours within a second${basis}`;
  const wrong =
    zone === 'assumed' && by >= WRONG_ZONE_MS ? '; it may be in another zone, or its lines came late' : '';
  return `clock ${formatDuration(by)} ${skewMs < 0 ? 'behind' : 'ahead of'} ours${basis}${wrong}`;
}
