import { OWN_APP_NAME } from '../lib/own-syslog.ts';
import type { SyslogMessage } from '../types.ts';
import type { ParseResult, Parser } from './parser.ts';

/**
 * What knockwatch writes itself, alerts by syslog (notify/syslog.ts) and its log, when a collector sends it back: RFC 5424 8.10
 * warns of such loops. It names addresses and ports, and must never be taken for somebody's attempt.
 */
export const own: Parser = { name: 'own', parse };

function parse(message: SyslogMessage): ParseResult | undefined {
  if (message.appName !== OWN_APP_NAME) return undefined;
  return { kind: 'ignored', parser: 'own', reason: 'written by knockwatch itself' };
}
