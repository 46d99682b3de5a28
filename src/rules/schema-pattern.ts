import { z } from 'zod';
import { action, attemptKind, id, line } from './schema-parts.ts';

/** Most patterns in one file, and in all. */
export const MAX_PATTERNS = 1_000;

/** A kind of line of the site's own; what its expression holds is checked in resolve-pattern.ts. */
export const pattern = z
  .strictObject({
    id: id('pattern').describe('Unique name; rules watch it by this, and mails show it.'),
    regex: z
      .string()
      .min(1)
      .max(2_048)
      .describe(
        'RE2 syntax: no look-around, no back references. Sees the line without <PRI>. Named groups are fields: source, sourcePort, destination, port, transport, user, service, path, host, count.',
      ),
    contains: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe(
        'A text every such line holds: looked for first, which is cheap. Left out, it is taken from the regex.',
      ),
    kind: attemptKind.default('packet'),
    action: action.default('denied').describe('What the line says was done. Rules count denied and failed.'),
    port: z.int().min(0).max(65_535).optional().describe('Where the line does not say.'),
    transport: z.enum(['tcp', 'udp', 'icmp', 'ipv6-icmp', 'sctp']).optional(),
    service: line(64).optional(),
  })
  .describe('A kind of line no parser knows. The first pattern that matches makes an attempt of it.');
