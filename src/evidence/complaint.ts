import { visible } from '../lib/escape.ts';
import { plainMailbox } from './clean-text.ts';
import { clockLines } from './device-clock.ts';
import {
  facts,
  iso,
  type Material,
  omittedLine,
  sections,
  unroutable,
  warningsOf,
} from './report-material.ts';

/** Nobody finds a connection by a time that is further off. */
const WRONG_CLOCK_MS = 60_000;

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
  const when = `${iso(incident.firstSeenMs).slice(0, 16).replace('T', ' ')} UTC`;
  const subject = visible(`Abuse report: ${what} from ${source}, ${when}`, 200);
  const copies = [...(cc.upstream ?? []), ...(cc.cert ?? [])]
    .map(plainMailbox)
    .filter((mailbox) => mailbox !== undefined);
  const nobody = unroutable(source) !== undefined;
  const contact = plainMailbox(reporter.email);
  const isKnown = contact !== undefined && reporter.organisation.trim() !== '';
  const warnings = [
    ...(nobody ? ['do not send it: there is nobody to send it to'] : []),
    ...warningsOf(material),
    ...(abuse.length === 0 && !nobody
      ? [`no address for complaints is known; ask the registry that has ${source} (RDAP, whois)`]
      : []),
    ...(copies.length === 0
      ? [
          'consider a copy to your upstream provider and to the CERT responsible for you (first.org lists them)',
        ]
      : []),
    ...(input.clocks.some(({ skewMs = 0 }) => Math.abs(skewMs) >= WRONG_CLOCK_MS)
      ? ["a device's clock is not ours, see the end: first and last seen may be by that clock"]
      : []),
    ...(isKnown ? [] : ['say who you are: report.organisation and report.email in knockwatch.yaml']),
  ];
  const text = sections(
    [
      `To: ${abuse.length === 0 ? '(not known)' : abuse.join(', ')}`,
      ...(copies.length === 0 ? [] : [`Cc: ${copies.join(', ')} (suggested)`]),
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
      `we saw ${what} from ${source}, an address that you are responsible for. Nobody here asked for them.`,
      'The machine may be misused without its owner knowing. Please look into it, and tell us if you need more.',
      '',
      ...facts(material),
      `  Reference:    ${incident.id}`,
    ],
    [
      "Log lines. In front: when we received the line, UTC. Then the line as it was, with its device's own time.",
      '',
      ...lines.map(({ receivedAt, text: line }) => `${receivedAt} ${line}`),
      ...omittedLine(material),
    ],
    ['Clocks of the devices, against ours', '', ...clockLines(input.clocks, material.show)],
    [
      'Kind regards',
      isKnown
        ? `${visible(reporter.organisation, 200)} <${contact}>`
        : '[your organisation and mail address]',
    ],
  );
  return { to: abuse, cc: copies, subject, warnings, text };
}
