import { textTable } from '../lib/text-table.ts';
import type { Grid } from './grid.ts';
import type { Block, View } from './view.ts';
import { hardWrap, wrap } from './words.ts';

/** Prose is broken here; log lines are not, their reader wants to search for them. */
const PROSE_WIDTH = 120;
/** RFC 5322 2.1.1 allows 998 octets without the line end. */
const MAX_OCTETS = 990;

/** The plain text of a mail; lines end in LF and none is longer than 990 octets. */
export function renderText(view: View): string {
  const sections = [
    wrap(`${view.sentence} ${view.condition}`.trim(), PROSE_WIDTH),
    blockLines(view.block),
    gridLines(view.grid),
    section(view.raw.title, [...view.raw.lines, ...(view.raw.more === undefined ? [] : [view.raw.more])]),
    ...view.evidence.map(({ label, lines }) => section(label, lines)),
    section('Why this mail', wrapped(view.why, '')),
    view.remarks.length === 0 ? [] : section('Bear in mind', wrapped(view.remarks, '- ')),
    [...section('What to do next', numbered(view.next)), ...wrap(view.never, PROSE_WIDTH, '  ')],
    ['-- ', ...view.footer],
  ];
  return finish(sections);
}

/** Sections parted by blank lines, with the line length bounded. */
export function finish(sections: readonly (readonly string[])[]): string {
  const full = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${hardWrap(full.join('\n\n'), MAX_OCTETS)}\n`;
}

/** A title and what is under it, indented; nothing when nothing is under it. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

/** Each text broken at the prose width, with a mark in front. */
export function wrapped(texts: readonly string[], mark: string): string[] {
  return texts.flatMap((text) => wrap(text, PROSE_WIDTH - 2, mark, ' '.repeat(mark.length)));
}

function numbered(texts: readonly string[]): string[] {
  return texts.flatMap((text, i) => wrap(text, PROSE_WIDTH - 2, `${i + 1}. `, '   '));
}

function blockLines(block: Block): string[] {
  const field = (label: string, value: string) => `  ${`${label}:`.padEnd(14)}${value}`;
  const flags = block.flags === undefined ? [] : [`Flags: ${block.flags}`];
  return [
    field('Date', `${block.date.padEnd(26)}Time:  ${block.time}`),
    field('Source', block.source),
    field('Destination', block.destination),
    field('Service', block.service),
    field('Logged by', [block.loggedBy, block.count.join(': '), ...flags].join('      ')),
  ];
}

function gridLines({ head, rows, wordColumns, more }: Grid): string[] {
  const align = head.map((_, i) => (i < wordColumns ? 'left' : 'right') as 'left' | 'right');
  return [
    ...textTable([head, ...rows], { align, indent: 2, gap: 3 }),
    ...(more === undefined ? [] : [`  ${more}`]),
  ];
}
