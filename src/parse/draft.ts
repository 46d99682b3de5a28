import type { PacketDetails, ParsedAttempt } from '../types.ts';

/** An attempt while its parser is still filling it in. */
export type AttemptDraft = { -readonly [Key in keyof ParsedAttempt]: ParsedAttempt[Key] };

/** Packet details while their parser is still filling them in. */
export type PacketDraft = { -readonly [Key in keyof PacketDetails]: PacketDetails[Key] };

/** Sets a detail unless there is none (undefined, or the -1 of `decimal`). */
export function setDetail(packet: PacketDraft, key: keyof PacketDraft, value: number | undefined): void {
  if (value !== undefined && value >= 0) packet[key] = value;
}
