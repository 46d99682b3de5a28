import { canonicalIp } from '../lib/ip.ts';
import { protocolOf } from '../lib/protocols.ts';
import type { Endpoint, SyslogMessage } from '../types.ts';
import { dateTime } from './body-time.ts';
import { decimal, UINT8, UINT16, UINT32 } from './decimal.ts';
import { type AttemptDraft, type PacketDraft, setDetail } from './draft.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';
import { flagsOfLetters } from './pf-words.ts';
import { actionOf } from './verdicts.ts';

/**
 * The log of the Windows firewall, pfirewall.log ("Configure the Windows Defender Firewall log", Microsoft Learn): a table
 * whose `#Fields:` line names its columns, `-` for nothing. The line may come again, with other columns, whenever the file
 * is begun anew; for a sender that has sent none the columns are the documented ones. Times are the machine's local ones.
 */
export const pfirewall: Parser = { name: 'pfirewall', parse };

/** Windows 11 adds `pid`. */
const DOCUMENTED =
  'date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path pid'.split(
    ' ',
  );
const OPTIONAL_LAST = 'pid';
/** A table without these is another's (IIS writes `#Fields:` too). */
const NEEDED = ['date', 'time', 'action', 'src-ip', 'dst-ip'];
const FIELDS = '#Fields:';
const HEADERS = /^#(?:Version: 1\.5|Software: Microsoft Windows Firewall|Time Format: \w{1,16})\s*$/;
const MOST_COLUMNS = 40;
const LONGEST_LINE = 1_024;

/** What forwarders call the file; other programs quote what strangers send them. */
const FORWARDER = /firewall|nxlog|winlog/i;
const DATE = /^\d{4}-\d\d-\d\d$/;
const ACTIONS: ReadonlySet<string> = new Set(['DROP', 'ALLOW', 'OPEN', 'OPEN-INBOUND', 'CLOSE']);
const LOST = 'INFO-EVENTS-LOST';
const WITH_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp']);

function parse(message: SyslogMessage, options: ParseOptions, sender = ''): ParseResult | undefined {
  if (message.appName !== undefined && !FORWARDER.test(message.appName)) return undefined;
  const text = message.message.trim();
  if (text.length > LONGEST_LINE) return undefined;
  if (text.startsWith('#')) return readHeader(text, options, sender);
  const words = text.split(/ +/, MOST_COLUMNS + 1);
  const columns = options.headers?.get(sender) ?? DOCUMENTED;
  const row = rowOf(columns, words);
  const date = row.get('date') ?? '';
  if (!DATE.test(date)) return undefined;
  const action = row.get('action') ?? '';
  if (action === LOST) return lostEvents(row.get('info'), words);
  if (!ACTIONS.has(action)) return undefined;
  const least = columns.at(-1) === OPTIONAL_LAST ? columns.length - 1 : columns.length;
  if (words.length < least) return malformed('cut short');
  if (words.length > columns.length) return malformed('more words than columns');
  if (action === 'CLOSE') return ignored('the end of a connection');
  const attempt = readRow(row, action);
  if (typeof attempt === 'string') return malformed(attempt);
  const stampMs = dateTime(`${date} ${row.get('time')}`, options.zone ?? 'UTC');
  if (stampMs !== undefined) attempt.stampMs = stampMs;
  return { kind: 'attempt', attempt };
}

/** Remembers the columns a sender names, where they are a firewall's. */
function readHeader(text: string, { headers }: ParseOptions, sender: string): ParseResult | undefined {
  if (HEADERS.test(text)) return ignored('the head of the log');
  if (!text.startsWith(FIELDS)) return undefined;
  const columns = text.slice(FIELDS.length).trim().split(/\s+/, MOST_COLUMNS);
  if (!NEEDED.every((name) => columns.includes(name))) return undefined;
  headers?.set(sender, columns);
  return ignored('names the columns of the lines behind it');
}

type Row = ReadonlyMap<string, string>;

/** The words by their columns; of two columns with one name the first counts. */
function rowOf(columns: readonly string[], words: readonly string[]): Row {
  const row = new Map<string, string>();
  for (const [i, name] of columns.entries()) {
    const word = words[i];
    if (word !== undefined && word !== '-' && !row.has(name)) row.set(name, word);
  }
  return row;
}

/** The count stands under `info`; shortened rows have it further in front. */
function lostEvents(info: string | undefined, words: readonly string[]): ParseResult {
  const count = decimal(info ?? words.slice(3).findLast((word) => word !== '-') ?? '', UINT32);
  const reason = 'the firewall lost events it could not write';
  return { kind: 'loss', loss: { parser: 'pfirewall', reason, ...(count < 0 ? {} : { count }) } };
}

/** The attempt, or what is wrong with the row. */
function readRow(row: Row, action: string): AttemptDraft | string {
  const protocol = protocolOf(row.get('protocol') ?? '');
  const hasPorts = WITH_PORTS.has(protocol.transport ?? '');
  const source = readEnd(row.get('src-ip'), hasPorts ? row.get('src-port') : undefined);
  const destination = readEnd(row.get('dst-ip'), hasPorts ? row.get('dst-port') : undefined);
  if (source === undefined || destination === undefined) return 'source or destination can not be read';
  const packet: PacketDraft = {};
  const attempt: AttemptDraft = {
    kind: 'packet',
    // A connection that was opened was let through, in whichever direction.
    action: actionOf(action.startsWith('OPEN') ? 'allow' : action),
    parser: 'pfirewall',
    vendor: 'Microsoft',
    product: 'Windows Firewall',
    source,
    destination,
    ...protocol,
    count: 1,
    packet,
  };
  setDetail(packet, 'length', decimal(row.get('size') ?? '', UINT32));
  if (protocol.transport === 'tcp') {
    setDetail(packet, 'tcpSequence', decimal(row.get('tcpsyn') ?? '', UINT32));
    setDetail(packet, 'window', decimal(row.get('tcpwin') ?? '', UINT16));
    const letters = row.get('tcpflags');
    // 0 is what some releases write for "not looked at": no flags are not told from it.
    const flags = letters === undefined || letters === '0' ? undefined : flagsOfLetters(letters);
    if (flags !== undefined) attempt.tcpFlags = flags;
  }
  const type = decimal(row.get('icmptype') ?? '', UINT8);
  const code = decimal(row.get('icmpcode') ?? '', UINT8);
  if (!hasPorts && type >= 0) attempt.icmp = code < 0 ? { type } : { type, code };
  return attempt;
}

function readEnd(address: string | undefined, port: string | undefined): Endpoint | undefined {
  const ip = address === undefined ? undefined : canonicalIp(address);
  if (ip === undefined) return undefined;
  if (port === undefined) return { ip };
  const number = decimal(port, UINT16);
  return number < 0 ? undefined : { ip, port: number };
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'pfirewall', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'pfirewall', reason };
}
