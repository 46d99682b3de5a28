import type { Stamp, SyslogMessage } from '../types.ts';

/** What decoding needs to know that the line does not say. */
export interface DecodeOptions {
  /** Receipt time, milliseconds since the epoch: a stamp without a year is dated by it. */
  readonly referenceMs: number;
  /** A wall time that occurs twice, when clocks are put back, is the one nearer to this; `referenceMs` when absent. */
  readonly nearMs?: number;
  /** IANA zone (or `UTC`) of stamps that state none; check it with lib/time-zone `isTimeZone` when it is configured. */
  readonly zone: string;
}

/** The message in the making: the header scanners fill it in while they move through a line. */
export type Header = { -readonly [Field in keyof SyslogMessage]: SyslogMessage[Field] };

/** RFC 1035 2.3.4: no real name is longer; what is longer is cut. */
const MAX_HOSTNAME = 255;

/** Sets the host name: `-` is RFC 5424's word for none, and attackers write names, so the length is capped. */
export function setHostname(header: Header, name: string): void {
  if (name !== '' && name !== '-') header.hostname = name.slice(0, MAX_HOSTNAME);
}

/** Remembers the header read so far as a relay's, because the device's own follows. The outermost relay is kept. */
export function moveToRelay(header: Header): void {
  header.relay ??= relayOf(header.timestamp, header.hostname);
}

export function relayOf(
  timestamp: Stamp | undefined,
  hostname: string | undefined,
): NonNullable<Header['relay']> {
  return { ...(timestamp && { timestamp }), ...(hostname !== undefined && { hostname }) };
}
