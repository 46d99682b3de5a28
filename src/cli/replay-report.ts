import type { Config } from '../config/config.ts';
import type { Transition } from '../correlate/incidents.ts';
import { visible } from '../lib/escape.ts';
import { HeavyHitters } from '../lib/heavy-hitters.ts';
import { serviceName } from '../lib/services.ts';
import { textTable } from '../lib/text-table.ts';
import type { Outcome } from '../pipeline.ts';
import type { Rule } from '../rule.ts';
import type { Incident, NotifyReason } from '../types.ts';
import { type Io, paint } from './io.ts';
import { MailPlan, type PlannedMail } from './mail-plan.ts';

const MAX_KEYS = 10_000;
const SHOWN_MAILS = 20;
const SHOWN_TOPS = 5;

/** Why an incident made no mail, as the report says it. */
const KEPT: Readonly<Partial<Record<NotifyReason, string>>> = {
  'source-already-alerted': 'about a source that was mailed about already',
  'already-alerted': 'said nothing new',
  'over-budget': 'over the budget, told in a digest',
  'no-channel': 'of rules that name no configured channel',
  'below-threshold': 'too mild',
};

/** What a replay has to tell beside its incidents: the mails they would have made, and what was denied without being one. */
export class ReplayReport {
  readonly #mails: MailPlan;
  readonly #sources = new HeavyHitters<string>(MAX_KEYS);
  readonly #ports = new HeavyHitters<string>(MAX_KEYS);
  /** Denied lines from sources without an incident. */
  readonly #bySource = new Map<string, number>();
  /** Hits of each rule. */
  readonly #hits = new Map<string, number>();
  #denied = 0;
  #knocks = 0;

  constructor(config: Config) {
    this.#mails = new MailPlan(config);
  }

  note(incident: Incident, transition: Transition, rule: Rule): void {
    this.#mails.note(incident, transition, rule);
  }

  add({ attempt, hits }: Outcome): void {
    for (const { ruleId } of hits) this.#hits.set(ruleId, (this.#hits.get(ruleId) ?? 0) + 1);
    if (attempt === undefined || (attempt.action !== 'denied' && attempt.action !== 'failed')) return;
    const source = attempt.source.ip ?? attempt.source.name;
    if (source === undefined) return;
    this.#denied++;
    if (hits.length > 0) {
      this.#knocks++;
      if (this.#bySource.size < MAX_KEYS || this.#bySource.has(source))
        this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1);
    }
    this.#sources.add(source);
    const { port } = attempt.destination;
    if (port !== undefined) this.#ports.add(`${port}/${attempt.transport ?? 'tcp'}`);
  }

  /** The report as lines, safe to print. `incidents` are all of them. */
  lines(io: Io, incidents: readonly Incident[], rules: readonly Rule[]): string[] {
    this.#mails.end();
    const title = (text: string) => ['', paint(io, 'stdout', 'bold', text)];
    return [
      ...title('Rules'),
      ...this.#ruleLines(incidents, rules),
      ...title('Mails'),
      ...this.#mailLines(),
      ...title('Background'),
      ...this.#backgroundLines(incidents),
    ];
  }

  #ruleLines(incidents: readonly Incident[], rules: readonly Rule[]): string[] {
    const counts = new Map<string, number>();
    for (const { ruleId } of incidents) counts.set(ruleId, (counts.get(ruleId) ?? 0) + 1);
    const number = (n: number) => n.toLocaleString('en');
    const rows = rules.map(({ id, severity }) => [
      id,
      severity,
      number(this.#hits.get(id) ?? 0),
      number(counts.get(id) ?? 0),
      number(this.#mails.ofRule(id)),
    ]);
    const table = textTable([['RULE', 'SEVERITY', 'HITS', 'INCIDENTS', 'MAILS'], ...rows], {
      indent: 2,
      align: ['left', 'left', 'right', 'right', 'right'],
    });
    const busiest = rules
      .filter(({ detect }) => detect.some(({ kind }) => kind !== 'any'))
      .sort((a, b) => (counts.get(b.id) ?? 0) - (counts.get(a.id) ?? 0))[0];
    return this.#mails.kept.has('over-budget') && busiest !== undefined
      ? [
          ...table,
          `  More than the budget allows: knockwatch tune --rule ${busiest.id} FILE shows other thresholds.`,
        ]
      : table;
  }

  #mailLines(): string[] {
    const { mails, sent, kept } = this.#mails;
    const why = [...kept].map(([reason, n]) => `${n} ${KEPT[reason] ?? reason}`);
    const count = sent === 0 ? 'None would have been sent.' : `${sent} would have been sent:`;
    const left = why.length === 0 ? [] : [`  Not mailed: ${why.join(', ')}.`];
    const more = sent > SHOWN_MAILS ? [`  and ${sent - SHOWN_MAILS} more`] : [];
    return [
      `  ${count}`,
      ...textTable(mails.slice(0, SHOWN_MAILS).map(mailRow), { indent: 4 }),
      ...more,
      ...left,
    ];
  }

  #backgroundLines(incidents: readonly Incident[]): string[] {
    if (this.#denied === 0) return ['  Nothing else was denied.'];
    const known = new Set(incidents.flatMap(({ sources }) => sources));
    const strangers = [...this.#bySource].filter(([source]) => !known.has(source));
    const knocked = strangers.reduce((sum, [, n]) => sum + n, 0);
    const tops = (hitters: HeavyHitters<string>, name: (key: string) => string, except = new Set<string>()) =>
      hitters
        .top(SHOWN_TOPS + except.size)
        .filter(([key]) => !except.has(key))
        .slice(0, SHOWN_TOPS)
        .map(([key, n]) => `${visible(name(key), 80)} ${n.toLocaleString('en')}`)
        .join(', ') || 'nobody else';
    return [
      `  ${plural(this.#denied, 'denied line')}, ${this.#knocks.toLocaleString('en')} at watched hosts and ports.`,
      `  ${plural(strangers.length, 'source')} knocked (${plural(knocked, 'line')}) and made no incident.`,
      `  Most from:  ${tops(this.#sources, (key) => key, known)}`,
      `  Most tried: ${tops(this.#ports, portName)}`,
    ];
  }
}

function mailRow({ atMs, severity, reason, headline }: PlannedMail): string[] {
  const note = reason === 'first-sight' ? '' : ` (${reason})`;
  return [new Date(atMs).toISOString().replace(/\.\d+/, ''), severity, visible(`${headline}${note}`, 200)];
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function portName(key: string): string {
  const [port = '', transport] = key.split('/');
  const name = serviceName(Number(port), transport);
  return name === undefined ? key : `${name} (${key})`;
}
