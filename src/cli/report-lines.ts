import type { Config } from '../config/config.ts';
import { canonicalIp } from '../lib/ip.ts';
import { Pipeline } from '../pipeline.ts';
import type { RuleSet } from '../rule.ts';
import { type ArchiveFile, archiveLines, listArchive } from '../store/archive-files.ts';
import { rawBytes, readRecord } from '../store/archive-record.ts';
import { archiveDirectory } from '../store/places.ts';
import type { Attempt, EvidenceLine, Incident, SyslogMessage } from '../types.ts';
import { pipelineOptions } from './pipeline-options.ts';

/** More lines are counted and not shown. */
const MAX_LINES = 1_000;
const DAY_MS = 86_400_000;
/** Lines may be received a little before the time their device gives them. */
const EARLY_MS = 60_000;
const NO_RULES: RuleSet = { rules: [], ignores: [], names: new Map(), files: [] };

/** A raw line and what it says. */
export interface ReadLine {
  readonly line: EvidenceLine;
  readonly message: SyslogMessage;
  readonly attempt?: Attempt;
}

/**
 * The lines of one source of an incident, oldest first: the incident's own and, where it has had more than it keeps, those of the
 * archive. `onFault` is told of archive files that can not be read to their end.
 */
export async function linesOf(
  incident: Incident,
  source: string,
  config: Config,
  onFault: (because: string) => void,
): Promise<ReadLine[]> {
  const own = incident.lines.map(readerOf(config));
  const kept = own.filter((read) => isOf(read, source));
  if (incident.lines.length >= incident.lineCount) return kept;
  const archived: ReadLine[] = [];
  const read = readerOf(config);
  const kinds = new Set(own.flatMap(({ attempt }) => attempt?.kind ?? []));
  const from = dayOf(incident.firstSeenMs - EARLY_MS);
  // Lines may come late, by their devices' clocks.
  const to = dayOf(incident.lastSeenMs + DAY_MS);
  const most = Math.min(MAX_LINES, incident.lineCount);
  for (const file of await listArchive(archiveDirectory(config.stateDir))) {
    if (file.day < from || file.day > to) continue;
    try {
      for await (const line of receivedLines(file, source)) {
        const found = read(line);
        if (isOf(found, source) && belongs(found, incident, kinds)) archived.push(found);
        if (archived.length >= most) return archived;
      }
    } catch (error) {
      onFault(`${file.path} can not be read to its end: ${(error as Error).message}`);
    }
  }
  return archived.length > kept.length ? archived : kept;
}

function readerOf(config: Config): (line: EvidenceLine) => ReadLine {
  const pipeline = new Pipeline({ ...pipelineOptions(config, NO_RULES, 'replay'), onTransition: () => {} });
  return (line) => {
    const { message, attempt } = pipeline.process({ ...line, transport: 'file' });
    return { line, message, ...(attempt === undefined ? {} : { attempt }) };
  };
}

/** A line nobody can read any more (a pattern that is gone) counts when it has the address in it. */
function isOf({ attempt, line }: ReadLine, source: string): boolean {
  if (attempt !== undefined) return attempt.source.ip === source;
  const words = line.bytes.toString('latin1').match(/[0-9a-f:.]{2,45}/gi) ?? [];
  return words.some((word) => canonicalIp(word.replace(/[:.]$/, '')) === source);
}

/** Whether a line of the archive is about what the incident is about, and came in its time. */
function belongs(
  { line, attempt }: ReadLine,
  { firstSeenMs, lastSeenMs, targets, ports, overflow }: Incident,
  kinds: ReadonlySet<Attempt['kind']>,
): boolean {
  if (line.receivedAtMs < firstSeenMs - EARLY_MS) return false;
  if (Math.min(line.receivedAtMs, attempt?.atMs ?? line.receivedAtMs) > lastSeenMs + EARLY_MS) return false;
  if (attempt === undefined) return true;
  if (kinds.size > 0 && !kinds.has(attempt.kind)) return false;
  const { ip: host, port = -1 } = attempt.destination;
  // A host that does not say its own address is known by that of its log; of very many targets not all are kept.
  if (host === undefined || overflow > 0) return port < 0 || ports.includes(port);
  return targets.some((target) => target.ip === host && target.port === port);
}

/** Sound records of a file that may be about the source; an IPv6 address can be written in too many ways to look for it. */
async function* receivedLines(file: ArchiveFile, source: string): AsyncGenerator<EvidenceLine> {
  const isIpv4 = !source.includes(':');
  for await (const { bytes } of archiveLines(file)) {
    if (isIpv4 && !bytes.includes(source) && !bytes.includes('"rawBase64"')) continue;
    const read = readRecord(bytes);
    if (!read.ok || read.record.sender === undefined) continue;
    const { receivedAt, sender, port } = read.record;
    const receivedAtMs = Date.parse(receivedAt);
    if (Number.isNaN(receivedAtMs)) continue;
    const peer = { address: sender, ...(port === undefined ? {} : { port }) };
    yield { bytes: rawBytes(read.record), receivedAtMs, peer };
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
