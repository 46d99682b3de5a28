import { visible } from '../lib/escape.ts';
import { plainMailbox } from './clean-text.ts';
import {
  clockLines,
  facts,
  iso,
  type Material,
  omittedLine,
  sections,
  warningsOf,
} from './report-material.ts';

/** A letter for a person to read, correct and send; nothing here sends it. */
export interface ComplaintDraft {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string;
  /** What to think about before sending; also on top of `text`. */
  readonly warnings: readonly string[];
  readonly text: string;
}

/** The letter to whoever answers for the source. */
export function complaint(material: Material): ComplaintDraft {
  const { input, source, lines, abuse } = material;
  const { incident, reporter, cc = {} } = input;
  const what = input.type === 'login_attack' ? 'failed logins' : 'unwanted connection attempts';
  const subject = visible(`Abuse report: ${what} from ${source}, ${iso(incident.firstSeenMs)}`, 200);
  const copies = [...(cc.upstream ?? []), ...(cc.cert ?? [])]
    .map(plainMailbox)
    .filter((mailbox) => mailbox !== undefined);
  const warnings = [
    ...warningsOf(material),
    ...(abuse.length === 0
      ? [`no address for complaints is known; ask the registry that has ${source} (RDAP, whois)`]
      : []),
    ...(copies.length === 0
      ? [
          'consider a copy to your upstream provider and to the CERT responsible for you (first.org lists them)',
        ]
      : []),
  ];
  const text = sections(
    [
      `To: ${abuse.join(', ')}`,
      `Cc: ${copies.length === 0 ? '' : `${copies.join(', ')} (suggested)`}`,
      `Subject: ${subject}`,
    ],
    [
      'DRAFT. Nothing has been sent and nothing sends it: read it, correct it, send it yourself, and remove this part.',
      '',
      'Before you send it:',
      ...warnings.map((warning) => `- ${warning}`),
    ],
    [
      'Dear colleagues,',
      '',
      `we saw ${what} from ${source}, an address registered to you. Nobody here invited them.`,
      'The machine may be misused without its owner knowing. Please look into it, and tell us if you need more.',
      '',
      ...facts(material),
    ],
    [
      "Log lines (all times UTC: when the line was received, then the line as it was; the time inside is its device's)",
      '',
      ...lines.map(({ receivedAt, text: line }) => `${receivedAt} ${line}`),
      ...omittedLine(material),
    ],
    ['Clocks', '', ...clockLines(material)],
    ['Kind regards', `${visible(reporter.organisation, 200)} <${plainMailbox(reporter.email) ?? ''}>`],
  );
  return { to: abuse, cc: copies, subject, warnings, text };
}
