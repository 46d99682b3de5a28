import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipelineOptions } from '../../src/cli/pipeline-options.ts';
import { incidentContext, siteContext } from '../../src/daemon/notifications.ts';
import type { BudgetLimits } from '../../src/notify/budget.ts';
import type { Channel, SendResult } from '../../src/notify/channel.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import { Pipeline } from '../../src/pipeline.ts';
import type { RuleSet } from '../../src/rule.ts';
import { loadRules } from '../../src/rules/load.ts';
import type { Alert, Incident, NotifyReason } from '../../src/types.ts';
import { testConfig } from './config.ts';
import { FakeTimers } from './fake-timers.ts';

/*
 * Scenarios as time lines: what is sent when, and which mails are wanted between when and when. Everything runs through
 * the real pipeline and the real notifier with a clock of its own; all that is missing or unexpected is told at the end.
 */

/** Second 0 of every time line. */
export const START_MS = Date.parse('2026-01-24T17:00:00Z');
/** As often as the daemon looks at the clock. */
const TICK_MS = 250;

/** A line that is stamped with the moment it is sent. */
export type Knock = (atMs: number) => string;

/** A packet the firewall fw1 dropped; no two moments give the same packet, which would be a second report of it. */
export function denied(
  source: string,
  host: string,
  port: number,
  packet: { flags?: string; sourcePort?: number } = {},
): Knock {
  return (atMs) => {
    const { flags = 'SYN', sourcePort = 1_024 + (atMs % 60_000) } = packet;
    return `<4>1 ${new Date(atMs).toISOString()} fw1 kernel - - - [UFW BLOCK] IN=eth0 OUT= SRC=${source} DST=${host} LEN=60 TOS=0x00 PREC=0x00 TTL=49 ID=${sourcePort} DF PROTO=TCP SPT=${sourcePort} DPT=${port} WINDOW=29200 RES=0x00 ${flags} URGP=0`;
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Seconds of the time line, both included. */
export function between(from: number, to: number): Span {
  return { from, to };
}

/** What is wanted of a mail; every given part must hold. */
export interface WantedMail {
  readonly reason?: NotifyReason;
  /** A part of the subject. */
  readonly subject?: string | RegExp;
  /** Parts of the text. */
  readonly text?: readonly (string | RegExp)[];
}

export function mail(wanted: WantedMail): WantedMail {
  return wanted;
}

interface Sent {
  readonly second: number;
  readonly alert: Alert;
}

function fits({ second, alert }: Sent, span: Span, { reason, subject = '', text = [] }: WantedMail): boolean {
  const holds = (whole: string, part: string | RegExp) =>
    typeof part === 'string' ? whole.includes(part) : part.test(whole);
  return (
    second >= span.from &&
    second <= span.to &&
    (reason === undefined || alert.reason === reason) &&
    holds(alert.subject, subject) &&
    text.every((part) => holds(alert.text, part))
  );
}

/** Rules from the text of a rule file; throws what is wrong with it. */
export async function rulesOf(yaml: string): Promise<RuleSet> {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-rules-'));
  try {
    writeFileSync(join(dir, 'rules.yaml'), yaml);
    const { ruleSet, problems } = await loadRules(dir);
    if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('; '));
    return ruleSet;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A channel that keeps everything, with the second it came at. */
export class CollectingChannel implements Channel {
  readonly name = 'mail';
  readonly kind = 'collecting';
  readonly sent: Sent[] = [];
  readonly #timers: FakeTimers;

  constructor(timers: FakeTimers) {
    this.#timers = timers;
  }

  async send(alert: Alert): Promise<SendResult> {
    this.sent.push({ second: (this.#timers.now() - START_MS) / 1_000, alert });
    return { ok: true, because: 'collected' };
  }

  async close(): Promise<void> {}
}

/** The pipeline and the notifier, wired as the daemon wires them, with a clock that moves when told to. */
export class Rig {
  readonly timers = new FakeTimers(START_MS);
  readonly channel = new CollectingChannel(this.timers);
  readonly incidents = new Map<string, Incident>();
  readonly pipeline: Pipeline;
  readonly notifier: Notifier;

  constructor(ruleSet: RuleSet, budget?: BudgetLimits) {
    const config = testConfig({ hostName: 'mon1', channels: [{ kind: 'stdout', name: 'mail' }] });
    this.notifier = new Notifier({
      channels: [this.channel],
      site: siteContext(config),
      timers: this.timers,
      random: () => 1,
      ...(budget === undefined ? {} : { budget }),
    });
    this.pipeline = new Pipeline({
      ...pipelineOptions(config, ruleSet, 'live'),
      onTransition: (incident, transition) => {
        this.incidents.set(incident.id, incident);
        if (transition === 'opened') return;
        const rule = this.pipeline.rule(incident.ruleId)!;
        const source = { channels: rule.notify, context: () => incidentContext(incident, rule) };
        void this.notifier.handle(incident, transition, source, this.timers.now());
      },
    });
  }

  receive(line: string): void {
    const receivedAtMs = this.timers.now();
    const peer = { address: '192.0.2.1', port: 514 };
    this.pipeline.process({ bytes: Buffer.from(line), receivedAtMs, peer, transport: 'udp' });
  }

  /** Lets so much time pass, as the daemon sees it pass. */
  async pass(ms: number, tickMs = TICK_MS): Promise<void> {
    for (let left = ms; left > 0; left -= tickMs) {
      await this.timers.advance(Math.min(left, tickMs));
      this.pipeline.advance(this.timers.now());
    }
    await this.timers.advance(0);
  }
}

/** One scenario; `run` plays it and throws everything that was not as wanted. */
export class Timeline {
  readonly #rules: string;
  readonly #budget: BudgetLimits | undefined;
  readonly #steps: { readonly second: number; readonly act: (rig: Rig) => void | Promise<void> }[] = [];
  readonly #wants: { readonly span: Span; readonly wanted: WantedMail }[] = [];

  constructor(rules: string, budget?: BudgetLimits) {
    this.#rules = rules;
    this.#budget = budget;
  }

  at(second: number): {
    send: (...lines: (Knock | string)[]) => Timeline;
    reload: (rules: string) => Timeline;
  } {
    const step = (act: (rig: Rig) => void | Promise<void>) => {
      this.#steps.push({ second, act });
      return this;
    };
    return {
      send: (...lines) =>
        step((rig) => {
          for (const line of lines) rig.receive(typeof line === 'string' ? line : line(rig.timers.now()));
        }),
      reload: (rules) => step(async (rig) => rig.pipeline.reload(await rulesOf(rules))),
    };
  }

  want(span: Span, wanted: WantedMail): Timeline {
    this.#wants.push({ span, wanted });
    return this;
  }

  /** Plays until the given second; a mail nobody wants by then is an error, as is one that is missing. */
  async run(untilSecond: number): Promise<Rig> {
    const rig = new Rig(await rulesOf(this.#rules), this.#budget);
    rig.notifier.start();
    for (const { second, act } of this.#steps.toSorted((a, b) => a.second - b.second)) {
      await rig.pass(START_MS + second * 1_000 - rig.timers.now());
      await act(rig);
    }
    await rig.pass(START_MS + untilSecond * 1_000 - rig.timers.now());
    this.#check(rig.channel.sent);
    return rig;
  }

  #check(sent: readonly Sent[]): void {
    const left = [...sent];
    const missing = this.#wants.filter(({ span, wanted }) => {
      const found = left.findIndex((one) => fits(one, span, wanted));
      if (found >= 0) left.splice(found, 1);
      return found < 0;
    });
    if (missing.length + left.length === 0) return;
    const told = (value: unknown) =>
      JSON.stringify(value, (_, part) => (part instanceof RegExp ? String(part) : part));
    throw new Error(
      [
        ...missing.map(
          ({ span, wanted }) => `missing between ${span.from} and ${span.to} s: ${told(wanted)}`,
        ),
        ...left.map(
          ({ second, alert }) =>
            `unexpected at ${second} s: ${alert.reason}: ${alert.subject}\n${alert.text}`,
        ),
      ].join('\n'),
    );
  }
}
