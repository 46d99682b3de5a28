import { z } from 'zod';
import { duration } from '../lib/duration-schema.ts';
import { isAddress, NO_ADDRESS } from './address.ts';

/** The part of knockwatch.yaml about ways to tell people; config.ts has the rest. */

/** A channel has a minute for one try (notify/dispatch.ts); stopping a program takes a few seconds of it. */
const MAX_TIMEOUT_MS = 55_000;

const name = (usual: string) =>
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
    .default(usual)
    .describe('What rules write in `notify`.');

const timeout = (usualMs: number) =>
  duration()
    .refine((ms) => ms <= MAX_TIMEOUT_MS, { error: 'at most 55s' })
    .default(usualMs);

const email = z
  .strictObject({
    kind: z.literal('email'),
    name: name('mail'),
    via: z
      .string()
      .regex(/^(mailbox|sendmail|smtps?:\/\/\S+)$/, {
        error: 'write mailbox, sendmail, smtp://host:port or smtps://host:port',
      })
      .refine(isAddress, { error: NO_ADDRESS })
      .default('mailbox')
      .describe(
        'smtp://user@host:587 (STARTTLS), smtps://user@host:465, sendmail, or mailbox: a directory of .eml files, for a first look.',
      ),
    password: z
      .string()
      .optional()
      .describe('Better in the environment (KNOCKWATCH_SMTP_PASSWORD) or in passwordFile.'),
    passwordFile: z
      .string()
      .optional()
      .describe('A file whose first line is the password, readable by knockwatch only.'),
    requireTls: z.boolean().optional().describe('Refuse to send in the clear. On whenever a user is given.'),
    from: z.email().default('knockwatch@localhost.localdomain'),
    to: z.array(z.email()).min(1).max(100).default(['root@localhost.localdomain']),
    mailbox: z.string().optional().describe('Directory for `via: mailbox`; <stateDir>/mail when left out.'),
    sendmail: z.string().default('/usr/sbin/sendmail').describe('Program for `via: sendmail`.'),
  })
  .describe('Mails alerts.');

const stdout = z
  .strictObject({ kind: z.literal('stdout'), name: name('stdout') })
  .describe('Writes alerts as JSON Lines to standard output.');

const secretFile = (what: string) =>
  z.string().optional().describe(`A file whose first line is the ${what}, readable by knockwatch only.`);

const webhook = z
  .strictObject({
    kind: z.literal('webhook'),
    name: name('webhook'),
    form: z
      .enum(['json', 'slack', 'teams', 'discord', 'ntfy'])
      .default('json')
      .describe('What the service wants to be sent; json is ECS.'),
    url: z
      .string()
      .regex(/^https?:\/\/\S+$/i, { error: 'write https://host/path' })
      .refine(isAddress, { error: NO_ADDRESS })
      .optional()
      .describe(
        'Usually a secret: better in the environment (KNOCKWATCH_<NAME>_URL) or in urlFile. For ntfy it ends in the topic.',
      ),
    urlFile: secretFile('address'),
    secret: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Signs requests (Standard Webhooks, HMAC-SHA256); KNOCKWATCH_<NAME>_SECRET or secretFile are better.',
      ),
    secretFile: secretFile('secret'),
    token: z
      .string()
      .regex(/^[\x21-\x7e]{1,4096}$/, { error: 'a token has no spaces' })
      .optional()
      .describe('Sent as Authorization: Bearer; KNOCKWATCH_<NAME>_TOKEN or tokenFile are better.'),
    tokenFile: secretFile('token'),
    timeout: timeout(15_000).describe('For the whole exchange; then it is tried again later.'),
  })
  .describe('Posts alerts to an address. Redirects are not followed.');

const exec = z
  .strictObject({
    kind: z.literal('exec'),
    name: name('exec'),
    command: z
      .array(z.string().max(4_096))
      .min(1)
      .max(64)
      .refine(([program]) => program?.startsWith('/'), {
        error: 'starts with the absolute path of a program',
      })
      .describe(
        'Program and arguments; no shell reads them. {id}, {severity}, {reason}, {subject} and {source} are filled in; the alert is JSON on standard input.',
      ),
    timeout: timeout(30_000).describe(
      'Then the program and its children are stopped, and it is tried again later.',
    ),
  })
  .describe('Runs a program for each alert, at most four at once.');

const syslog = z
  .strictObject({
    kind: z.literal('syslog'),
    name: name('syslog'),
    protocol: z.enum(['udp', 'tcp']).default('udp'),
    host: z.string().min(1).max(253).describe('Address or name of the collector.'),
    port: z.int().min(1).max(65_535).default(514),
    facility: z
      .enum([
        ...['user', 'daemon', 'auth', 'syslog', 'authpriv', 'local0', 'local1'],
        ...['local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
      ] as const)
      .default('daemon'),
  })
  .describe('Sends alerts as syslog (RFC 5424) to a collector.');

/** A way to tell people. */
export const channelSchema = z.discriminatedUnion('kind', [email, webhook, exec, syslog, stdout]);

/** A name has one meaning: rules, queues and digests go by it. */
export function refuseNamesakes(
  channels: readonly { readonly name: string }[],
  context: z.RefinementCtx,
): void {
  for (const [i, { name: each }] of channels.entries())
    if (channels.findIndex(({ name: other }) => other === each) < i)
      context.addIssue({
        code: 'custom',
        path: [i, 'name'],
        message: `another channel is called so: give each a \`name\` of its own`,
        input: each,
      });
}

/** The channel there is when none is configured. */
export function usualChannel(): z.output<typeof channelSchema> {
  return email.parse({ kind: 'email' });
}

/** The environment variable that holds a secret of a webhook: KNOCKWATCH_CHAT_URL for the url of `chat`. */
export function webhookVariable(channel: string, what: 'url' | 'secret' | 'token'): string {
  return `KNOCKWATCH_${channel.replaceAll('-', '_')}_${what}`.toUpperCase();
}
