import type { NodemailerError, SMTPTransportOptions } from 'nodemailer';
import { visible } from '../../lib/escape.ts';
import { onDemand } from '../../lib/on-demand.ts';
import type { EmailOptions } from '../options.ts';
import { type MailOutcome, type MailTransport, type Refusal, refusedAll } from './mail-transport.ts';

const nodemailer = onDemand<typeof import('nodemailer')>('nodemailer');

const TIMEOUT_MS = 30_000;
const MAX_BECAUSE = 300;
/** Replies that speak of us and not of the message (RFC 4954 6, RFC 3207 4): they pass when the configuration is mended. */
const OUR_FAULT = new Set([503, 530, 534, 535, 538]);

/** SMTP with STARTTLS or TLS, a connection a message. Throws TypeError when the options make no sense. */
export function smtpTransport(options: EmailOptions): MailTransport {
  const settings = settingsOf(options);
  const mailer = nodemailer().createTransport(settings);
  const secrets = secretsOf(settings.auth?.user, settings.auth?.pass);
  const said = (text: string) => visible(redact(text, secrets), MAX_BECAUSE);

  return {
    description: `${settings.secure ? 'smtps' : 'smtp'}://${settings.host}:${settings.port}`,
    async deliver(message, recipients, signal): Promise<MailOutcome> {
      try {
        const info = await mailer.sendMail({
          ...message,
          envelope: { from: options.from, to: [...recipients] },
          signal,
        });
        const refused = (info.rejectedErrors ?? []).map((error) => refusalOf(error, said));
        const bad = new Set(refused.map(({ address }) => address));
        return {
          accepted: recipients.filter((address) => !bad.has(address)),
          refused,
          because: said(info.response),
        };
      } catch (error) {
        return failureOf(error as NodemailerError, recipients, said);
      }
    },
    close: () => mailer.close(),
  };
}

function settingsOf(options: EmailOptions): SMTPTransportOptions {
  const url = parseUrl(options);
  const user = options.user ?? decodeURIComponent(url.username);
  const pass = options.password ?? decodeURIComponent(url.password);
  const secure = url.protocol === 'smtps:';
  const name = options.ehlo ?? 'knockwatch';
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(name))
    throw new TypeError(`channel ${options.name}: ehlo is not a host name`);
  const timeout = options.timeoutMs ?? TIMEOUT_MS;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && (options.requireTls ?? user !== ''),
    ...(user === '' ? {} : { auth: { user, pass } }),
    name,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    socketCloseTimeout: 1_000,
    maxResponseSize: 65_536,
    tls: {
      minVersion: 'TLSv1.2',
      ...(options.tlsCa === undefined ? {} : { ca: options.tlsCa }),
      ...(options.tlsServerName === undefined ? {} : { servername: options.tlsServerName }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** The URL may hold a password: no message here repeats any of it. */
function parseUrl({ name, transport }: EmailOptions): URL {
  const fault = (what: string) => new TypeError(`channel ${name}: transport ${what}; write smtp://host:587`);
  if (!URL.canParse(transport)) throw fault('is not a URL');
  const url = new URL(transport);
  if (url.hostname === '') throw fault('names no host');
  if (url.search !== '' || url.hash !== '' || !['', '/'].includes(url.pathname))
    throw fault('has more than host and port');
  return url;
}

/** 5xx on the message or a recipient is final; everything else (4xx, time-outs, lost connections, TLS, log-in) may pass. */
function failureOf(
  error: NodemailerError,
  recipients: readonly string[],
  said: (text: string) => string,
): MailOutcome {
  const each = error.rejectedErrors ?? [];
  if (
    each.length > 0 &&
    each.every(({ recipient }) => recipient !== undefined && recipients.includes(recipient))
  ) {
    const refused = each.map((one) => refusalOf(one, said));
    return { accepted: [], refused, because: said(error.message) };
  }
  return refusedAll(recipients, !isFinal(error), said(messageOf(error)));
}

function refusalOf(error: NodemailerError, said: (text: string) => string): Refusal {
  return {
    address: error.recipient ?? '',
    retry: !isFinal(error),
    because: said(error.response ?? error.message),
  };
}

function isFinal({ permanent, code, responseCode = 0 }: NodemailerError): boolean {
  return permanent === true && (code === 'EENVELOPE' || code === 'EMESSAGE') && !OUR_FAULT.has(responseCode);
}

function messageOf({ code, originalCode, message }: NodemailerError): string {
  const codes = [...new Set([code, originalCode])].filter((word) => word !== undefined);
  return `${message}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`;
}

/** The password in every spelling it has on the wire. */
function secretsOf(user = '', pass = ''): readonly string[] {
  if (pass === '') return [];
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return [base64(`\0${user}\0${pass}`), base64(pass), encodeURIComponent(pass), pass];
}

function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text);
}
