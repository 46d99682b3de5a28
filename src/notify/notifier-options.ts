import type { Decision, Severity } from '../types.ts';
import type { BudgetLimits, SentMail } from './budget.ts';
import type { Channel } from './channel.ts';
import type { DispatchOptions } from './dispatch.ts';
import type { LedgerRecord } from './ledger.ts';
import type { Outbox } from './outbox.ts';
import type { IncidentContext, SiteContext } from './render-context.ts';
import type { Held } from './tally.ts';

/** Where the notifier gets the rest of what a mail says. */
export interface AlertSource {
  /** Channel names of the rule; absent or empty means every channel. */
  readonly channels?: readonly string[];
  /** Asked only when a mail goes out. May look things up; what takes too long or fails is left out of the mail. */
  context(decision: Decision): IncidentContext | Promise<IncidentContext>;
}

export interface NotifierOptions extends Omit<DispatchOptions, 'outbox' | 'channels'> {
  readonly channels: readonly Channel[];
  readonly site: SiteContext;
  readonly outbox?: Outbox;
  readonly budget?: BudgetLimits;
  readonly minSeverity?: Severity;
  /** The longest `context` may hold up a mail. */
  readonly contextTimeoutMs?: number;
  /** What was told before a restart, as `onRecord` gave it. */
  readonly records?: readonly LedgerRecord[];
  /** Hears of every change of a record; undefined when an incident is closed. */
  readonly onRecord?: (incidentId: string, record: LedgerRecord | undefined) => void;
  /** What went out before a restart and may still count against the budget. */
  readonly sent?: readonly SentMail[];
  /** What waited for digests before a restart, as `onHeld` gave it. */
  readonly held?: readonly { readonly channel: string; readonly held: Held }[];
  /** Hears of everything that begins to wait for a channel's digest, and (`undefined`) that it does not any more. */
  readonly onHeld?: (channel: string, incidentId: string, held: Held | undefined) => void;
  /** Whether what `onHeld` was told outlives this process: then it waits for the next one and the budget, else it is told at the end. */
  readonly keepsHeld?: () => boolean;
  /** Hears of every decision; digests have no incident of their own. */
  readonly onDecision?: (decision: Decision, incidentIds: readonly string[]) => void;
}
