import { z } from 'zod';
import { didYouMean } from '../lib/nearest.ts';
import { serviceNames, servicePorts } from '../lib/services.ts';
import { listenHost } from './listeners.ts';

const port = z.int().min(1).max(65_535);

/** Each is a socket that listens. */
const MAX_TRAP_PORTS = 256;

/** Ports of a trap: numbers, and services with all the TCP ports they stand for. */
const trapPort = z.union([port, z.string().trim().min(1).max(64)]).transform((entry, context) => {
  const numbered = typeof entry === 'number' || /^\d+$/.test(entry);
  const ports = numbered ? [{ from: Number(entry), to: Number(entry) }] : servicePorts(entry);
  const own = ports
    ?.filter(({ from, to, transport = 'tcp' }) => transport === 'tcp' && from > 0 && to <= 65_535)
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  if (own?.length) return own;
  const hint = numbered ? '' : didYouMean(String(entry), serviceNames());
  context.addIssue({ code: 'custom', message: `not a TCP port or service${hint}`, input: entry });
  return z.NEVER;
});

/** Ports of one address that are traps. */
export const trapSchema = z
  .strictObject({
    host: listenHost,
    ports: z
      .array(trapPort)
      .min(1)
      .max(MAX_TRAP_PORTS)
      .transform((ports) => [...new Set(ports.flat())])
      .refine((ports) => ports.length <= MAX_TRAP_PORTS, {
        error: `these services have more than ${MAX_TRAP_PORTS} ports`,
      })
      .describe(
        'Services nobody has any business with here: imap, 139. Below 1024 they need CAP_NET_BIND_SERVICE.',
      ),
  })
  .describe('TCP ports of this machine on which a connection is noted and closed.');
