import {
  htmlFields,
  htmlFooter,
  htmlHeading,
  htmlLead,
  htmlLines,
  htmlList,
  htmlPage,
  htmlParagraph,
  htmlTable,
} from './html-page.ts';
import type { View } from './view.ts';

/** The HTML of a mail: the same things in the same order as the text. */
export function renderHtml(view: View): string {
  const { block, grid, raw } = view;
  return htmlPage(view.subject, [
    htmlLead(view.sentence),
    htmlParagraph(view.condition),
    htmlFields([
      ['Date', block.date],
      ['Time', block.time],
      ['Source', block.source],
      ['Destination', block.destination],
      ['Service', block.service],
      ['Logged by', block.loggedBy],
      block.count,
      ...(block.flags === undefined ? [] : [['Flags', block.flags] as const]),
    ]),
    htmlTable(grid.head, grid.rows, grid.wordColumns),
    htmlParagraph(grid.more ?? ''),
    raw.lines.length === 0 && raw.more === undefined ? '' : htmlHeading(raw.title),
    htmlLines(raw.lines),
    htmlParagraph(raw.more ?? ''),
    ...view.evidence
      .filter(({ lines }) => lines.length > 0)
      .flatMap(({ label, lines }) => [htmlHeading(label), htmlLines(lines)]),
    htmlHeading('Why this mail'),
    ...view.why.map(htmlParagraph),
    view.remarks.length === 0 ? '' : htmlHeading('Bear in mind'),
    htmlList('ul', view.remarks),
    htmlHeading('What to do next'),
    htmlList('ol', view.next),
    htmlParagraph(view.never),
    htmlFooter(view.footer),
  ]);
}
