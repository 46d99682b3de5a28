import type { Action, SyslogMessage, TcpFlag } from '../types.ts';
import { decimal, UINT16 } from './decimal.ts';
import type { AttemptDraft } from './draft.ts';
import { hostLine, remoteEnd } from './host-line.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

/**
 * Contacts with ports that portsentry guards, on the host that logs: no destination address. Its three forms:
 *
 *   attackalert: TYPE from host: NAME/ADDRESS to TCP port: PORT                                          1.x, to syslog
 *   Scan from: [ADDRESS] (NAME) protocol: [TCP] port: [PORT] type: [TYPE] ... blocked: [true]            2.x
 *   EPOCH - MM/DD/YYYY HH:MM:SS Host: NAME/ADDRESS Port: PORT TCP Blocked                                1.x, its files
 *
 * NAME is what the stranger's DNS says. A contact is `failed`, or `denied` where the line says that the host is blocked now;
 * nothing it touched is served.
 */
export const portsentry: Parser = { name: 'portsentry', parse };

const ALERT =
  /^attackalert: (?<type>.{1,120}) from host: (?<name>\S{1,260})\/(?<address>[\d.]{7,15}|[\dA-Fa-f:.]{2,45}) to (?<transport>TCP|UDP) port: (?<port>\d{1,5})$/;
const SCAN = new RegExp(
  [
    /^(?:\S{10,40} )?Scan from: \[(?<address>[\dA-Fa-f:.]{2,45})\] \(\S{0,260}\) protocol: \[(?<transport>TCP|UDP)\] /,
    /port: \[(?<port>\d{1,5})\] type: \[(?<type>[^[\]]{1,120})\](?: IP opts: \[[\w ]{1,16}\])? ignored: \[(?<ignored>\w{1,8})\]/,
    /(?: (?:triggered|noblock): \[\w{1,8}\]){0,2}(?: blocked: \[(?<blocked>\w{1,8})\])?$/,
  ]
    .map((part) => part.source)
    .join(''),
);
const HISTORY =
  /^(?<epoch>\d{9,11}) - \d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d Host: (?<name>\S{1,260})\/(?<address>[\dA-Fa-f:.]{2,45}) Port: (?<port>\d{1,5}) (?<transport>TCP|UDP) (?<verb>Blocked)$/;
/** The beginning of such a line, whole or not. */
const OUR_FILES = /^(?:\d{9,11} - \d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d Host: |(?:\S{10,40} )?Scan from: \[)/;

/** What its types say of the packet's flags; `Connect` and others say nothing. */
const FLAGS: readonly (readonly [RegExp, readonly TcpFlag[]])[] = [
  [/\bSYN\/Normal scan$/, ['SYN']],
  [/\bFIN scan$/, ['FIN']],
  [/\bXMAS scan$/, ['FIN', 'PSH', 'URG']],
  [/\bNULL scan$/, []],
];

function parse(message: SyslogMessage): ParseResult | undefined {
  const line = hostLine(message);
  const isTagged = line?.program === 'portsentry';
  if (message.appName !== undefined && !isTagged) return undefined;
  // From its own files a line has no tag.
  const words = isTagged ? line.words : message.message.trim();
  if (!isTagged && !OUR_FILES.test(words)) return undefined;
  const groups = (ALERT.exec(words) ?? SCAN.exec(words) ?? HISTORY.exec(words))?.groups;
  if (groups !== undefined) return readContact(groups);
  const isContact = !isTagged || /^(?:attackalert: .{1,120} from host: |Scan from: )/.test(words);
  return isContact ? malformed('cut short or altered') : ignored('reports no contact');
}

function readContact(groups: Readonly<Record<string, string | undefined>>): ParseResult {
  const { address = '', transport = '', type, blocked, epoch, verb } = groups;
  const source = remoteEnd(address);
  const port = decimal(groups.port ?? '', UINT16);
  if (source?.ip === undefined || port < 0) return malformed('the address or port is none');
  if (groups.ignored === 'true') return ignored('a host it is told to ignore');
  // "Packet from host: ... has IP options set" follows the line of the same packet.
  if (type === 'Packet') return ignored('a remark on a contact that has a line of its own');
  const action: Action =
    blocked === 'true' ? actionOf('blocked') : verb === undefined ? 'failed' : actionOf(verb);
  const attempt: AttemptDraft = {
    kind: 'packet',
    action,
    parser: 'portsentry',
    vendor: 'Psionic',
    product: 'portsentry',
    source,
    destination: { port },
    transport: transport.toLowerCase(),
    protocolNumber: transport === 'TCP' ? 6 : 17,
    count: 1,
  };
  const flags = type === undefined ? undefined : FLAGS.find(([words]) => words.test(type))?.[1];
  if (flags !== undefined && transport === 'TCP') attempt.tcpFlags = flags;
  if (epoch !== undefined) attempt.stampMs = Number(epoch) * 1_000;
  return { kind: 'attempt', attempt };
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'portsentry', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'portsentry', reason };
}
