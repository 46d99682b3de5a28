import type { Alert, OutboxEntry, PutResult } from '../types.ts';

/**
 * Alerts accepted and not yet delivered, a queue per channel, and those given up. An entry is named by alert id and channel.
 * What `put` has accepted survives as long as the store behind it does.
 */
export interface Outbox {
  /** Accepts an alert; one that is there already, or was given up, is `known` and changes nothing. */
  put(alert: Alert, channel: string, nowMs: number): Promise<PutResult>;
  /** Claims the channel's oldest entry that is due. It is not handed out again before `retryAt`. */
  due(channel: string, nowMs: number): Promise<OutboxEntry | undefined>;
  /** When the channel's next unclaimed entry is due. */
  nextDueMs(channel: string): Promise<number | undefined>;
  delivered(alertId: string, channel: string): Promise<void>;
  /** A failed try: ends the claim and counts. */
  retryAt(alertId: string, channel: string, atMs: number, because: string): Promise<void>;
  /** Ends a claim as if the try had not been made (shutdown). */
  release(alertId: string, channel: string): Promise<void>;
  /** Gives up: the entry moves to the dead letters. */
  dead(alertId: string, channel: string, because: string): Promise<void>;
  /** Waiting and claimed entries, oldest first; of every channel when none is named. */
  list(channel?: string): Promise<readonly OutboxEntry[]>;
  /** What was given up, newest last, bounded. */
  deadLetters(): Promise<readonly OutboxEntry[]>;
}
