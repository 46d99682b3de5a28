import type { SendMailOptions } from 'nodemailer';

/** One recipient a message could not be handed over for. */
export interface Refusal {
  readonly address: string;
  /** Whether the same message may be accepted later. */
  readonly retry: boolean;
  readonly because: string;
}

/** What became of one hand-over; every recipient is in one of the two lists. */
export interface MailOutcome {
  readonly accepted: readonly string[];
  readonly refused: readonly Refusal[];
  /** What the other side said when it accepted. */
  readonly because: string;
}

/** A way to hand a message to the mail system. `deliver` resolves whatever happens. */
export interface MailTransport {
  /** Safe to log: no credentials. */
  readonly description: string;
  deliver(message: SendMailOptions, recipients: readonly string[], signal: AbortSignal): Promise<MailOutcome>;
  close(): void;
}

/** The outcome when a fault concerns every recipient alike. */
export function refusedAll(recipients: readonly string[], retry: boolean, because: string): MailOutcome {
  return { accepted: [], refused: recipients.map((address) => ({ address, retry, because })), because };
}
