import { hostname } from 'node:os';
import { z } from 'zod';
import { duration } from './lib/duration-schema.ts';
import { canonicalIp } from './lib/ip.ts';
import { isTimeZone } from './lib/time-zone.ts';

/** The one schema of knockwatch.yaml: every setting, its default and what it trades off. Unknown keys are refused. */

const port = z.int().min(1).max(65_535);

const network = z
  .string()
  .refine((text) => canonicalIp(text.replace(/\/\d{1,3}$/, '')) !== undefined, {
    error: 'not an address or CIDR network',
  })
  .describe('An address or a CIDR network, IPv4 or IPv6.');

const zone = z.string().refine(isTimeZone, { error: 'not an IANA time zone like Europe/Warsaw or UTC' });

const listener = z
  .strictObject({
    protocol: z.enum(['udp', 'tcp']),
    host: z.string().default('*').describe('Address to listen on; * is every interface, IPv4 and IPv6.'),
    port: port.default(5_514).describe('514 needs a privilege or socket activation; 5514 does not.'),
    receiveBuffer: z
      .int()
      .min(4_096)
      .max(1 << 30)
      .default(8 << 20)
      .describe(
        'UDP: bytes the kernel holds while we are busy. The default of most systems holds 166 messages; 8 MiB holds 6,500.',
      ),
    maxConnections: z
      .int()
      .min(1)
      .max(100_000)
      .default(1_000)
      .describe('TCP: connections at once; more are refused and counted.'),
    idleTimeout: duration().default(600_000).describe('TCP: a connection silent for so long is closed.'),
  })
  .describe('A socket that takes syslog.');

const email = z
  .strictObject({
    kind: z.literal('email'),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
      .default('mail')
      .describe('What rules write in `notify`.'),
    via: z
      .string()
      .regex(/^(mailbox|sendmail|smtps?:\/\/\S+)$/, {
        error: 'write mailbox, sendmail, smtp://host:port or smtps://host:port',
      })
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
  .strictObject({
    kind: z.literal('stdout'),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
      .default('stdout'),
  })
  .describe('Writes alerts as JSON Lines to standard output.');

const allowance = (mails: number) =>
  z
    .strictObject({ mails: z.int().min(1).max(10_000).default(mails), per: duration().default(3_600_000) })
    .prefault({});

export const configSchema = z
  .strictObject({
    rules: z
      .string()
      .optional()
      .describe(
        'Rule directory or file; `rules` beside the configuration when left out, else the rules that ship with knockwatch.',
      ),
    stateDir: z.string().default('var').describe('Where knockwatch keeps what it must not forget.'),
    zone: zone
      .default(() => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC')
      .describe(
        "Zone of time stamps that state none, and of local times in mails; the machine's own when left out.",
      ),
    listeners: z
      .array(listener)
      .max(64)
      .default(() => [listener.parse({ protocol: 'udp' }), listener.parse({ protocol: 'tcp' })]),
    allowedSenders: z
      .array(network)
      .max(10_000)
      .default([])
      .describe(
        'Who may send syslog; empty means everybody. UDP sources can be forged, so this keeps out mistakes, not attackers.',
      ),
    ownNetworks: z
      .array(network)
      .max(10_000)
      .default([])
      .describe('Your own networks. A source in them is a level more severe: a worm or a stolen machine.'),
    senders: z
      .array(z.strictObject({ address: z.string(), zone }))
      .max(10_000)
      .default([])
      .describe('Devices whose time stamps are in another zone than `zone`.'),
    prefixes: z
      .array(
        z.strictObject({
          prefix: z.string().min(1).max(128),
          action: z.enum(['denied', 'allowed', 'unknown']),
        }),
      )
      .max(1_000)
      .default([])
      .describe(
        'What your own netfilter log prefixes mean; words like DROP, REJECT or ACCEPT are understood without.',
      ),
    correlation: z
      .strictObject({
        lateness: duration({ zero: true })
          .default(2_000)
          .describe('How far out of order lines may arrive and still count as if in order.'),
        settle: duration({ zero: true })
          .default(10_000)
          .describe(
            'Wait before the first mail, so that it shows the sweep and not its first three packets.',
          ),
        quiet: duration().default(900_000).describe('Silence after which an incident closes.'),
        maxDelay: duration()
          .default(86_400_000)
          .describe('A stamp further behind its arrival is a wrong clock, and the arrival counts.'),
        maxOpenIncidents: z.int().min(10).max(1_000_000).default(100_000),
      })
      .prefault({}),
    channels: z
      .array(z.discriminatedUnion('kind', [email, stdout]))
      .max(32)
      .default(() => [email.parse({ kind: 'email' })]),
    budget: z
      .strictObject({
        perChannel: allowance(20).describe(
          'Mails a channel carries at most; what is over goes into one digest with exact counts.',
        ),
        perSource: allowance(4).describe('Mails about one source at most.'),
      })
      .prefault({}),
    limits: z
      .strictObject({
        maxLineBytes: z
          .int()
          .min(480)
          .max(1 << 20)
          .default(65_536)
          .describe('Longer messages are cut and counted.'),
        lineMemory: z
          .int()
          .min(65_536)
          .max(1 << 30)
          .default(16 << 20)
          .describe('Bytes of raw lines kept at hand for mails.'),
      })
      .prefault({}),
    log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
    hostName: z
      .string()
      .max(253)
      .default(() => hostname())
      .describe('How this machine calls itself in mails.'),
  })
  .describe('knockwatch.yaml');

/** The whole configuration with every default filled in. */
export type Config = z.output<typeof configSchema> & { readonly rules: string };
export type ListenerConfig = Config['listeners'][number];
export type ChannelConfig = Config['channels'][number];
