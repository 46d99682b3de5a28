import { oneLine, visible } from '../lib/escape.ts';
import type { Alert, NotifyReason, Severity } from '../types.ts';
import {
  htmlFooter,
  htmlHeading,
  htmlLead,
  htmlLines,
  htmlList,
  htmlPage,
  htmlParagraph,
} from './html-page.ts';
import { timeSpan } from './local-time.ts';
import type { SiteContext } from './render-context.ts';
import { finish, section, wrapped } from './render-text.ts';
import type { Held } from './tally.ts';
import { asSentence } from './words.ts';

/** Something about the watch itself that people should hear of, beside incidents: a sender that has gone quiet. */
export interface Notice {
  readonly reason: NotifyReason;
  readonly severity: Severity;
  /** The verdict, without a full stop: `192.0.2.1 (gw1) has sent nothing for 16 min`. */
  readonly headline: string;
  /** What happened, a sentence each. */
  readonly sentences: readonly string[];
  /** Lines that show it; raw. */
  readonly lines: readonly string[];
  /** What to do next. */
  readonly advice: readonly string[];
  readonly because: string;
  readonly atMs: number;
}

const MAX_SENTENCES = 40;
const MAX_LINES = 20;

/** A notice as an alert. Pure, as `renderAlert`. */
export function noticeAlert(
  notice: Notice,
  { hostName, zone }: Pick<SiteContext, 'hostName' | 'zone'>,
): Alert {
  const id = `${notice.reason}.${hostName}.${notice.atMs}`;
  const subject = oneLine(`[knockwatch] ${notice.headline}`, 180);
  const lead = asSentence(visible(notice.headline, 300));
  const left = notice.sentences.length - MAX_SENTENCES;
  const sentences = [
    ...notice.sentences.slice(0, MAX_SENTENCES).map((text) => visible(text, 400)),
    ...(left > 0 ? [`and ${left} more`] : []),
  ];
  const lines = notice.lines.slice(0, MAX_LINES).map((line) => visible(line, 500));
  const why = `${notice.reason}: ${visible(notice.because, 400)}.`;
  const { date, time } = timeSpan(notice.atMs, notice.atMs, zone);
  const footer = [`knockwatch on ${visible(hostName, 80)}, ${date} ${time}`];
  return {
    id,
    incidentIds: [],
    severity: notice.severity,
    reason: notice.reason,
    threadId: id,
    subject,
    text: finish([
      wrapped([lead], ''),
      sentences.map((sentence) => `  ${sentence}`),
      section('Lines that were not understood', lines),
      section('Why this mail', wrapped([why], '')),
      section('What to do next', wrapped(notice.advice, '')),
      ['-- ', ...footer],
    ]),
    html: htmlPage(subject, [
      htmlLead(lead),
      htmlList('ul', sentences),
      lines.length === 0 ? '' : htmlHeading('Lines that were not understood'),
      htmlLines(lines),
      htmlHeading('Why this mail'),
      htmlParagraph(why),
      htmlHeading('What to do next'),
      htmlList('ol', notice.advice),
      htmlFooter(footer),
    ]),
  };
}

/** The notice as a digest tells it. */
export function heldNotice(alert: Alert, headline: string, atMs: number): Held {
  return {
    incidentId: alert.id,
    ruleId: '',
    severity: alert.severity,
    headline,
    sources: [],
    ports: [],
    hits: 0,
    firstSeenMs: atMs,
    lastSeenMs: atMs,
  };
}
