import { createHash } from 'node:crypto';
import { visible } from '../lib/escape.ts';
import { classifyIp } from '../lib/ip.ts';
import type { EvidenceLine, Incident, IncidentTarget } from '../types.ts';
import { plainMailbox } from './clean-text.ts';
import { Mask } from './mask.ts';

/** What is known about the clock of a device that logged lines. */
export interface DeviceClock {
  readonly address: string;
  readonly hostname?: string;
  /** `+01:00`, as its lines state or as configured; absent when neither. */
  readonly utcOffset?: string;
  /** Device time minus receipt time: negative when its clock is behind ours. */
  readonly skewMs?: number;
  /** Lines the skew was measured on. */
  readonly samples?: number;
}

/** A look-up's answer as of then; see lookups.ts. */
export interface ReportLookup {
  readonly label: string;
  readonly text: string;
  readonly asOfMs: number;
  readonly abuse?: readonly string[];
}

export interface ReportInput {
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
  const { targets, ports, transports, tcpFlags, sourcePorts } = incident;
  const shown = [...new Set(targets.slice(0, MAX_TARGETS).map((target) => show(nameOf(target))))];
  const more = new Set(targets.map(nameOf)).size - shown.length;
  const list = (numbers: readonly number[]) =>
    `${numbers.slice(0, 20).join(', ')}${numbers.length > 20 ? ` and ${numbers.length - 20} more` : ''}`;
  return [
    `  Source:       ${source}${sourcePorts.length === 0 ? '' : `   source port ${list(sourcePorts)}`}`,
    `  First seen:   ${iso(incident.firstSeenMs)}`,
    `  Last seen:    ${iso(incident.lastSeenMs)}`,
    `  Targets:      ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    ...(ports.length === 0
      ? []
      : [
          `  Ports:        ${list(ports)}${transports.length === 0 ? '' : ` (${show(transports.join(', '))})`}`,
        ]),
    `  Attempts:     ${incident.count}${incident.sources.length > 1 ? ` of all ${incident.sources.length} sources` : ''}${tcpFlags.length === 0 ? '' : `   TCP flags: ${show(tcpFlags.join(' | '))}`}`,
  ];
}

/** Why the source may not be the one to blame. */
export function warningsOf({ input, source, show }: Material): string[] {
  const { incident, type } = input;
  const others = incident.sources.length - 1;
  const forgeable = incident.transports.filter((transport) => transport !== 'tcp');
  const kind = classOf(source);
  return [
    ...(kind === undefined
      ? []
      : [
          `${source} is a ${kind} address: nobody outside answers for it, and it is forged if it came from outside`,
        ]),
    ...(others > 0
      ? [
          `${others} other source${others === 1 ? '' : 's'} did the same at the same time: some or all but one may be decoys with forged addresses`,
        ]
      : []),
    ...incident.remarks
      .filter((remark) => /forge|spoof|decoy/i.test(remark))
      .map((remark) => show(remark, 300)),
    ...(forgeable.length > 0
      ? [`the source address of ${show(forgeable.join(' and '), 60)} packets is easily forged`]
      : []),
    ...(type === 'login_attack' || forgeable.length > 0
      ? []
      : [
          'the packets were logged one by one; without a completed connection a source address proves nothing by itself',
        ]),
  ];
}

/** How far the times in the lines can be trusted, a line for each device. */
export function clockLines({ input, show }: Material): string[] {
  if (input.clocks.length === 0)
    return ['nothing is known about the clocks of the devices; receipt times are by our own clock'];
  return input.clocks.map(({ hostname, address, utcOffset, skewMs, samples }) => {
    const name = hostname === undefined ? show(address) : `${show(hostname)} (${show(address)})`;
    const zone = utcOffset === undefined ? 'UTC offset unknown' : `UTC offset ${show(utcOffset, 10)}`;
    if (skewMs === undefined) return `${name}: ${zone}, clock not compared with ours`;
    const seconds = Math.abs(skewMs / 1000).toFixed(1);
    const skew =
      seconds === '0.0' ? 'in step with ours' : `${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} ours`;
    return `${name}: ${zone}, clock ${skew}${samples === undefined ? '' : ` (measured on ${samples} lines)`}`;
  });
}

/** Says that there are more lines, when there are. */
export function omittedLine({ omitted, lines, input }: Material): string[] {
  const missing = Math.max(
    omitted,
    input.incident.sources.length > 1 ? 0 : input.incident.lineCount - lines.length,
  );
  return missing > 0 ? [`(${missing} more lines)`] : [];
}

function mentions(line: string, source: string): boolean {
  for (let at = line.indexOf(source); at >= 0; at = line.indexOf(source, at + 1)) {
    const around = `${line[at - 1] ?? ' '}${line[at + source.length] ?? ' '}`;
    if (!/[0-9a-f:]/i.test(around[0]!) && !/[0-9]/.test(around[1]!)) return true;
  }
  return false;
}

function classOf(source: string): string | undefined {
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
