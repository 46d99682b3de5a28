import { decode } from '../../src/decode/decode.ts';

/** The receipt time of every line in these tests. */
export const RECEIVED_MS = Date.UTC(2026, 10, 23, 3, 0, 5);
export const UTC = { referenceMs: RECEIVED_MS, zone: 'UTC' };

/** A decoded line as a table of tests writes it: stamps as one string, `text` and the defaults of an absent PRI left out. */
export function read(line: string | Buffer, options = UTC): Record<string, unknown> {
  const { timestamp, relay, text: _, facility, severity, pri, ...rest } = decode(line, options);
  return {
    ...rest,
    ...(pri === 'missing' ? {} : { pri: `${pri} ${facility}.${severity}` }),
    ...(timestamp && { timestamp: stampText(timestamp) }),
    ...(relay && { relay: `${relay.timestamp ? stampText(relay.timestamp) : '-'} ${relay.hostname ?? '-'}` }),
  };
}

function stampText(stamp: { readonly epochMs?: number; readonly quality: string }): string {
  const time = stamp.epochMs === undefined ? '' : new Date(stamp.epochMs).toISOString().replace('.000Z', 'Z');
  return stamp.quality === 'device' ? time : `${time} ${stamp.quality}`.trim();
}
