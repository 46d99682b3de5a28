import type { SyslogMessage } from '../types.ts';
import { ciscoAsa } from './cisco-asa.ts';
import { ciscoIos } from './cisco-ios.ts';
import { ciscoNxos } from './cisco-nxos.ts';
import { ciscoXr } from './cisco-xr.ts';
import { filterlog } from './filterlog.ts';
import { fortigate } from './fortigate.ts';
import { http } from './http.ts';
import { ipfw } from './ipfw.ts';
import { ipmon } from './ipmon.ts';
import { iptables } from './iptables.ts';
import { junosSrx } from './junos-srx.ts';
import { logDaemon } from './log-daemon.ts';
import { login } from './login.ts';
import { mikrotik } from './mikrotik.ts';
import { netscreen } from './netscreen.ts';
import { own } from './own.ts';
import { paloAlto } from './palo-alto.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';
import { pf } from './pf.ts';
import { pfirewall } from './pfirewall.ts';
import { portsentry } from './portsentry.ts';
import { scanlogd } from './scanlogd.ts';
import { sonicwall } from './sonicwall.ts';
import { sshd } from './sshd.ts';
import { tcpWrappers } from './tcp-wrappers.ts';
import { trap } from './trap.ts';
import { unifiCef } from './unifi-cef.ts';

/** A parser, and the texts of which every line of its format holds at least one: on other lines it is not tried. */
interface Registration {
  readonly parser: Parser;
  /** Absent for formats told by the program's name or by how a line begins, which their parsers look at first. */
  readonly anchors?: readonly string[];
}

/**
 * Every log format. A new vendor is one file beside this one and one line here. No parser claims another's lines
 * (test/parse/no-foreign-parser.test.ts), but strangers have a say in lines: formats told by how a line begins come first, so that
 * nobody who looks for his own further inside finds a stranger's words there. Behind them the busiest come first.
 */
export const registrations: readonly Registration[] = [
  // Our own lines quote strangers: nobody else may look at them.
  { parser: own },
  { parser: fortigate },
  { parser: paloAlto },
  { parser: junosSrx },
  { parser: netscreen },
  { parser: sonicwall },
  { parser: mikrotik },
  { parser: unifiCef, anchors: ['|Ubiquiti|'] },
  { parser: pfirewall, anchors: ['#', 'DROP', 'ALLOW', 'OPEN', 'CLOSE', 'INFO-EVENTS-LOST'] },
  { parser: iptables, anchors: ['IN=', 'OUT=', 'PROTO='] },
  { parser: filterlog, anchors: ['filterlog'] },
  { parser: pf, anchors: ['rule '] },
  { parser: ciscoIos, anchors: ['%'] },
  { parser: ciscoAsa, anchors: ['%', 'ASA-', 'PIX-', 'FWSM-', 'FTD-', 'NGIPS-', 'Deny ', 'access-list '] },
  { parser: ciscoNxos, anchors: ['%'] },
  { parser: ciscoXr, anchors: ['%'] },
  { parser: tcpWrappers },
  { parser: sshd },
  { parser: login },
  { parser: http },
  { parser: trap },
  { parser: ipfw, anchors: ['ipfw'] },
  { parser: ipmon },
  { parser: scanlogd },
  { parser: portsentry },
  { parser: logDaemon },
];

/**
 * Reads a message with the first parser that knows its format; where none does, or the one that does finds no attempt in it,
 * the site's own patterns are asked. Undefined when nobody knows it. Never throws.
 */
export function parse(
  message: SyslogMessage,
  options: ParseOptions,
  sender?: string,
): ParseResult | undefined {
  const result = parseKnown(message, options, sender);
  if (options.patterns === undefined) return result;
  const open = result === undefined || (result.kind === 'ignored' && result.parser !== own.name);
  return (open ? options.patterns.parse(message) : undefined) ?? result;
}

function parseKnown(
  message: SyslogMessage,
  options: ParseOptions,
  sender: string | undefined,
): ParseResult | undefined {
  for (const { parser, anchors } of registrations) {
    if (anchors !== undefined && !holdsOneOf(anchors, message.text)) continue;
    const result = parser.parse(message, options, sender);
    if (result !== undefined) return result;
  }
  return undefined;
}

function holdsOneOf(anchors: readonly string[], text: string): boolean {
  for (const anchor of anchors) if (text.includes(anchor)) return true;
  return false;
}
