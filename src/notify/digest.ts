import { oneLine, visible } from '../lib/escape.ts';
import type { Decision } from '../types.ts';
import { countedOf } from './counted.ts';
import { htmlFields, htmlFooter, htmlLead, htmlPage, htmlParagraph, htmlTable } from './html-page.ts';
import { timeSpan } from './local-time.ts';
import type { Rendered, SiteContext } from './render-context.ts';
import { finish, section, wrapped } from './render-text.ts';
import { severityCounts } from './severity.ts';
import type { Held, TallyReport } from './tally.ts';
import { asSentence, plural } from './words.ts';

/** Incidents a digest lists one by one; the rest is counted. */
const MAX_LISTED = 100;

/** A digest as a mail: exact counts first, then the incidents with the gravest in front. Pure, as `renderAlert`. */
export function renderDigest(
  report: TallyReport,
  { zone, hostName, decision }: Pick<SiteContext, 'zone' | 'hostName'> & { readonly decision: Decision },
): Rendered {
  const atLeast = report.unlisted > 0 ? 'at least ' : '';
  const incidents = plural(report.held.length, 'incident');
  const sources = plural(report.sources, 'source');
  const severities = severityCounts(report.bySeverity);
  const span = timeSpan(report.firstSeenMs, report.lastSeenMs, zone);
  const listed = report.held.slice(0, MAX_LISTED);
  const left = report.held.length - listed.length;
  // A notice counts nothing.
  const counted = report.held.filter(({ hits }) => hits > 0);
  const kinds = new Set(counted.flatMap((held) => held.kinds ?? (['packet'] as const)));
  const { label, noun } = countedOf([...kinds]);

  // Of some there was a mail before, and not of what came since.
  const lead = `What is new about ${atLeast}${incidents} from ${sources} had no mail of its own.`;
  const worst = listed[0] === undefined ? '' : asSentence(`The gravest: ${visible(listed[0].headline, 200)}`);
  const fields = [
    ['Date', span.date],
    ['Time', span.time],
    ['Incidents', `${atLeast}${report.held.length}${severities === '' ? '' : ` (${severities})`}`],
    ['Sources', `${atLeast}${report.sources}`],
    ['Ports', `${atLeast}${report.ports}`],
    [label, String(report.hits)],
  ] as const;
  const more = [
    ...(left > 0
      ? [`and ${plural(left, 'more incident')}, all of them in the store and on the web page`]
      : []),
    ...(report.unlisted > 0
      ? [`and ${plural(report.unlisted, 'more alert')} beyond what is told apart, counted in the ${noun}s`]
      : []),
  ];
  const why = `${decision.reason}: ${visible(decision.because, 400)}.`;
  const advice =
    report.sources > 50
      ? 'So many sources are told apart by nothing but the addresses they claim: look at what they have in common, and at what else happened meanwhile.'
      : '';
  const footer = [`knockwatch on ${visible(hostName, 80)}, digest`];

  const subject = oneLine(
    `[knockwatch] Digest: ${atLeast}${incidents} from ${sources}${severities === '' ? '' : ` (${severities})`}`,
    180,
  );
  return {
    subject,
    text: finish([
      wrapped([`${asSentence(lead)} ${worst}`.trim()], ''),
      fields.map(([label, value]) => `  ${`${label}:`.padEnd(14)}${value}`),
      section('Incidents, the gravest first', [...listed.map(listLine), ...more]),
      section('Why this mail', wrapped([why, ...(advice === '' ? [] : [advice])], '')),
      ['-- ', ...footer],
    ]),
    html: htmlPage(subject, [
      htmlLead(asSentence(lead)),
      htmlParagraph(worst),
      htmlFields(fields),
      htmlTable(
        ['Severity', 'Incident', 'What', label],
        listed.map(({ severity, incidentId, headline, hits }) => [
          severity,
          visible(incidentId, 80),
          visible(headline, 200),
          String(hits),
        ]),
        3,
      ),
      ...more.map(htmlParagraph),
      htmlParagraph(why),
      htmlParagraph(advice),
      htmlFooter(footer),
    ]),
  };
}

function listLine({ severity, incidentId, headline, hits, kinds }: Held): string {
  const count = hits === 0 ? '' : `, ${plural(hits, countedOf(kinds).noun)}`;
  return `${severity.padEnd(8)}  ${visible(headline, 200)}${count}  [${visible(incidentId, 80)}]`;
}
