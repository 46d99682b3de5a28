import type { SyslogMessage } from '../types.ts';
import { decimal, UINT32 } from './decimal.ts';
import type { ParseResult, Parser } from './parser.ts';

const DAEMON = /^(?:rsyslogd(?:-\d{1,5})?|systemd-journald?)$/;

/**
 * `imuxsock[pid 411]: 236 messages lost due to rate-limiting (200 allowed within 5 seconds)`, and before rsyslog 8 `imuxsock
 * lost 433 messages from pid 411 due to rate-limiting`. rsyslog, runtime/ratelimit.c (tellLostCnt), plugins/imuxsock/imuxsock.c.
 */
const RSYSLOG =
  /^(?:.{1,300}: (\d{1,10}) messages lost|imuxsock lost (\d{1,10}) messages from pid \d{1,10}) due to rate-limiting(?: \(\d{1,10} allowed within \d{1,10} seconds\))?$/;
/** `Suppressed 412 messages from kernel`; `Missed 38 kernel messages`: systemd, src/journal/journald-server.c and journald-kmsg.c. */
const JOURNALD = /^(?:Suppressed (\d{1,10}) messages from \S.{0,300}|Missed (\d{1,10}) kernel messages)$/;

/**
 * rsyslogd and journald, which pass on what a Linux firewall logs: their own word that they lost lines. What else they say is
 * no attempt; that rsyslogd begins to drop is not counted, since it says later how many it were.
 */
export const logDaemon: Parser = { name: 'log-daemon', parse };

function parse({ appName, message }: SyslogMessage): ParseResult | undefined {
  if (appName === undefined || !DAEMON.test(appName)) return undefined;
  const isRsyslog = appName.startsWith('rsyslogd');
  const match = (isRsyslog ? RSYSLOG : JOURNALD).exec(message.trimEnd());
  const lost = decimal(match?.[1] ?? match?.[2] ?? '', UINT32);
  if (match === null || lost < 0)
    return { kind: 'ignored', parser: 'log-daemon', reason: `${appName} reports no connection attempt` };
  const reason = isRsyslog
    ? 'rsyslogd limits the rate of what it passes on'
    : 'journald had no room or limits the rate';
  return { kind: 'loss', loss: { parser: 'log-daemon', reason, count: lost } };
}
