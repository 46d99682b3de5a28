import type { SendMailOptions } from 'nodemailer';
import { oneLine } from '../../lib/escape.ts';
import { onDemand } from '../../lib/on-demand.ts';
import type { Alert } from '../../types.ts';

const nodemailer = onDemand<typeof import('nodemailer')>('nodemailer');

/** Who a message is from and to; addresses are checked (address.ts). */
export interface Correspondents {
  readonly from: string;
  readonly fromName: string;
  readonly to: readonly string[];
}

/**
 * An alert as nodemailer takes it. Message-ID and threading come from the alert, so a retry is the same message (RFC 5322
 * 3.6.4); `Auto-Submitted` keeps vacation responders quiet (RFC 3834 5). No line is too long, and no CR or LF is bare, on any
 * transport.
 */
export function messageOf(alert: Alert, { from, fromName, to }: Correspondents, date: Date): SendMailOptions {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const messageId = (id: string) => `<${idText(id)}@${domain}>`;
  const thread = messageId(alert.threadId);
  return {
    from: { name: fromName, address: from },
    to: to.map((address) => ({ name: '', address })),
    subject: oneLine(alert.subject, 180),
    text: textPart(withCrLf(alert.text)),
    html: withCrLf(alert.html),
    encoding: 'quoted-printable',
    date,
    messageId: messageId(alert.id),
    ...(alert.threadId === alert.id ? {} : { inReplyTo: thread, references: [thread] }),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Knockwatch-Incident': alert.incidentIds.slice(0, 10).map(idText).join(' '),
      'X-Knockwatch-Reason': alert.reason,
    },
    xMailer: 'knockwatch',
  };
}

/** The octets of a message, for transports that take a whole one. */
export async function composed(message: SendMailOptions, newline: 'windows' | 'unix'): Promise<Buffer> {
  const composer = nodemailer().createTransport({
    streamTransport: true,
    buffer: true,
    newline,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const { message: octets } = await composer.sendMail(message);
  if (!Buffer.isBuffer(octets)) throw new TypeError('nodemailer gave a stream in place of a buffer');
  return octets;
}

/** Text that is safe in a Message-ID, a header and a file name. */
export function idText(id: string): string {
  return id.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 120);
}

/** RFC 5322 2.1.1: the longest line, its end not counted. */
const MAX_LINE_OCTETS = 998;

/**
 * The plain text as it is where mail allows that, so that `grep` finds an address in the message; nodemailer itself encodes as
 * soon as a line has more than 76 octets, which breaks it inside addresses.
 */
function textPart(text: string): NonNullable<SendMailOptions['text']> {
  if (!isSevenBit(text)) return text;
  const head = ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 7bit'];
  return { raw: [...head, '', text].join('\r\n') };
}

function isSevenBit(text: string): boolean {
  return text.split('\r\n').every((line) => line.length <= MAX_LINE_OCTETS && /^[\t\x20-\x7e]*$/.test(line));
}

/** Lines as mail has them: nodemailer's quoted-printable breaks short ones too when they end in LF alone. */
function withCrLf(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n');
}
