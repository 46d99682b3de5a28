import { createHash } from 'node:crypto';
import { visible } from '../lib/escape.ts';
import { canonicalIp, classifyIp } from '../lib/ip.ts';
import type { EvidenceLine, Incident, IncidentTarget } from '../types.ts';
import { plainMailbox } from './clean-text.ts';
import type { DeviceClock } from './device-clock.ts';
import { Mask } from './mask.ts';

/** A look-up's answer as of then; see lookups.ts. */
export interface ReportLookup {
  readonly label: string;
  readonly text: string;
  readonly asOfMs: number;
  readonly abuse?: readonly string[];
}

export interface ReportInput {
  /** What happened. Of several sources, its times, ports and counts are those of the one the report is about. */
  readonly incident: Incident;
  /** All raw lines that could be found, oldest first. */
  readonly lines: readonly EvidenceLine[];
  readonly lookups: readonly ReportLookup[];
  readonly clocks: readonly DeviceClock[];
  /** Who complains. */
  readonly reporter: { readonly organisation: string; readonly email: string };
  /** Whom to complain about; the first source when absent. A complaint is about one. */
  readonly source?: string;
  /** Our networks and further names to hide; absent: nothing is hidden. */
  readonly mask?: { readonly networks: readonly string[]; readonly names?: readonly string[] };
  /** Copies to suggest. */
  readonly cc?: { readonly upstream?: readonly string[]; readonly cert?: readonly string[] };
  /** Port scan unless told otherwise. */
  readonly type?: 'port_scan' | 'login_attack';
  /** Where the archive's digest chain stood when the report was made. */
  readonly archiveHead?: { readonly seq: number; readonly sha256: string };
  readonly nowMs: number;
}

const MAX_SHOWN_LINES = 200;
const MAX_LINE = 900;
const MAX_TARGETS = 50;
const MAX_PORTS = 20;
const FIELD_INDENT = 16;
const FIELD_WIDTH = 100;

/** The parts of a report after masking: everything below prints these and nothing else. */
export interface Material {
  readonly input: ReportInput;
  readonly source: string;
  readonly masked: boolean;
  /** Text of ours that may name our side. */
  readonly show: (text: string, max?: number) => string;
  readonly lines: readonly ShownLine[];
  readonly omitted: number;
  readonly abuse: readonly string[];
}

export interface ShownLine {
  readonly receivedAt: string;
  readonly from: string;
  readonly text: string;
  readonly sha256: string;
}

/** Selects, masks and escapes what the reports print. Throws RangeError for a network to mask that is none. */
export function materialOf(input: ReportInput): Material {
  const { incident, mask } = input;
  const source = input.source ?? incident.sources[0] ?? 'unknown';
  const ownNames = [
    ...incident.observers.map(({ hostname }) => hostname),
    ...incident.targets.map(({ name }) => name),
  ];
  const names = [...ownNames, ...input.clocks.map(({ hostname }) => hostname), ...(mask?.names ?? [])].filter(
    (name) => name !== undefined,
  );
  const masking = mask === undefined ? undefined : new Mask(mask.networks, names);
  const show = (text: string, max = 200) => visible(masking === undefined ? text : masking.text(text), max);
  // Other sources' lines are none of this one's business.
  const own =
    incident.sources.length > 1
      ? input.lines.filter(({ bytes }) => mentions(bytes.toString('latin1'), source))
      : input.lines;
  const lines = own.slice(0, MAX_SHOWN_LINES).map((line): ShownLine => {
    const text = show(line.bytes.toString('utf8').trimEnd(), MAX_LINE);
    // The digest of what was received would give a masked address away: there are few to try.
    const sha256 = createHash('sha256')
      .update(masking === undefined ? line.bytes : text)
      .digest('hex');
    return { receivedAt: iso(line.receivedAtMs), from: show(line.peer.address), text, sha256 };
  });
  const abuse = [...new Set(input.lookups.flatMap((lookup) => lookup.abuse ?? []).map(plainMailbox))].filter(
    (mailbox) => mailbox !== undefined,
  );
  return {
    input,
    source,
    masked: masking !== undefined,
    show,
    lines,
    omitted: Math.max(0, own.length - lines.length),
    abuse,
  };
}

/** The paper's block: who, when, what. */
export function facts(material: Material): string[] {
  const { input, source, show } = material;
  const { incident } = input;
  const { targets, ports, transports, tcpFlags, sourcePorts, count, lineCount } = incident;
  const names = [...new Set(targets.map(nameOf))].map((name) => show(name));
  const lines = count === lineCount ? '' : ` in ${lineCount} log line${lineCount === 1 ? '' : 's'}`;
  const flags = tcpFlags.length === 0 ? '' : `   TCP flags: ${show(tcpFlags.join(' | '))}`;
  const transport = transports.length === 0 ? '' : ` (${show(transports.join(', '))})`;
  return [
    ...field('Source', [source]),
    ...(sourcePorts.length === 0 ? [] : field('Source port', listed(sourcePorts.map(String), MAX_PORTS))),
    ...field('First seen', [iso(incident.firstSeenMs)]),
    ...field('Last seen', [iso(incident.lastSeenMs)]),
    ...field('Targets', listed(names, MAX_TARGETS)),
    ...(ports.length === 0 ? [] : field('Ports', listed(ports.map(String), MAX_PORTS), transport)),
    ...field('Attempts', [`${count}${lines}${flags}`]),
  ];
}

/** Items of a list, so many at most, and how many more there are. */
export function listed(items: readonly string[], most: number): string[] {
  const more = items.length - most;
  return more > 0 ? [...items.slice(0, most), `and ${more} more`] : [...items];
}

/** A label and a list, in lines that a mail can carry. */
export function field(label: string, items: readonly string[], after = ''): string[] {
  const done: string[] = [];
  let line = `  ${`${label}:`.padEnd(FIELD_INDENT - 2)}`;
  for (const [index, item] of items.entries()) {
    const text = `${item}${index === items.length - 1 ? after : ','}`;
    if (index === 0) line += text;
    else if (line.length + 1 + text.length <= FIELD_WIDTH) line += ` ${text}`;
    else {
      done.push(line);
      line = ' '.repeat(FIELD_INDENT) + text;
    }
  }
  return [...done, line];
}

/** Why the source may not be the one to blame. */
export function warningsOf({ input, source, show }: Material): string[] {
  const { incident, type } = input;
  const isLogin = type === 'login_attack';
  const others = incident.sources.length - 1;
  const forgeable = incident.transports.filter((transport) => transport !== 'tcp');
  const kind = unroutable(source);
  return [
    ...(kind === undefined
      ? []
      : [
          `${source} is a ${kind} address: nobody outside answers for it, and it is forged if it came from outside`,
        ]),
    ...(others > 0 ? [othersWarning(others, isLogin)] : []),
    ...incident.remarks
      .filter((remark) => /forge|spoof|decoy/i.test(remark))
      .map((remark) => show(remark, 300)),
    ...(forgeable.length > 0 && !isLogin
      ? [`the source address of ${show(forgeable.join(' and '), 60)} packets is easily forged`]
      : []),
    ...(isLogin || forgeable.length === incident.transports.length
      ? []
      : [
          'the packets were logged one by one; without a completed connection a source address proves nothing by itself',
        ]),
  ];
}

/** A login needs a connection that was completed, from an address that was not forged. */
function othersWarning(others: number, isLogin: boolean): string {
  const who = `${others} other source${others === 1 ? '' : 's'} did the same at the same time`;
  return isLogin
    ? `${who}; what stands here is about this one alone`
    : `${who}: some or all but one may be decoys with forged addresses`;
}

/** Says that there are more lines, when there are. */
export function omittedLine({ omitted, lines, input }: Material): string[] {
  const missing = Math.max(omitted, input.incident.lineCount - lines.length);
  return missing > 0 ? [`(${missing} more line${missing === 1 ? '' : 's'})`] : [];
}

/** Whether an address stands in a line, however it is written. */
function mentions(line: string, source: string): boolean {
  const words = line.match(/[0-9a-f:.]{2,45}/gi) ?? [];
  return words.some((word) => canonicalIp(word.replace(/[:.]$/, '')) === source);
}

/** What kind of address nobody outside can have; undefined for one somebody answers for. */
export function unroutable(source: string): string | undefined {
  try {
    const kind = classifyIp(source);
    return kind === 'public' || kind === 'documentation' ? undefined : kind;
  } catch {
    return undefined;
  }
}

function nameOf({ ip, name }: IncidentTarget): string {
  return name === undefined ? ip : `${name} (${ip})`;
}

/** ISO 8601, UTC. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Blocks of lines with an empty line between them. */
export function sections(...parts: readonly (readonly string[])[]): string {
  return `${parts.map((lines) => lines.join('\n').trimEnd()).join('\n\n')}\n`;
}
