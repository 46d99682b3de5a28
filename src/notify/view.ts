import { oneLine, visible } from '../lib/escape.ts';
import type { Incident, IncidentObserver } from '../types.ts';
import { countedOf } from './counted.ts';
import { type Grid, gridOf } from './grid.ts';
import { localTime, timeSpan } from './local-time.ts';
import { remarksOn } from './remarks.ts';
import type { EvidenceText, RenderContext } from './render-context.ts';
import { serviceLong } from './service-label.ts';
import { hostLabels, metTargets, type Verdict, verdictOf } from './verdict.ts';
import { asSentence, listOf, plural } from './words.ts';

/**
 * What a mail says, before it is laid out as text or HTML. Every string went through lib/escape: nothing in here can
 * move a cursor, end a line or hide. The HTML layout still has to quote it.
 */
export interface View {
  readonly subject: string;
  readonly sentence: string;
  readonly condition: string;
  readonly block: Block;
  readonly grid: Grid;
  /** `Raw lines (3 of 12)` and the lines, each with when and from whom it came. */
  readonly raw: { readonly title: string; readonly lines: readonly string[]; readonly more?: string };
  readonly evidence: readonly { readonly label: string; readonly lines: readonly string[] }[];
  readonly why: readonly string[];
  readonly remarks: readonly string[];
  readonly next: readonly string[];
  readonly never: string;
  readonly footer: readonly string[];
}

/** The block of the paper: Date, Time, Source, Destination, Service. */
export interface Block {
  readonly date: string;
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly service: string;
  readonly loggedBy: string;
  /** `Packets` and how many, or what else it is that was attempted. */
  readonly count: readonly [label: string, count: string];
  readonly flags?: string;
}

const SUBJECT_LENGTH = 180;
const MAX_LINES = 20;
const MAX_LINE_LENGTH = 700;
const MAX_LINES_LENGTH = 16_384;
const MAX_EVIDENCE = 8;
const MAX_EVIDENCE_LINES = 40;
const MAX_EVIDENCE_LENGTH = 4_096;

/** Arranges an incident and its context for the reader. Pure; throws RangeError for a zone that does not exist. */
export function viewOf(incident: Incident, context: RenderContext): View {
  const verdict = verdictOf(incident, context.serviceName, context.watchedHosts);
  const { decision, rule } = context;
  const ruleName = visible(rule.id, 80);
  return {
    subject: oneLine(`[knockwatch] ${subjectOf(incident, context, verdict)}`, SUBJECT_LENGTH),
    sentence: sentenceOf(incident, context, verdict),
    condition: oneLine(rule.conditionSentence, 300),
    block: blockOf(incident, context),
    grid: gridOf(incident, context.serviceName),
    raw: rawOf(incident, context),
    evidence: (context.evidence ?? []).slice(0, MAX_EVIDENCE).map(evidenceOf),
    why: [
      `${decision.reason}: ${visible(decision.because, 400)}.`,
      ...(incident.sentence === '' ? [] : [asSentence(`Detected: ${visible(incident.sentence, 400)}`)]),
    ],
    remarks: remarksOn(incident),
    next: nextSteps(incident),
    never: 'Never strike back: the address may be forged, or belong to another victim.',
    footer: [
      `knockwatch on ${visible(context.hostName, 80)}, incident ${visible(incident.id, 80)}, severity ${incident.severity}`,
      `rule ${ruleName}${rule.title === undefined ? '' : ` (${oneLine(rule.title, 120)})`}, ${visible(rule.position, 200)}`,
    ],
  };
}

function subjectOf(incident: Incident, { decision }: RenderContext, { word, headline }: Verdict): string {
  switch (decision.reason) {
    case 'escalated':
      return `Escalated to ${incident.severity}: ${word}: ${headline}`;
    case 'closing-summary':
      return `Closed: ${word}: ${headline}, ${plural(incident.count, countedOf(incident.kinds).noun)}`;
    default:
      return `${word}: ${headline}`;
  }
}

function sentenceOf(incident: Incident, { decision, zone }: RenderContext, { sentence }: Verdict): string {
  switch (decision.reason) {
    case 'escalated':
      return `Now ${incident.severity}: ${sentence}`;
    case 'closing-summary': {
      const last = localTime(incident.lastSeenMs, zone);
      const quiet = `Quiet since ${last.date} ${last.time} (${last.offset}); this is the last mail about it.`;
      return `It is over: ${sentence} ${quiet}`;
    }
    default:
      return sentence;
  }
}

function blockOf(incident: Incident, context: RenderContext): Block {
  const span = timeSpan(incident.firstSeenMs, incident.lastSeenMs, context.zone);
  const met = metTargets(incident);
  const labels = (targets: Incident['targets']) => [
    ...new Set(targets.map((target) => serviceLong(target, context.serviceName))),
  ];
  const company = incident.targets.filter((target) => !met.includes(target));
  const flags = incident.tcpFlags.map((flag) => visible(flag, 40));
  return {
    ...span,
    source: sourceText(incident, context),
    destination: listOf(hostLabels([...met, ...incident.targets]), 8),
    service: listOf(labels(met), 8) + (company.length === 0 ? '' : `; also ${listOf(labels(company), 8)}`),
    loggedBy: listOf([...new Set(incident.observers.map(observerText))], 4),
    count: [countedOf(incident.kinds).label, String(incident.count)],
    ...(flags.length === 0 ? {} : { flags: listOf(flags, 8) }),
  };
}

function sourceText(incident: Incident, { sourceName }: RenderContext): string {
  const [first] = incident.sources;
  const ports = incident.sourcePorts;
  const from =
    ports.length === 0 ? '' : `   ${ports.length === 1 ? 'port' : 'ports'} ${listOf(ports.map(String), 3)}`;
  if (incident.sources.length !== 1 || first === undefined) {
    const some = listOf(
      incident.sources.map((source) => visible(source, 60)),
      5,
    );
    const atLeast = incident.overflow > 0 ? 'at least ' : '';
    return `${atLeast}${plural(incident.sources.length, 'source')}: ${some}${from}`;
  }
  const name =
    sourceName === undefined
      ? ''
      : `  (${visible(sourceName.name, 120)}, ${sourceName.confirmed ? 'confirmed' : 'claimed'})`;
  return `${visible(first, 60)}${name}${from}`;
}

/** `gw1 (list 101)`: Cisco devices log access lists, the others rules or prefixes. */
function observerText({ hostname, address, product, rule }: IncidentObserver): string {
  const device = visible(hostname ?? address, 60);
  if (rule === undefined || rule.trim() === '') return device;
  return `${device} (${/^(ios|asa|nx-?os)/i.test(product) ? 'list' : 'rule'} ${oneLine(rule, 60)})`;
}

function rawOf(incident: Incident, context: RenderContext): View['raw'] {
  const lines: string[] = [];
  let length = 0;
  for (const { text, receivedAtMs, peer } of context.lines.slice(0, MAX_LINES)) {
    const received = new Date(receivedAtMs).toISOString().slice(11, 19);
    const line = `${received}Z ${visible(peer, 60)}  ${visible(text, MAX_LINE_LENGTH)}`;
    length += Buffer.byteLength(line);
    if (length > MAX_LINES_LENGTH) break;
    lines.push(line);
  }
  const all = context.lines.length + context.linesOmitted;
  const left = all - lines.length;
  const more = `and ${plural(left, 'more line')} in the store under ${visible(incident.id, 80)}`;
  return {
    title: `Raw lines (${left === 0 ? all : `${lines.length} of ${all}`}), as received (UTC)`,
    lines,
    ...(left === 0 ? {} : { more }),
  };
}

/** Somebody else's text, bounded, line by line and marked as a quotation. */
function evidenceOf({ label, text }: EvidenceText): View['evidence'][number] {
  const bounded = text.slice(0, MAX_EVIDENCE_LENGTH);
  const lines = bounded.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  const shown = lines.slice(0, MAX_EVIDENCE_LINES).map((line) => `> ${visible(line, 200)}`);
  const cut = lines.length > shown.length || bounded.length < text.length;
  return { label: `Look-up: ${oneLine(label, 60)}`, lines: cut ? [...shown, '> (cut here)'] : shown };
}

function nextSteps(incident: Incident): string[] {
  const id = visible(incident.id, 80);
  return [
    'Check: is it one of your own machines, a customer, a scanner you know? Then write it under "ignore:" with the reason.',
    `Gather: look what else came from there and what was let through; the evidence of ${id} is kept.`,
    `Inform: "knockwatch report ${id}" drafts a mail to the people responsible for the address. You read it, you send it.`,
  ];
}
