import { visible } from '../lib/escape.ts';
import { clockLines } from './device-clock.ts';
import {
  facts,
  field,
  iso,
  listed,
  type Material,
  omittedLine,
  sections,
  warningsOf,
} from './report-material.ts';

const MAX_SOURCES = 200;

/** Everything that is known about an incident, for our own files and for a CERT. */
export function bundle(material: Material): string {
  const { input, source, masked, show, lines } = material;
  const { incident, archiveHead } = input;
  return sections(
    [
      `Evidence: incident ${incident.id}`,
      `Made ${iso(input.nowMs)}; all times UTC.${masked ? ' Our own addresses and names are masked.' : ''}`,
    ],
    [
      show(incident.sentence, 300),
      '',
      ...facts(material),
      ...(incident.sources.length === 1 ? [] : field('All sources', listed(incident.sources, MAX_SOURCES))),
      `  Rule:         ${show(incident.ruleId)}   Severity: ${incident.severity}   State: ${incident.state}`,
      ...incident.observers.slice(0, 20).map((observer) => {
        const name = observer.hostname === undefined ? '' : `${show(observer.hostname)} `;
        const rule = observer.rule === undefined ? '' : `, rule ${show(observer.rule)}`;
        return `  Logged by:    ${name}(${show(observer.address)}, ${show(observer.product)}${rule})`;
      }),
    ],
    ['What the evidence does not prove', '', ...warningsOf(material).map((warning) => `- ${warning}`)],
    ['Clocks of the devices, against ours', '', ...clockLines(input.clocks, show)],
    [
      `Log lines (${lines.length} of ${incident.lineCount}; receipt time, sender, line)`,
      '',
      ...lines.map(({ receivedAt, from, text }) => `${receivedAt} ${from} ${text}`),
      ...omittedLine(material),
    ],
    [
      `SHA-256 of ${masked ? 'the lines as shown' : 'the lines as received, octet for octet'}`,
      '',
      ...lines.map(({ sha256 }, i) => `${String(i + 1).padStart(4)}  ${sha256}`),
      ...(archiveHead === undefined
        ? []
        : ['', `Archive: record ${archiveHead.seq}, digest ${archiveHead.sha256}`]),
    ],
    [
      `Look-ups about ${source}`,
      '',
      ...(input.lookups.length === 0 ? ['none'] : []),
      ...input.lookups.flatMap(({ label, text, asOfMs }) => [
        `${label}, as of ${iso(asOfMs)}:`,
        ...quoted(text),
        '',
      ]),
    ],
  );
}

/** Somebody else's text, marked as such line by line. */
function quoted(text: string): string[] {
  return text.split('\n').map((line) => `> ${visible(line, 900)}`.trimEnd());
}
