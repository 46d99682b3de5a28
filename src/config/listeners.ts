import { isIP } from 'node:net';
import { z } from 'zod';
import { duration } from '../lib/duration-schema.ts';

/** The part of the schema (config.ts) that says where lines come from. */

/** Where to listen; names of interfaces and hosts are none. */
export const listenHost = z
  .string()
  .refine((text) => text === '*' || isIP(text) !== 0, {
    error: 'not an address: write 0.0.0.0, 192.0.2.1, ::, or * for all',
  })
  .default('*')
  .describe('Address to listen on; * is every interface, IPv4 and IPv6.');
const port = z.int().min(1).max(65_535);
const maxConnections = z
  .int()
  .min(1)
  .max(100_000)
  .default(1_000)
  .describe('TCP, TLS, unix: connections at once; more are refused and counted.');
const idleTimeout = duration()
  .default(600_000)
  .describe('TCP, TLS, unix: a connection silent for so long is closed.');
const path = z.string().min(1).max(4_096);

const plain = z
  .strictObject({
    protocol: z.enum(['udp', 'tcp']),
    host: listenHost,
    port: port.default(5_514).describe('514 needs a privilege or socket activation; 5514 does not.'),
    receiveBuffer: z
      .int()
      .min(4_096)
      .max(1 << 30)
      .default(8 << 20)
      .describe(
        'UDP: bytes the kernel holds while we are busy. The default of most systems holds 166 messages; 8 MiB holds 6,500.',
      ),
    maxConnections,
    idleTimeout,
  })
  .describe('A socket that takes syslog.');

const tls = z
  .strictObject({
    protocol: z.literal('tls'),
    host: listenHost,
    port: port.default(6_514).describe('6514 is the port of RFC 5425.'),
    cert: path.describe('PEM file: our certificate and its chain. Read at the start only.'),
    key: path.describe('PEM file: its key, readable by knockwatch only.'),
    ca: path.optional().describe('PEM file: the authorities whose clients may send.'),
    requireClientCert: z
      .boolean()
      .optional()
      .describe(
        'Whether a client must show a certificate; on as soon as ca or clientFingerprints are given.',
      ),
    clientFingerprints: z
      .array(
        z.string().regex(/^(?:sha-?256:)?(?:[0-9a-f]{2}:){31}[0-9a-f]{2}$/i, {
          error: 'not a SHA-256 fingerprint: AB:CD:...',
        }),
      )
      .max(10_000)
      .default([])
      .describe('SHA-256 fingerprints of the only client certificates that may send.'),
    maxConnections,
    idleTimeout,
  })
  .refine(
    ({ requireClientCert, ca, clientFingerprints }) =>
      !requireClientCert || ca !== undefined || clientFingerprints.length > 0,
    {
      error: 'requireClientCert needs ca or clientFingerprints to check a certificate against',
      path: ['requireClientCert'],
    },
  )
  .describe('Syslog over TLS, RFC 5425: the only input that knows who its senders are.');

const unix = z
  .strictObject({
    protocol: z.literal('unix'),
    path: path.describe('Where the stream socket is made.'),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, { error: 'write a mode like "660"' })
      .default('660')
      .describe('Who may write to it; 660 is owner and group.'),
    maxConnections,
    idleTimeout,
  })
  .describe('A unix stream socket for programs on this machine.');

const tail = z
  .strictObject({
    protocol: z.literal('tail'),
    path: path.describe('A log file; rotated, cut, replaced or not there yet are all fine.'),
    from: z
      .enum(['start', 'end'])
      .default('end')
      .describe('Where to begin the very first time; after that it goes on where it stopped.'),
  })
  .describe('A log file that another program writes.');

export const listenerSchema = z.discriminatedUnion('protocol', [plain, tls, unix, tail]);

/** UDP and TCP on 5514. */
export function usualListeners(): z.output<typeof listenerSchema>[] {
  return [plain.parse({ protocol: 'udp' }), plain.parse({ protocol: 'tcp' })];
}

type Listener = z.output<typeof listenerSchema>;

/** Whether lines can be sent to a listener over the network in the clear. */
export function isPlain(listener: Listener): listener is z.output<typeof plain> {
  return listener.protocol === 'udp' || listener.protocol === 'tcp';
}
