import type { Severity } from '../types.ts';
import type { BudgetLimits } from './budget.ts';
import type { FacilityName } from './syslog/message.ts';
import type { WebhookForm } from './webhook/forms.ts';

/** Mail to people, over one of four transports. */
export interface EmailOptions {
  readonly kind: 'email';
  /** Name rules use in `notify:`. */
  readonly name: string;
  /**
   * `smtp://[user:password@]host[:587]` (STARTTLS), `smtps://[user:password@]host[:465]` (TLS from the start),
   * `sendmail` (a local program), or `mailbox` (a directory of .eml files).
   */
  readonly transport: string;
  /** `sendmail`: the program, /usr/sbin/sendmail when absent. `mailbox`: the directory, required. */
  readonly path?: string;
  /** Sender's address, nothing else. */
  readonly from: string;
  /** Name shown with it; `knockwatch` when absent. */
  readonly fromName?: string;
  /** Recipients' addresses, 1 to 100. */
  readonly to: readonly string[];
  /** Credentials that are better kept out of the URL. */
  readonly user?: string;
  readonly password?: string;
  /** Refuse to send unencrypted. True when absent and there are credentials. */
  readonly requireTls?: boolean;
  /** Certificate authority (PEM text) to trust in place of the usual ones. */
  readonly tlsCa?: string;
  /** Name the server's certificate must carry when it is not the host in the URL. */
  readonly tlsServerName?: string;
  /** Name given in EHLO; never taken from the machine. */
  readonly ehlo?: string;
  /** Milliseconds to wait for connection, greeting and each reply; 30 seconds when absent. */
  readonly timeoutMs?: number;
}

/** One JSON object a line on standard output. */
export interface StdoutOptions {
  readonly kind: 'stdout';
  readonly name: string;
}

/** A POST to a service of the web. */
export interface WebhookOptions {
  readonly kind: 'webhook';
  readonly name: string;
  /** http or https. For ntfy it ends in the topic. */
  readonly url: string;
  /** What the service wants to be sent; `json` (ECS) when absent. */
  readonly form?: WebhookForm;
  /** Signs the request (webhook/signature.ts). */
  readonly secret?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** Milliseconds for the whole exchange; 15 seconds when absent. */
  readonly timeoutMs?: number;
}

/** A program of the operator's. */
export interface ExecOptions {
  readonly kind: 'exec';
  readonly name: string;
  /** The program by its absolute path, and its arguments. */
  readonly command: readonly string[];
  /** Milliseconds it may take; 30 seconds when absent. */
  readonly timeoutMs?: number;
}

/** Alerts as syslog to somebody else's collector. */
export interface SyslogOptions {
  readonly kind: 'syslog';
  readonly name: string;
  readonly protocol: 'udp' | 'tcp';
  /** Address or name. */
  readonly host: string;
  readonly port: number;
  /** `daemon` when absent. */
  readonly facility?: FacilityName;
  /** How this machine calls itself in the header; its host name when absent. */
  readonly hostName?: string;
  /** Milliseconds to hand the message over; 10 seconds when absent. */
  readonly timeoutMs?: number;
}

export type ChannelOptions = EmailOptions | StdoutOptions | WebhookOptions | ExecOptions | SyslogOptions;

/** Everything about telling people. */
export interface NotifyOptions {
  readonly channels: readonly ChannelOptions[];
  readonly budget?: BudgetLimits;
  /** The mildest severity people are told of; `low` when absent. */
  readonly minSeverity?: Severity;
}
