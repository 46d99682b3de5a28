import type { Alert } from '../types.ts';
import type { Channel, SendResult } from './channel.ts';
import { mailAddress, mailAddresses } from './email/address.ts';
import type { MailTransport, Refusal } from './email/mail-transport.ts';
import { mailboxTransport } from './email/mailbox.ts';
import { type Correspondents, messageOf } from './email/message.ts';
import { sendmailTransport } from './email/sendmail.ts';
import { smtpTransport } from './email/smtp.ts';
import type { EmailOptions } from './options.ts';

/** Alerts of which some recipients are still owed a copy. */
const MAX_UNFINISHED = 1_000;

/** Recipients of one alert that need no further try. */
interface Settled {
  readonly accepted: Set<string>;
  readonly refused: Map<string, Refusal>;
}

/**
 * Mail to a list of people. A recipient who is refused holds up nobody else: the others get their copy once, a temporary
 * refusal is tried again for that recipient alone, a final one is told in `because`.
 */
export class EmailChannel implements Channel {
  readonly kind = 'email';
  readonly name: string;
  readonly #transport: MailTransport;
  readonly #people: Correspondents;
  readonly #now: () => number;
  readonly #settled = new Map<string, Settled>();

  /** Throws TypeError for addresses or a transport that make no sense; no message repeats a password. */
  constructor(options: EmailOptions, now: () => number = Date.now) {
    this.name = options.name;
    this.#people = {
      from: mailAddress(options.from, `channel ${options.name}, from`),
      fromName: options.fromName ?? 'knockwatch',
      to: mailAddresses(options.to, `channel ${options.name}, to`),
    };
    this.#transport = transportOf(options);
    this.#now = now;
  }

  async send(alert: Alert, signal: AbortSignal): Promise<SendResult> {
    const settled = this.#settled.get(alert.id) ?? { accepted: new Set(), refused: new Map() };
    const owed = this.#people.to.filter(
      (address) => !settled.accepted.has(address) && !settled.refused.has(address),
    );
    const message = messageOf(alert, this.#people, new Date(this.#now()));
    const outcome = await this.#transport.deliver(message, owed, signal);

    for (const address of outcome.accepted) settled.accepted.add(address);
    const waiting = outcome.refused.filter(({ retry }) => retry);
    for (const refusal of outcome.refused) if (!refusal.retry) settled.refused.set(refusal.address, refusal);
    const because = this.#because(settled, waiting, outcome.because);
    if (waiting.length > 0) {
      this.#remember(alert.id, settled);
      return { ok: false, retry: true, because };
    }
    this.#settled.delete(alert.id);
    return settled.accepted.size > 0 ? { ok: true, because } : { ok: false, retry: false, because };
  }

  async close(): Promise<void> {
    this.#transport.close();
  }

  /** `2 of 3 recipients (250 queued); bad@example.org: 550 no such user` */
  #because({ accepted, refused }: Settled, waiting: readonly Refusal[], said: string): string {
    const failed = [...refused.values(), ...waiting];
    if (failed.length === 0) return `${accepted.size} of ${this.#people.to.length} recipients (${said})`;
    const reasons = new Set(failed.map(({ because }) => because));
    // A fault of the connection is the same for all: it is told once.
    const told =
      accepted.size === 0 && reasons.size === 1
        ? [...reasons]
        : failed.slice(0, 5).map(({ address, because }) => `${address}: ${because}`);
    return `${accepted.size} of ${this.#people.to.length} recipients; ${told.join('; ')}`;
  }

  #remember(alertId: string, settled: Settled): void {
    if (settled.accepted.size + settled.refused.size === 0) return;
    this.#settled.set(alertId, settled);
    if (this.#settled.size > MAX_UNFINISHED) this.#settled.delete(this.#settled.keys().next().value!);
  }
}

function transportOf(options: EmailOptions): MailTransport {
  const [scheme] = options.transport.split(':', 1);
  switch (scheme) {
    case 'smtp':
    case 'smtps':
      return smtpTransport(options);
    case 'sendmail':
      return sendmailTransport(options);
    case 'mailbox':
      return mailboxTransport(options);
    default:
      throw new TypeError(
        `channel ${options.name}: transport must be smtp://, smtps://, sendmail or mailbox`,
      );
  }
}
