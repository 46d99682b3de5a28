import { canonicalIp } from '../lib/ip.ts';
import { flagsOf } from '../lib/tcp-flags.ts';
import type { SyslogMessage, TcpFlag } from '../types.ts';
import { decimal, UINT8, UINT16 } from './decimal.ts';
import type { AttemptDraft } from './draft.ts';
import { hostLine } from './host-line.ts';
import type { ParseResult, Parser } from './parser.ts';

/**
 * Port scans that scanlogd has put together itself, do_log() of Openwall's scanlogd.c:
 *
 *   SOURCE[:PORT] to DESTINATION[ and others,] ports PORT, PORT, ..., FLAGS[, TOS hh][, TTL n] @START
 *
 * `...` is part of every line. Each port was tried, so each is an attempt (`furtherPorts`); with `and others` only the first
 * port is known to belong to DESTINATION. A probe is `failed`, whatever it was answered: scanlogd only listens.
 */
export const scanlogd: Parser = { name: 'scanlogd', parse };

const LINE = new RegExp(
  [
    /^(?<source>[\d.]{7,15})(?::(?<sourcePort>\d{1,5}))? to (?<destination>[\d.]{7,15})(?<others> and others,)?/,
    / ports (?<ports>\d{1,5}(?:, \d{1,5}){0,63}), \.\.\., (?<flags>[fF?][sS?][rR?][pP?][aA?][uU?][xX?][yY?])/,
    /(?:, TOS [\da-f]{2})?(?:, TTL (?<ttl>\d{1,3}))? @\S.{0,30}$/,
  ]
    .map((part) => part.source)
    .join(''),
);
const FLOODED = 'More possible port scans follow';

function parse(message: SyslogMessage): ParseResult | undefined {
  const line = hostLine(message);
  if (line?.program !== 'scanlogd') return undefined;
  if (line.words === FLOODED)
    return {
      kind: 'loss',
      loss: { parser: 'scanlogd', reason: 'too many port scans at once: it logs no more' },
    };
  const groups = LINE.exec(line.words)?.groups;
  if (groups === undefined)
    return / to \S+ (?:and others, )?ports /.test(line.words.slice(0, 128))
      ? malformed('cut short or altered')
      : { kind: 'ignored', parser: 'scanlogd', reason: 'reports no port scan' };
  const source = canonicalIp(groups.source ?? '');
  const destination = canonicalIp(groups.destination ?? '');
  if (source === undefined || destination === undefined)
    return malformed('source or destination is no address');
  const ports = (groups.ports ?? '').split(', ').map((port) => decimal(port, UINT16));
  const sourcePort = groups.sourcePort === undefined ? undefined : decimal(groups.sourcePort, UINT16);
  if (ports.includes(-1) || sourcePort === -1) return malformed('a port not 0 to 65535');
  const [port, ...further] = new Set(ports);
  const attempt: AttemptDraft = {
    kind: 'packet',
    action: 'failed',
    parser: 'scanlogd',
    vendor: 'Openwall',
    product: 'scanlogd',
    source: sourcePort === undefined ? { ip: source } : { ip: source, port: sourcePort },
    destination: { ip: destination, port: port! },
    transport: 'tcp',
    protocolNumber: 6,
    count: 1,
  };
  if (further.length > 0 && groups.others === undefined) attempt.furtherPorts = further;
  const flags = constantFlags(groups.flags ?? '');
  if (flags !== undefined) attempt.tcpFlags = flags;
  const ttl = decimal(groups.ttl ?? '', UINT8);
  if (ttl >= 0) attempt.packet = { ttl };
  return { kind: 'attempt', attempt };
}

/** A capital is a flag all packets had, a small letter one that none had; where they differed (`?`) none is known. */
function constantFlags(letters: string): TcpFlag[] | undefined {
  if (letters.includes('?')) return undefined;
  let bits = 0;
  for (const [i, letter] of [...letters].entries()) if (letter < 'a') bits |= 1 << i;
  return flagsOf(bits);
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'scanlogd', reason };
}
