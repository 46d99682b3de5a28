import { priName } from '../decode/pri.ts';
import { visible } from '../lib/escape.ts';
import { textTable } from '../lib/text-table.ts';
import type { Stamp, SyslogMessage } from '../types.ts';
import { attemptFields } from './attempt-text.ts';
import type { Explanation } from './explanation.ts';
import { type Io, paint } from './io.ts';

type Row = readonly [label: string, text: string];

function envelope({ outcome: { message } }: Explanation): Row[] {
  const { hostname, appName, procId, msgId, sequence, relay, repeated } = message;
  const pri = priName(message.facility, message.severity);
  const parts = [
    message.format,
    message.pri === 'stated' ? pri : `${pri} (the priority is ${message.pri})`,
    ...(hostname === undefined ? [] : [`host ${hostname}`]),
    ...(appName === undefined ? [] : [`program ${appName}${procId === undefined ? '' : `[${procId}]`}`]),
    ...(msgId === undefined ? [] : [`message id ${msgId}`]),
    ...(sequence === undefined ? [] : [`sequence ${sequence}`]),
    ...(relay?.hostname === undefined ? [] : [`relayed by ${relay.hostname}`]),
    ...(repeated === undefined ? [] : [`repeated ${repeated} times`]),
  ];
  return [
    ['envelope', parts.join(', ')],
    ['stamp', stampText(message)],
  ];
}

function stampText({ timestamp }: SyslogMessage): string {
  return timestamp === undefined ? 'none' : describeStamp(timestamp);
}

function describeStamp({ epochMs, quality, zone, yearInferred }: Stamp): string {
  const notes = [
    ...(quality === 'device' ? [] : [quality]),
    ...(zone === 'assumed' ? ['the zone is assumed'] : []),
    ...(yearInferred ? ['the year is inferred'] : []),
  ];
  const when = epochMs === undefined ? 'no date' : new Date(epochMs).toISOString();
  return notes.length === 0 ? when : `${when} (${notes.join(', ')})`;
}

const CLOCKS = {
  device: "the device's stamp",
  relay: "the relay's stamp",
  receipt: 'the time so far',
} as const;

function format({ outcome: { attempt, time }, whyNot }: Explanation): Row[] {
  if (attempt === undefined) return [['format', whyNot]];
  const clock =
    time === undefined
      ? ''
      : `, ${CLOCKS[time.source]}${time.because === undefined ? '' : `: ${time.because}`}`;
  return [
    ['format', `${attempt.parser} (${attempt.vendor} ${attempt.product})`],
    ['fields', attemptFields(attempt).join('  ')],
    ['time', `${new Date(attempt.atMs).toISOString()}${clock}`],
  ];
}

function rules({ rules, outcome }: Explanation): Row[] {
  if (outcome.attempt === undefined) return [];
  if (rules.length === 0) return [['rules', 'there are none']];
  return rules.flatMap(({ ruleId, matched, because, windows }): Row[] => [
    [`rule ${ruleId}`, `${matched ? 'yes' : 'no'}: ${because}`],
    ...windows.map((window): Row => ['', window]),
  ]);
}

/** An explanation for people, stage by stage; all that comes from the line is escaped. */
export function explanationText(io: Io, explanation: Explanation): string {
  const { text, incidents, decision } = explanation;
  const stories = incidents.map(
    ({ id, kind, sentence, count }): Row => [
      `incident ${id}`,
      `${kind}: ${sentence}; ${count} ${count === 1 ? 'packet' : 'packets'} so far`,
    ],
  );
  const verdict = `${decision.send ? 'a mail' : 'no mail'} (${decision.reason}): ${decision.because}`;
  const rows: Row[] = [
    ['line', text],
    ...envelope(explanation),
    ...format(explanation),
    ...rules(explanation),
    ...stories,
  ];
  const table = textTable(
    [...rows, ['decision', verdict] as const].map(([label, value]) => [label, visible(value, 2_000)]),
  );
  const last = table.pop()!;
  return [...table, paint(io, 'stdout', decision.send ? 'red' : 'green', last), ''].join('\n');
}
