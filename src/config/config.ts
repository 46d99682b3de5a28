import { hostname } from 'node:os';
import { z } from 'zod';
import { duration } from '../lib/duration-schema.ts';
import { canonicalIp, parseNetwork } from '../lib/ip.ts';
import { machineZone } from '../lib/machine-zone.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import { isAddress, NO_ADDRESS } from './address.ts';
import { channelSchema, refuseNamesakes, usualChannel } from './channels.ts';
import {
  archiveSchema,
  captureSchema,
  lookupsSchema,
  redisSchema,
  reportSchema,
  storeSchema,
} from './evidence.ts';
import { listenerSchema, usualListeners } from './listeners.ts';
import { trapSchema } from './traps.ts';

/** The one schema of knockwatch.yaml: every setting, its default and what it trades off. Unknown keys are refused. */

const network = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, {
    error: 'not an address or CIDR network: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32',
  })
  .describe('An address or a CIDR network, IPv4 or IPv6.');

const zone = z.string().refine(isTimeZone, { error: 'not an IANA time zone like Europe/Warsaw or UTC' });

/** How often something should be heard of: `every 15m`. */
const every = z
  .codec(z.string().regex(/^every \S+$/, { error: 'write how often: every 15m' }), z.string(), {
    decode: (text) => text.slice('every '.length),
    encode: (text) => `every ${text}`,
  })
  .pipe(duration());

/** What opens the page: long, because it can be tried as often as one likes. */
const token = z
  .string()
  .regex(/^[\x21-\x7e]{16,256}$/, { error: 'a token has 16 to 256 characters, and no spaces' });

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
    state: z
      .string()
      .regex(/^(embedded|rediss?:\/\/[^\s,]+(,rediss?:\/\/[^\s,]+)*)$/, {
        error: 'write embedded, redis://host:port, or the addresses of a Cluster with commas between them',
      })
      .refine((state) => state.split(',').every(isAddress), { error: NO_ADDRESS })
      .default('embedded')
      .describe(
        'Who shares windows, incidents and alerts: `embedded` is this process alone; redis://host:port lets several receive and judge as one (docs/scaling.md). With a password better in the environment (KNOCKWATCH_REDIS_URL).',
      ),
    redis: redisSchema,
    zone: zone
      .default(machineZone)
      .describe(
        "Zone of time stamps that state none, and of local times in mails; the machine's own when left out.",
      ),
    listeners: z.array(listenerSchema).max(64).default(usualListeners),
    traps: z
      .array(trapSchema)
      .max(16)
      .default([])
      .describe('For a machine with no router in front: ports of its own that nobody should knock on.'),
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
      .array(
        z.strictObject({
          address: z.string().refine((text) => canonicalIp(text) !== undefined, { error: 'not an address' }),
          zone: zone.optional().describe('Zone of its time stamps, where it is not `zone`.'),
          expect: every.optional().describe('Alarm when nothing was heard of it for so long: every 15m.'),
        }),
      )
      .max(10_000)
      .default([])
      .describe('Devices of which more is known: their time zone, how often they should be heard of.'),
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
        'What your own netfilter and MikroTik log prefixes mean; words like DROP, REJECT or ACCEPT are understood without.',
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
      .array(channelSchema)
      .max(32)
      .superRefine(refuseNamesakes)
      .default(() => [usualChannel()]),
    digest: z
      .strictObject({
        daily: z
          .string()
          .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: 'write a time of day: "07:00"' })
          .describe('When, by the clocks of `zone`.'),
      })
      .optional()
      .describe(
        'A daily mail about the background: who knocked most, on what, against the day before. Off when left out.',
      ),
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
        spoolMemory: z
          .int()
          .min(65_536)
          .max(1 << 30)
          .default(64 << 20)
          .describe(
            'Bytes of hits kept while Redis is away (`state: redis://...`); more are dropped and counted.',
          ),
      })
      .prefault({}),
    store: storeSchema,
    archive: archiveSchema,
    lookups: lookupsSchema,
    capture: captureSchema,
    report: reportSchema,
    web: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Whether there is a page, with metrics and health.'),
        host: z
          .string()
          .max(253)
          .default('127.0.0.1')
          .describe('Address of the page. One that others can reach needs a token.'),
        port: z
          .int()
          .min(0)
          .max(65_535)
          .default(8_514)
          .describe('0 takes any that is free; the log says which.'),
        token: token.optional().describe('Better in the environment (KNOCKWATCH_WEB_TOKEN) or in tokenFile.'),
        tokenFile: z
          .string()
          .optional()
          .describe('A file whose first line is the token, readable by knockwatch only.'),
        allowedHosts: z
          .array(z.string().regex(/^[a-z0-9.-]{1,253}$/i, { error: 'not a host name' }))
          .max(100)
          .default([])
          .describe('Names people reach the page by, beside localhost and its address.'),
      })
      .prefault({})
      .describe('The page.'),
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
