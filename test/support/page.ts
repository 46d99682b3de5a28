import { resolve } from 'node:path';
import { incidentContext } from '../../src/daemon/notifications.ts';
import { DaemonPageSource } from '../../src/daemon/page-source.ts';
import { SenderHealth } from '../../src/daemon/sender-health.ts';
import { canonicalIp } from '../../src/lib/ip.ts';
import { serviceName } from '../../src/lib/services.ts';
import type { Channel } from '../../src/notify/channel.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import { Pipeline } from '../../src/pipeline.ts';
import type { Rule, RuleSet } from '../../src/rule.ts';
import { LineRing } from '../../src/store/line-ring.ts';
import { Telemetry } from '../../src/telemetry.ts';
import type { Alert, Frame } from '../../src/types.ts';
import { type WebOptions, WebServer } from '../../src/web/server.ts';

const PAGE_DIR = resolve(import.meta.dirname, '../../dist/web/page');

/** Everything behind the page without sockets but its own: a pipeline that is fed by hand, on a clock of its own. */
export class PageFixture {
  readonly pipeline: Pipeline;
  readonly source: DaemonPageSource;
  readonly senders: SenderHealth;
  readonly server: WebServer;
  readonly telemetry = new Telemetry('silent' as 'error');
  readonly sent: Alert[] = [];
  readonly refused: string[] = [];
  readonly dropped: string[] = [];
  readonly #notifier: Notifier;
  #nowMs: number;

  constructor(
    ruleSet: RuleSet,
    options: Partial<WebOptions> & {
      startedAtMs?: number;
      quietMs?: number;
      expect?: Record<string, number>;
    } = {},
  ) {
    const startedAtMs = options.startedAtMs ?? Date.now();
    this.#nowMs = startedAtMs;
    this.pipeline = new Pipeline({
      mode: 'live',
      ruleSet,
      parse: { prefixes: [] },
      zone: 'UTC',
      zones: new Map(),
      latenessMs: 0,
      settleMs: 0,
      quietMs: options.quietMs ?? 900_000,
      maxOpenIncidents: 100_000,
      maxDelayMs: 86_400_000,
      isOwn: () => false,
      lines: new LineRing(1 << 20, 8_192),
      onTransition: (incident, transition) => {
        this.source.incidentMoved(incident, transition, this.#nowMs);
        if (transition === 'opened') return;
        const rule = ruleSet.rules.find(({ id }) => id === incident.ruleId) as Rule;
        void this.#notifier.handle(
          incident,
          transition,
          { context: () => incidentContext(incident, rule) },
          this.#nowMs,
        );
      },
    });
    this.#notifier = new Notifier({
      channels: [this.#channel()],
      site: { zone: 'UTC', hostName: 'collector', serviceName },
      onDecision: (decision, ids) => this.source.decided(decision, ids, this.#nowMs),
      onDelivery: (delivery) => this.source.delivered(delivery, this.#nowMs),
    });
    this.#notifier.start();
    const expected = Object.entries(options.expect ?? {});
    this.senders = new SenderHealth(
      expected.map(([address, everyMs]) => ({ address: canonicalIp(address)!, everyMs })),
      startedAtMs,
    );
    this.source = new DaemonPageSource({
      version: '0.1.0',
      hostName: 'collector',
      zone: 'UTC',
      channels: ['mail'],
      startedAtMs,
      pipeline: this.pipeline,
      senders: this.senders,
      ruleSet: () => ruleSet,
      status: () => ({
        pid: 1,
        state: 'listening',
        startedAtMs,
        atMs: Date.now(),
        listeners: [{ name: 'udp', host: '::', port: 5_514, drops: {} }],
        rules: {
          path: 'rules',
          files: ruleSet.files,
          rules: ruleSet.rules.length,
          loadedAtMs: startedAtMs,
          checkedAtMs: startedAtMs,
        },
        store: { mode: 'disk' },
        openIncidents: this.pipeline.stats().openIncidents,
        keys: 0,
      }),
      outbox: () => this.#notifier.outbox,
    });
    this.server = new WebServer({
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      source: this.source,
      metrics: () => this.telemetry.metrics(),
      pageDir: PAGE_DIR,
      onRefused: (reason) => this.refused.push(reason),
      ...options,
      live: { onDropped: (reason) => this.dropped.push(reason), ...options.live },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.address!.port}`;
  }

  /** A line that a device sends at `atMs`. */
  line(text: string, sender = '192.0.2.1', atMs = Date.now()): void {
    this.to(atMs);
    const frame: Frame = {
      bytes: Buffer.from(text),
      receivedAtMs: atMs,
      peer: { address: sender, port: 514 },
      transport: 'udp',
    };
    const outcome = this.pipeline.process(frame);
    const { message, result, attempt } = outcome;
    const hostname = message.hostname ?? attempt?.hostname;
    this.source.line(frame, outcome);
    this.senders.observe(frame, hostname, result?.kind ?? 'unknown', message.text);
    if (result?.kind === 'loss')
      this.senders.observeLoss(frame, hostname, result.loss.count ?? 1, result.loss.reason);
  }

  /** Time passes. */
  to(nowMs: number): void {
    this.#nowMs = nowMs;
    this.pipeline.advance(nowMs);
    this.source.turn(nowMs);
    this.senders.check(nowMs);
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.#notifier.close(1_000);
  }

  #channel(): Channel {
    return {
      name: 'mail',
      kind: 'email',
      send: async (alert) => {
        this.sent.push(alert);
        return { ok: true, because: '250 2.0.0 Ok: queued' };
      },
      close: async () => {},
    };
  }
}
