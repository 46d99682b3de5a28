import { z } from 'zod';
import { duration } from '../lib/duration-schema.ts';
import { action, attemptKind, id, line } from './schema-parts.ts';
import { MAX_PATTERNS, pattern } from './schema-pattern.ts';

/** Most rules in one file, and in all. */
export const MAX_RULES = 10_000;
/** Most named hosts in one file, and in all. */
export const MAX_HOSTS = 100_000;

const oneOrMany = <T extends z.ZodType>(item: T, max: number) =>
  z.union([item, z.array(item).min(1).max(max)]);

const hostRef = z.string({ error: 'a host name, address or network is expected' }).trim().min(1).max(253);

const hosts = oneOrMany(hostRef, 10_000);

const port = z.union(
  [
    z
      .int()
      .min(0, { error: 'a port is between 0 and 65535' })
      .max(65_535, { error: 'a port is between 0 and 65535' }),
    z.string().trim().min(1).max(64),
  ],
  { error: 'a service name, port number or range between 0 and 65535 is expected' },
);

const ports = oneOrMany(port, 1_000).describe(
  'Service names (imap, smb), numbers, ranges (6000-6063), one transport only (53/udp), a name of your own with its number (smb/139), or any.',
);

const groupBy = z.enum(['source', 'port', 'host']);

const by = (...defaults: z.infer<typeof groupBy>[]) =>
  z
    .array(groupBy)
    .min(1)
    .max(3)
    .default(defaults)
    .describe(
      'What is counted apart. Fewer fields catch scans that spread over them, and mix unrelated people into one count.',
    );

const threshold = (min: number, max: number) => z.int().min(min).max(max);

const within = duration().describe(
  'The window. Longer catches slower scans, keeps more in memory, and joins what has nothing to do with each other.',
);

const addressScan = z
  .strictObject({
    hosts: threshold(2, 10_000).describe(
      'Distinct watched hosts. 2 also catches typos and renumbered machines; 3 is the paper.',
    ),
    within,
    by: by('source', 'port'),
  })
  .refine((scan) => !scan.by.includes('host'), {
    path: ['by'],
    error: 'address-scan counts hosts, so it cannot count them apart by host',
  })
  .describe('One source tries the same port on several hosts.');

const portScan = z
  .strictObject({
    ports: threshold(2, 65_536).describe(
      'Distinct ports. A mail server legitimately touches five or six; 15 is a scan.',
    ),
    within,
    by: by('source', 'host'),
  })
  .refine((scan) => !scan.by.includes('port'), {
    path: ['by'],
    error: 'port-scan counts ports, so it cannot count them apart by port',
  })
  .describe('One source tries several ports on one host.');

const distributedScan = z
  .strictObject({
    sources: threshold(2, 10_000).describe(
      'Distinct sources. On the open internet unrelated scanners meet all day: keep the window short.',
    ),
    hosts: threshold(1, 10_000).describe('Distinct watched hosts; 1 catches decoys around one target.'),
    within,
    by: by('port'),
  })
  .refine((scan) => !scan.by.includes('source'), {
    path: ['by'],
    error: 'distributed-scan counts sources, so it cannot count them apart by source',
  })
  .refine((scan) => scan.hosts === 1 || !scan.by.includes('host'), {
    path: ['by'],
    error: 'distributed-scan cannot count apart by host when it needs several hosts',
  })
  .describe('Several sources try the same port.');

const stealthScan = z
  .strictObject({
    packets: threshold(1, 10_000)
      .default(1)
      .describe('Packets needed. 1 is right where the device logs flags reliably.'),
    within: within.prefault('60s'),
    by: by('source'),
  })
  .describe('TCP packets with flags no honest connection starts with: FIN, Xmas, NULL.');

const repeat = z
  .strictObject({
    count: threshold(2, 10_000).describe('Attempts of one kind, whatever they touch: five failed logins.'),
    within,
    by: by('source'),
  })
  .describe('The same thing again and again.');

const any = z
  .strictObject(
    { by: by('source') },
    { error: ({ input }) => (input === null ? 'write `any: {}`' : undefined) },
  )
  .describe('The first sight of a source. For ports nobody has any reason to touch.');

const detect = z
  .strictObject({
    'address-scan': addressScan.optional(),
    'port-scan': portScan.optional(),
    'distributed-scan': distributedScan.optional(),
    'stealth-scan': stealthScan.optional(),
    repeat: repeat.optional(),
    any: any.optional(),
  })
  .refine((detectors) => Object.keys(detectors).length > 0, {
    error:
      'at least one detector is needed: address-scan, port-scan, distributed-scan, stealth-scan, repeat or any',
  })
  .describe('What turns hits into an incident. Any one of several is enough.');

const expectation = z.strictObject({
  kind: z.enum(['address-scan', 'port-scan', 'distributed-scan', 'stealth-scan', 'repeat', 'any']),
  port: z.int().min(0).max(65_535).optional().describe('The port of the incident.'),
  hosts: z.int().min(1).optional().describe('How many watched hosts it touched.'),
  source: z.string().min(1).max(64).optional().describe('An address among its sources.'),
  count: z.int().min(1).optional().describe('Packets or attempts, by the count in the lines.'),
});

const test = z.strictObject({
  name: line(200).describe('The sentence the test proves.'),
  lines: line(1_000).describe('A log file, relative to this file (else to the working directory).'),
  expect: z
    .array(expectation)
    .max(100)
    .describe('The incidents these lines must open, all of them. [] means: must stay silent.'),
});

const rule = z.strictObject({
  id: id('rule').describe('Unique name; stands in mails, metrics and commands.'),
  title: line(200).optional(),
  description: z.string().trim().max(4_000).optional(),
  watch: z.strictObject({
    hosts: hosts.describe(
      'Names from hosts:, addresses, networks, globs on names (at most three *), or any. Watching two or three machines that nobody should touch says more than watching all.',
    ),
    ports: ports.describe(
      'Service names (imap), numbers, ranges (6000-6063), one transport (53/udp), a label with its number (smb/139), or any. Ports you do not use are the best alarm.',
    ),
    kinds: z
      .array(attemptKind)
      .min(1)
      .max(3)
      .optional()
      .describe('Only packets, logins or requests (web, TCP Wrappers). Left out, all of them.'),
    patterns: z
      .array(line(64))
      .min(1)
      .max(MAX_PATTERNS)
      .optional()
      .describe('Only lines of these patterns, by their id. Left out, all attempts.'),
  }),
  detect,
  severity: z.enum(['low', 'medium', 'high', 'critical']).default('medium'),
  notify: z
    .array(line(64))
    .max(100)
    .default([])
    .describe('Channels of the main configuration. Empty: all of them.'),
  actions: z
    .array(action)
    .min(1)
    .default(['denied', 'failed'])
    .describe(
      'What the device did. `allowed` finds scans through open ports, and sees all honest traffic too.',
    ),
  settle: duration({ zero: true })
    .optional()
    .describe('How long the first mail waits to show the whole sweep. Shorter is sooner, longer tells more.'),
  quiet: duration()
    .optional()
    .describe('Silence that ends an incident. Shorter makes one slow scan into several incidents.'),
  tests: z.array(test).max(1_000).default([]),
});

const ignore = z.strictObject({
  sources: hosts.describe(
    'Who is never looked at. Keep it narrow: this is where an intruder would like to be.',
  ),
  hosts: hosts.optional().describe('Only towards these hosts; left out, all.'),
  ports: ports.optional(),
  because: line(500).describe('The reason people will ask for in a year.'),
  until: z
    .string({ error: 'a day is expected, as YYYY-MM-DD' })
    .pipe(z.iso.date({ error: 'not a day of the calendar, as YYYY-MM-DD' }))
    .optional()
    .describe('Last day it holds (UTC). Exceptions that never end are forgotten.'),
});

const hostName = z.string().regex(/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/, {
  error: 'a host name has letters, digits, dots, hyphens and underscores',
});

/** A rule file. Names are not resolved here (they may stand in another file); see load.ts. */
export const ruleFileSchema = z
  .strictObject({
    hosts: z
      .record(hostName, oneOrMany(z.string({ error: 'an address or network is expected' }).trim(), MAX_HOSTS))
      .default({})
      .describe(
        'Names people use: an address, a network (CIDR), or a list of them. Shared by all files of the directory.',
      ),
    ignore: z.array(ignore).max(10_000).default([]).describe('Traffic that is never looked at.'),
    patterns: z
      .array(pattern)
      .max(MAX_PATTERNS)
      .default([])
      .describe('Lines of your own programs, by regular expression.'),
    rules: z.array(rule).max(MAX_RULES).default([]),
  })
  .meta({
    title: 'knockwatch rules',
    description: 'Whom to watch, on which ports, and what makes a probe of it.',
  });

/** A rule file as the schema gives it: defaults filled in, durations in milliseconds. */
export type RuleFile = z.output<typeof ruleFileSchema>;
export type RuleEntry = RuleFile['rules'][number];
export type PatternEntry = RuleFile['patterns'][number];
export type IgnoreEntry = RuleFile['ignore'][number];
export type PortRef = z.output<typeof port>;

/** The JSON Schema (2020-12) of what people write, for editors. */
export function jsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(ruleFileSchema, { io: 'input' });
}
