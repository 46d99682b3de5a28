import type { SyslogMessage } from '../types.ts';
import type { AttemptDraft } from './draft.ts';
import { isStampedHeader, lostText } from './lost-header.ts';
import type { ParseResult, Parser } from './parser.ts';
import { readTcpdumpPacket } from './tcpdump-packet.ts';
import { actionOf } from './verdicts.ts';

/**
 * pf's log as tcpdump prints it with `-e` (print-pflog.c of tcpdump.org and of OpenBSD), one packet a line:
 *
 *   [TIME ]rule 55..16777216/0(match) [uid 0] [ridentifier 1000000103]: block in on em0: PACKET
 *   [TIME ]rule 4/(match) [uid 0, pid 1] block in on em0: [uid 0, pid 1] PACKET       (OpenBSD)
 */
export const pf: Parser = { name: 'pf', parse };

/** Anchored at the start of the message: a name or a DNS query in the packet's text can not pass for a header. */
const HEADER = new RegExp(
  [
    // every time stamp tcpdump has; syslog took none or only some of it
    /^(?:[A-Z][a-z]{2} [ \d]?\d [\d:.]{8,15} |[\d:.\- T]{0,40})/,
    /rule (?<rule>(?:\d{1,10}|def)(?:\.[^\s()]{0,160})?)\//,
    /(?:\d{0,3}\([\w -]{1,32}\)|unkn\(\d{1,10}\))/,
    /(?: \[(?:uid|ridentifier) [^\]]{1,40}\]){0,3}:? /,
    /(?<action>[a-z\d-]{1,16}|unkn\(\d{1,10}\)) /,
    /(?<direction>in\/out|in|out|fwd|unkn\(\d{1,10}\)) on (?<device>[^\s:]{1,32}): /,
    /(?:\[uid [^\]]{1,40}\] )?/,
  ]
    .map((part) => part.source)
    .join(''),
);

/** `tcpdump -tt`: seconds since the epoch. */
const EPOCH = /^(\d{9,10})\.(\d{1,9}) /;

/** The tag of a program that pipes tcpdump to syslog, where decode left it in the text. */
const TAG = /(?:^|[\s>])(?:pf|pflog|pflogd|tcpdump|logger)(?:\[\d{1,10}\])?: /;

function parse(message: SyslogMessage): ParseResult | undefined {
  const text = packetLine(message);
  const header = text === undefined ? null : HEADER.exec(text);
  if (text === undefined || header === null) return undefined;
  const { rule = '', action = '', direction, device } = header.groups ?? {};
  const attempt: AttemptDraft = {
    kind: 'packet',
    action: actionOf(action),
    parser: 'pf',
    vendor: 'OpenBSD',
    product: 'pf',
    source: {},
    destination: {},
    rule: rule.slice(0, 64),
    count: 1,
  };
  const [, seconds, fraction] = EPOCH.exec(text) ?? [];
  if (seconds !== undefined)
    attempt.stampMs = Number(seconds) * 1_000 + Math.trunc(Number(`0.${fraction}`) * 1_000);
  if (device !== undefined) attempt[direction === 'out' ? 'egress' : 'ingress'] = device;
  const problem = readTcpdumpPacket(text.slice(header[0].length), attempt);
  return problem === undefined
    ? { kind: 'attempt', attempt }
    : { kind: 'malformed', parser: 'pf', reason: problem };
}

/** The text from the time stamp or `rule` on. tcpdump's own time stamp can pass for a syslog header with `rule` as host. */
function packetLine(message: SyslogMessage): string | undefined {
  if (!message.text.includes('rule ')) return undefined;
  if (HEADER.test(message.message)) return message.message;
  if (HEADER.test(message.text)) return message.text;
  // With another program's name in the header these are that program's words.
  if (message.appName !== undefined) return undefined;
  const text = lostText(message);
  const tag = TAG.exec(text.slice(0, 256));
  if (tag === null || !isStampedHeader(text.slice(0, tag.index), message)) return undefined;
  return text.slice(tag.index + tag[0].length);
}
