import { z } from 'zod';
import { duration } from '../lib/duration-schema.ts';
import { canonicalIp } from '../lib/ip.ts';

/** The part of knockwatch.yaml about what is kept and what is found out; config.ts has the rest. */

const days = (usual: number) => z.int().min(1).max(3_650).default(usual);
const bytes = (usual: number) =>
  z
    .int()
    .min(1 << 20)
    .max(2 ** 50)
    .default(usual);

export const storeSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Off: a restart forgets everything, alerts on their way included.'),
    maxDays: days(90).describe('Closed incidents and their deliveries are kept for so many days.'),
    maxIncidents: z.int().min(100).max(10_000_000).default(100_000),
    maxBytes: bytes(1 << 30).describe('Size of the store; the oldest closed incidents go until it fits.'),
  })
  .prefault({})
  .describe('What survives a restart: incidents, windows, alerts on their way. knockwatch.db in stateDir.');

export const redisSchema = z
  .strictObject({
    password: z
      .string()
      .min(1)
      .optional()
      .describe('Better in the environment (KNOCKWATCH_REDIS_PASSWORD) or in passwordFile.'),
    passwordFile: z
      .string()
      .optional()
      .describe('A file whose first line is the password, readable by knockwatch only.'),
    ca: z
      .string()
      .optional()
      .describe('PEM file with the authority of the server, for rediss:// where it is not a public one.'),
    takeover: duration()
      .pipe(z.number().min(1_000).max(600_000))
      .default(6_000)
      .describe(
        'A node that is silent for so long is dead to the others. Shorter takes over sooner, and from machines that only stalled.',
      ),
    outage: duration()
      .pipe(z.number().max(86_400_000))
      .default(300_000)
      .describe(
        'An outage of Redis up to this long costs no alert. Every lone hit stays in its memory for so much longer than its window.',
      ),
  })
  .prefault({})
  .describe('How to share the state, with `state: redis://...` (docs/scaling.md).');

export const archiveSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    maxDays: days(365).describe('Files of older days are removed.'),
    maxBytes: bytes(10 * 2 ** 30).describe('Of all files together; the oldest days go first.'),
  })
  .prefault({})
  .describe(
    'Every line that touched a watch list, octet for octet, chained by digests. The directory archive in stateDir.',
  );

const nameServer = z
  .string()
  .refine(
    (text) =>
      canonicalIp(text.replace(/^\[([^\]]*)\](?::\d{1,5})?$|^([^:]*):\d{1,5}$/, '$1$2')) !== undefined,
    {
      error: 'write an address, or address:port',
    },
  );

export const lookupsSchema = z
  .strictObject({
    reverseDns: z
      .boolean()
      .default(false)
      .describe("The source's name, and whether it leads back. Its owner's name server sees the question."),
    nameServers: z
      .array(nameServer)
      .max(8)
      .default([])
      .describe("Name servers to ask; the system's when empty."),
    whois: z
      .boolean()
      .default(false)
      .describe('Who holds the address: a question to the IANA and the registry.'),
    rdap: z.boolean().default(false).describe('The same over HTTPS, with the address for complaints.'),
    finger: z
      .boolean()
      .default(false)
      .describe('Connects to the source itself, which learns that it was seen.'),
    geo: z
      .array(z.string())
      .max(8)
      .default([])
      .describe('MaxMind DB files of your own (country, city, ASN); nothing leaves the machine.'),
  })
  .prefault({})
  .describe(
    'What is looked up about a source for its mail, for at most 8 seconds. Nothing is asked of anybody unless turned on here.',
  );

export const captureSchema = z
  .strictObject({
    interface: z
      .string()
      .regex(/^[A-Za-z0-9][\w.:@-]{0,30}$/, { error: 'not the name of an interface' })
      .describe('As tcpdump names it: eth0.'),
    packets: z.int().min(1).max(1_000_000).default(5_000),
    seconds: z.int().min(1).max(86_400).default(300),
    maxFiles: z.int().min(1).max(10_000).default(100).describe('The oldest go first.'),
  })
  .optional()
  .describe(
    "Records a source's packets with tcpdump when an incident opens, into captures in stateDir. Off when left out.",
  );

const mailboxes = z.array(z.email()).max(20).default([]);

export const reportSchema = z
  .strictObject({
    organisation: z.string().max(200).default('').describe('Who complains.'),
    email: z
      .union([z.literal(''), z.email()])
      .default('')
      .describe('Where answers go.'),
    upstream: mailboxes.describe('Copies to suggest: your provider.'),
    cert: mailboxes.describe('Copies to suggest: the CERT responsible for you.'),
  })
  .prefault({})
  .describe('For `knockwatch report`, which drafts complaints and never sends them.');
