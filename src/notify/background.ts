import { oneLine, visible } from '../lib/escape.ts';
import { textTable } from '../lib/text-table.ts';
import type { Alert } from '../types.ts';
import type { BackgroundReport, BackgroundRow } from './background-counts.ts';
import {
  htmlFields,
  htmlFooter,
  htmlHeading,
  htmlLead,
  htmlPage,
  htmlParagraph,
  htmlTable,
} from './html-page.ts';
import { localTime, timeSpan } from './local-time.ts';
import type { Rendered, SiteContext } from './render-context.ts';
import { finish, section, wrapped } from './render-text.ts';
import { longDuration, plural } from './words.ts';

/** How the ids of these mails begin; they are beside the budget. */
export const BACKGROUND_ALERT = 'background.';
const WHY = 'digest: the configuration asks for it every day (`digest`).';
const NOTHING_TO_DO =
  'Nothing has to be done about this: it is what every address on the internet hears all day. Look at what is new.';
const ABOUT = [
  'Lines that a device denied or a program failed, also those no rule watches.',
  'Yesterday is the report before this one; "new" was not among the thousand most frequent then.',
];

/** The daily mail about the background as an alert; the same day of the same machine always has the same id. */
export function backgroundAlert(report: BackgroundReport, site: SiteContext): Alert {
  const day = localTime(report.untilMs, site.zone).date.replaceAll(' ', '-');
  const id = `${BACKGROUND_ALERT}${site.hostName}.${day}`;
  return {
    id,
    incidentIds: [],
    severity: 'low',
    reason: 'digest',
    threadId: id,
    ...renderBackground(report, site),
  };
}

/** A day of the background as a mail. Pure; throws RangeError for a zone that does not exist. */
export function renderBackground(report: BackgroundReport, site: SiteContext): Rendered {
  const { hostName, zone } = site;
  const span = timeSpan(report.fromMs, report.untilMs, zone);
  const lines = plural(report.lines, 'line');
  const lead =
    report.lines === 0
      ? 'Nothing was denied and no login failed: quieter than any network should be. Do your devices still send their logs?'
      : `${lines} denied or failed in ${longDuration(report.untilMs - report.fromMs)}${comparison(report)}.`;
  const about = [
    ...ABOUT,
    ...(report.error === 0
      ? []
      : [`Too many different keys for exact counts: each may be up to ${report.error} too low.`]),
    ...(report.lines === 0 ? [] : [NOTHING_TO_DO]),
  ];
  const isFirst = report.linesBefore === undefined;
  const tables = [
    {
      title: 'Sources',
      head: 'Source',
      rows: report.sources.map((row) => cells(row, visible(row.key, 60), isFirst)),
    },
    {
      title: 'Ports',
      head: 'Port',
      rows: report.ports.map((row) => cells(row, portLabel(row.key, site), isFirst)),
    },
    {
      title: 'Logged by',
      head: 'Device',
      rows: report.observers.map((row) => cells(row, oneLine(row.key, 60), isFirst)),
    },
  ].filter(({ rows }) => rows.length > 0);
  const headOf = (head: string) => (isFirst ? [head, 'Lines'] : [head, 'Lines', 'Yesterday']);
  const subject = oneLine(`[knockwatch] Background: ${lines} denied or failed${comparison(report)}`, 180);
  const fields = [
    ['From', span.date],
    ['Time', span.time],
  ] as const;
  const footer = [`knockwatch on ${visible(hostName, 80)}, daily digest`];
  return {
    subject,
    text: finish([
      wrapped([lead], ''),
      fields.map(([label, value]) => `  ${`${label}:`.padEnd(14)}${value}`),
      ...tables.map(({ title, head, rows }) =>
        section(title, textTable([headOf(head), ...rows], { align: ['left', 'right', 'right'], gap: 3 })),
      ),
      section('About these numbers', wrapped(about, '')),
      section('Why this mail', [WHY]),
      ['-- ', ...footer],
    ]),
    html: htmlPage(subject, [
      htmlLead(lead),
      htmlFields(fields),
      ...tables.flatMap(({ title, head, rows }) => [htmlHeading(title), htmlTable(headOf(head), rows, 1)]),
      htmlHeading('About these numbers'),
      ...about.map(htmlParagraph),
      htmlHeading('Why this mail'),
      htmlParagraph(WHY),
      htmlFooter(footer),
    ]),
  };
}

function cells({ count, before }: BackgroundRow, label: string, isFirst: boolean): string[] {
  return isFirst
    ? [label, String(count)]
    : [label, String(count), before === undefined ? 'new' : String(before)];
}

/** `, 12 % more than the day before`: by the hour, since the day before may have been a short one. */
function comparison({ fromMs, lengthBeforeMs, lines, linesBefore, untilMs }: BackgroundReport): string {
  if (linesBefore === undefined || lengthBeforeMs === undefined || lengthBeforeMs <= 0 || linesBefore === 0)
    return '';
  const expected = (linesBefore / lengthBeforeMs) * (untilMs - fromMs);
  const percent = Math.round((lines / expected - 1) * 100);
  if (percent === 0) return ', as many as the day before';
  if (percent > 900) return `, ${Math.round(lines / expected)} times as many as the day before`;
  return `, ${Math.abs(percent)} % ${percent > 0 ? 'more' : 'less'} than the day before`;
}

/** `imap (143/tcp)` */
function portLabel(key: string, { serviceName }: SiteContext): string {
  const match = /^(\d{1,5})(?:\/(.*))?$/.exec(key);
  const name = match === null ? undefined : serviceName(Number(match[1]), match[2]);
  return name === undefined ? oneLine(key, 40) : `${oneLine(name, 40)} (${oneLine(key, 40)})`;
}
