import type { SyslogMessage } from '../types.ts';
import { decimal, UINT32 } from './decimal.ts';
import { remoteEnd } from './host-line.ts';
import type { ParseResult, Parser } from './parser.ts';

/**
 * Connections to a trap port, as receive/trap.ts writes them: `tcp SOURCE:PORT -> DESTINATION:PORT`, IPv6 in brackets, and
 * `, N connections` where it stands for several. It is a line like any other: one that came over the network counts no more
 * and no less than what a router sends.
 */
export const trap: Parser = { name: 'trap', parse };

const LINE = /^tcp (\S+?)(?::(\d{1,5}))? -> (\S+?):(\d{1,5})(?:, (\d{1,10}) connections)?$/;

function parse(message: SyslogMessage): ParseResult | undefined {
  if (message.appName !== 'knockwatch-trap') return undefined;
  const match = LINE.exec(message.message);
  if (match === null) return malformed('not a line of a trap');
  const [, from = '', fromPort, to = '', toPort, times = '1'] = match;
  const source = remoteEnd(unbracketed(from), fromPort);
  const destination = remoteEnd(unbracketed(to), toPort);
  const count = decimal(times, UINT32);
  if (source?.ip === undefined || destination?.ip === undefined || count < 1)
    return malformed('an address, port or count that is none');
  return {
    kind: 'attempt',
    attempt: {
      kind: 'packet',
      action: 'denied',
      parser: 'trap',
      vendor: 'knockwatch',
      product: 'trap',
      source,
      destination,
      transport: 'tcp',
      count,
    },
  };
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'trap', reason };
}
