import { html } from '../lib/escape.ts';

/**
 * Pieces of the HTML mails. Styles are inline because mail clients drop the rest; colours are left to the reader's
 * light or dark scheme, borders are a grey that shows on both. Nothing is loaded from anywhere and nothing is a link.
 */
const BORDER = '1px solid #8888';
const CELL = `border:${BORDER};padding:.25em .6em;`;
const MONO = "font-family:ui-monospace,Menlo,Consolas,'Liberation Mono',monospace;font-size:.85em;";

/** A whole document around the given body. */
export function htmlPage(title: string, body: readonly string[]): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">',
    `<title>${html(title)}</title></head>`,
    '<body style="margin:0;padding:1em;font-family:system-ui,-apple-system,\'Segoe UI\',Roboto,sans-serif;line-height:1.45">',
    '<div style="max-width:52em;margin:0 auto">',
    ...body.filter((part) => part !== ''),
    '</div></body></html>',
    '',
  ].join('\n');
}

/** The verdict, large. */
export function htmlLead(text: string): string {
  return `<p style="font-size:1.15em;font-weight:600;margin:.2em 0 .6em">${html(text)}</p>`;
}

export function htmlParagraph(text: string): string {
  return text === '' ? '' : `<p style="margin:.4em 0">${html(text)}</p>`;
}

export function htmlHeading(text: string): string {
  return `<h2 style="font-size:1em;margin:1.4em 0 .4em">${html(text)}</h2>`;
}

/** Labels and values, one pair a row, which a narrow screen can still show. */
export function htmlFields(fields: readonly (readonly [label: string, value: string])[]): string {
  const rows = fields.map(
    ([label, value]) =>
      `<tr><th scope="row" style="text-align:left;vertical-align:top;padding:.1em 1em .1em 0;font-weight:600;white-space:nowrap">${html(label)}</th>` +
      `<td style="padding:.1em 0;overflow-wrap:anywhere">${html(value)}</td></tr>`,
  );
  return `<table role="presentation" style="border-collapse:collapse;margin:.8em 0">${rows.join('\n')}</table>`;
}

/** A table with a head; the first `wordColumns` columns are set left, the others right. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  wordColumns: number,
): string {
  const align = (i: number) => `text-align:${i < wordColumns ? 'left' : 'right'}`;
  const th = head.map((cell, i) => `<th scope="col" style="${CELL}${align(i)}">${html(cell)}</th>`).join('');
  const trs = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td style="${CELL}${align(i)}">${html(cell)}</td>`).join('')}</tr>`,
  );
  return [
    '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:.95em">',
    `<tr>${th}</tr>`,
    ...trs,
    '</table></div>',
  ].join('\n');
}

/** Lines as they are, in a box that scrolls or wraps. */
export function htmlLines(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<pre style="${MONO}border:${BORDER};border-radius:.3em;padding:.6em;margin:.3em 0;white-space:pre-wrap;overflow-wrap:anywhere">${lines.map(html).join('\n')}</pre>`;
}

export function htmlList(tag: 'ul' | 'ol', items: readonly string[]): string {
  if (items.length === 0) return '';
  const lis = items.map((item) => `<li style="margin:.2em 0">${html(item)}</li>`);
  return `<${tag} style="margin:.3em 0;padding-left:1.4em">${lis.join('\n')}</${tag}>`;
}

export function htmlFooter(lines: readonly string[]): string {
  return `<p style="margin-top:1.6em;padding-top:.6em;border-top:${BORDER};font-size:.85em;opacity:.8">${lines.map(html).join('<br>')}</p>`;
}
