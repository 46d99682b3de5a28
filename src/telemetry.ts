import { type DestinationStream, type Logger, pino } from 'pino';
import { Counter, Gauge, Registry } from 'prom-client';
import { visible } from './lib/escape.ts';
import type { Decision, Delivery, Incident } from './types.ts';

/**
 * Everything knockwatch says about itself: log lines and metrics, in one place. Stages report facts here (past tense),
 * and never a source address as a label: an attacker chooses those.
 */
export class Telemetry {
  readonly log: Logger;
  readonly registry = new Registry();
  readonly #frames = this.#tally('messages_received_total', 'Messages received, by listener.', ['listener']);
  readonly #outcomes = this.#tally('lines_total', 'Lines by what became of them.', ['outcome']);
  readonly #attempts = this.#tally('attempts_total', 'Attempts parsed, by parser and action.', [
    'parser',
    'action',
  ]);
  readonly #hits = this.#tally('hits_total', 'Attempts that touched a watch list, by rule.', ['rule']);
  readonly #lost = this.#counter(
    'device_losses_total',
    'Messages devices said they did not send, by parser.',
    ['parser'],
  );
  readonly #incidents = this.#counter('incidents_total', 'Incident transitions.', [
    'rule',
    'kind',
    'transition',
  ]);
  readonly #decisions = this.#counter('notifications_total', 'Decisions to send or not, with the reason.', [
    'reason',
    'sent',
  ]);
  readonly #deliveries = this.#counter('deliveries_total', 'Tries to hand an alert to a channel.', [
    'channel',
    'outcome',
  ]);
  readonly #reloads = this.#counter(
    'rule_reloads_total',
    'Times the rule files were read again, by what came of it.',
    ['outcome'],
  );
  readonly #senderAlarms = this.#counter(
    'sender_alarms_total',
    'Senders that went quiet, were not understood any more, or recovered.',
    ['kind'],
  );
  readonly #storeEvents = this.#counter('store_events_total', 'What happened to store and archive.', [
    'kind',
  ]);
  readonly #drops = this.#counter('drops_total', 'Everything given up, by where and why.', [
    'where',
    'reason',
  ]);

  constructor(level: string, destination?: DestinationStream) {
    const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
    this.log = destination === undefined ? pino(options) : pino(options, destination);
  }

  frameReceived(listener: string, count = 1): void {
    this.#frames.add(count, listener);
  }

  /** `passed-over`: it touches nothing watched, and nothing more is known. */
  lineJudged(
    outcome: 'attempt' | 'ignored' | 'malformed' | 'loss' | 'unknown' | 'passed-over',
    count = 1,
  ): void {
    this.#outcomes.add(count, outcome);
  }

  attemptParsed(parser: string, action: string): void {
    this.#attempts.add(1, parser, action);
  }

  hitMatched(rule: string): void {
    this.#hits.add(1, rule);
  }

  deviceLost(parser: string, count: number, reason: string): void {
    this.#lost.inc({ parser }, count);
    this.log.warn({ parser, count, reason: visible(reason, 200) }, 'a device lost log messages');
  }

  incidentMoved(incident: Incident, transition: string): void {
    this.#incidents.inc({ rule: incident.ruleId, kind: incident.kind, transition });
    this.log.info(
      {
        incident: incident.id,
        kind: incident.kind,
        rule: incident.ruleId,
        severity: incident.severity,
        sources: incident.sources.slice(0, 5),
        ports: incident.ports.slice(0, 20),
        count: incident.count,
        sentence: incident.sentence,
      },
      `incident ${transition}`,
    );
  }

  decided(incidentId: string, { send, reason, because }: Decision): void {
    this.#decisions.inc({ reason, sent: String(send) });
    this.log.info({ incident: incidentId, reason, because }, send ? 'alert sent on its way' : 'no alert');
  }

  delivered({ alertId, channel, attempt, outcome, because }: Delivery): void {
    this.#deliveries.inc({ channel, outcome });
    const level = outcome === 'delivered' ? 'info' : outcome === 'retry' ? 'warn' : 'error';
    this.log[level]({ alert: alertId, channel, attempt, because: visible(because, 500) }, `alert ${outcome}`);
  }

  rulesReloaded(outcome: 'changed' | 'unchanged' | 'refused'): void {
    this.#reloads.inc({ outcome });
  }

  senderChanged(kind: string, sender: string, sentence: string): void {
    this.#senderAlarms.inc({ kind });
    this.log[kind === 'sender-recovered' ? 'info' : 'warn']({ sender, sentence }, kind);
  }

  /** Something happened to the store or the archive that an operator must hear of. */
  stored({
    kind,
    because,
    path,
  }: {
    readonly kind: string;
    readonly because: string;
    readonly path?: string;
  }): void {
    this.#storeEvents.inc({ kind });
    const level = kind.endsWith('-recovered') ? 'info' : kind === 'directory-exposed' ? 'warn' : 'error';
    this.log[level]({ because: visible(because, 500), ...(path === undefined ? {} : { path }) }, kind);
  }

  dropped(where: string, reason: string, count = 1): void {
    this.#drops.inc({ where, reason }, count);
  }

  /** A value that is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `knockwatch_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** As `gauge`, with a value for each set of labels; what is not among them any more goes. */
  gauges<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: () => Iterable<readonly [labels: Readonly<Record<Label, string>>, value: number]>,
  ): void {
    new Gauge({
      name: `knockwatch_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  /** Every metric in the exposition format of Prometheus, and its content type. */
  async metrics(): Promise<{ readonly text: string; readonly type: string }> {
    return { text: await this.registry.metrics(), type: this.registry.contentType };
  }

  #tally(name: string, help: string, labelNames: readonly string[]): Tally {
    return new Tally({ name: `knockwatch_${name}`, help, labelNames, registers: [this.registry] });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `knockwatch_${name}`, help, labelNames, registers: [this.registry] });
  }
}

/** A counter that is added to with every line: the library's own makes a text of the labels each time. */
class Tally {
  readonly #counts = new Map<string, Map<string, number>>();

  /** With one label name or two. */
  constructor(options: ConstructorParameters<typeof Counter>[0]) {
    const [first = '', second] = options.labelNames ?? [];
    const counts = this.#counts;
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const [one, inner] of counts)
          for (const [other, count] of inner)
            this.inc(second === undefined ? { [first]: one } : { [first]: one, [second]: other }, count);
      },
    });
  }

  add(count: number, one: string, other = ''): void {
    let inner = this.#counts.get(one);
    if (inner === undefined) {
      inner = new Map();
      this.#counts.set(one, inner);
    }
    inner.set(other, (inner.get(other) ?? 0) + count);
  }
}
