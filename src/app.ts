import type { Config } from './config.ts';
import { canonicalIp } from './lib/ip.ts';
import { channelOptions, incidentContext, siteContext } from './notifications.ts';
import { createChannels } from './notify/index.ts';
import { Notifier } from './notify/notifier.ts';
import { type Outcome, Pipeline, type PipelineOptions } from './pipeline.ts';
import { createReceivers } from './receive/index.ts';
import { DaemonPageSource } from './page-source.ts';
import type { Receiver } from './receive/receiver.ts';
import type { RuleSet } from './rule.ts';
import { LiveRules, type ReloadReport } from './rules/live-rules.ts';
import type { AppStatus } from './status.ts';
import { removePidFile, writePidFile } from './store/pid-file.ts';
import { privateDirectory } from './store/private-files.ts';
import { writeStatusFile } from './store/status-file.ts';
import { type SenderEvent, SenderHealth } from './sender-health.ts';
import { senderNotices } from './sender-notices.ts';
import type { Telemetry } from './telemetry.ts';
import type { Frame, Incident } from './types.ts';
import { WebServer } from './web/server.ts';
import { webToken } from './web-token.ts';

/** How often the clock is looked at for what is due. */
const TICK_MS = 250;
/** How often `status.json` is written. */
const STATUS_MS = 5_000;
const SHUTDOWN_MS = 10_000;
/** How often the senders are looked at. */
const SENDERS_MS = 5_000;

/** The states of the daemon; it only ever goes forward. */
const STATES = [
  'new',
  'starting',
  'listening',
  'draining',
  'stopped',
] as const satisfies readonly AppStatus['state'][];
type State = (typeof STATES)[number];

export interface AppOptions {
  readonly config: Config;
  readonly ruleSet: RuleSet;
  /** Where the rules were read from, and are read again; the configuration's when absent. */
  readonly rulesPath?: string;
  readonly telemetry: Telemetry;
  /** What the page calls this program's version. */
  readonly version?: string;
  /** Everything the pipeline needs from the configuration; live mode. */
  readonly pipeline: Omit<PipelineOptions, 'onTransition'>;
}

/** The daemon as a library: wire (constructor), `start`, `stop`. It owns sockets, timers and channels; nothing else does. */
export class App {
  readonly #options: AppOptions;
  readonly #pipeline: Pipeline;
  readonly #notifier: Notifier;
  readonly #receivers: readonly Receiver[];
  readonly #rules: LiveRules;
  readonly #senders: SenderHealth;
  readonly #page: DaemonPageSource;
  readonly #web: WebServer | undefined;
  #state: State = 'new';
  #tick: NodeJS.Timeout | undefined;
  #statusTick: NodeJS.Timeout | undefined;
  #secondTick: NodeJS.Timeout | undefined;
  #sendersCheckedMs = 0;
  #startedAtMs: number | undefined;
  #stopping: Promise<void> | undefined;

  /** Wires everything and opens nothing. Throws for a configuration that makes no sense. */
  constructor(options: AppOptions) {
    this.#options = options;
    const { config, telemetry } = options;
    this.#pipeline = new Pipeline({
      ...options.pipeline,
      onTransition: (incident, transition) => this.#onTransition(incident, transition),
    });
    this.#rules = new LiveRules({
      path: options.rulesPath ?? config.rules,
      ruleSet: options.ruleSet,
      onChange: (ruleSet) => this.#pipeline.reload(ruleSet),
      onReport: ({ outcome }) => {
        telemetry.rulesReloaded(outcome);
        this.#writeStatus();
      },
      onEvent: ({ level, message, details }) => telemetry.log[level](details, message),
    });
    const { perChannel, perSource } = config.budget;
    this.#notifier = new Notifier({
      channels: createChannels(channelOptions(config.channels, config.hostName)),
      site: siteContext(config),
      budget: {
        perChannel: { mails: perChannel.mails, perMs: perChannel.per },
        perSource: { mails: perSource.mails, perMs: perSource.per },
      },
      onDelivery: (delivery) => {
        telemetry.delivered(delivery);
        this.#page.delivered(delivery, Date.now());
      },
      onDecision: (decision, incidentIds) => {
        telemetry.decided(incidentIds.join(' '), decision);
        this.#page.decided(decision, incidentIds, Date.now());
      },
      onFault: (because) => telemetry.log.error({ because }, 'notify fault'),
    });
    this.#receivers = createReceivers(
      [
        ...config.traps.flatMap(({ host, ports }) => ports.map((port) => ({ protocol: 'trap' as const, host, port }))),
        ...config.listeners.map((listener) => ({
        protocol: listener.protocol,
        host: listener.host,
        port: listener.port,
        receiveBufferBytes: listener.receiveBuffer,
        maxBytes: config.limits.maxLineBytes,
        maxConnections: listener.maxConnections,
        idleTimeoutMs: listener.idleTimeout,
        allowedSenders: config.allowedSenders,
      })),
      ],
      (frame) => this.#onFrame(frame),
      ({ level, message, details }) => telemetry.log[level](details ?? {}, message),
    );
    const startedAtMs = Date.now();
    this.#senders = new SenderHealth(
      config.senders.flatMap(({ address, expect }) => (expect === undefined ? [] : [{ address: canonicalIp(address)!, everyMs: expect }])),
      startedAtMs,
    );
    this.#page = new DaemonPageSource({
      version: options.version ?? '',
      hostName: config.hostName,
      zone: config.zone,
      channels: config.channels.map(({ name }) => name),
      startedAtMs,
      pipeline: this.#pipeline,
      senders: this.#senders,
      ruleSet: () => this.#rules.current,
      status: () => this.status(),
      outbox: () => this.#notifier.outbox,
    });
    this.#web = this.#createWeb();
    this.#exposeGauges();
  }

  /** Opens every listener; when one can not, closes the others and rejects with a sentence that says what to do. */
  async start(): Promise<void> {
    this.#move('starting');
    // All of them have an answer before any is stopped: a receiver is not stopped while it starts.
    const starts = await Promise.allSettled(this.#receivers.map((receiver) => receiver.start()));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) {
      await this.stop();
      throw failed.reason;
    }
    this.#notifier.start();
    await this.#startWeb();
    this.#secondTick = setInterval(() => this.#everySecond(Date.now()), 1_000);
    this.#tick = setInterval(() => this.#pipeline.advance(Date.now()), TICK_MS);
    this.#startedAtMs = Date.now();
    this.#move('listening');
    await this.#rules.watch();
    this.#leaveWord();
    const { log } = this.#options.telemetry;
    for (const receiver of this.#receivers)
      log.info({ address: receiver.address }, `listening on ${receiver.name}`);
  }

  /** Stops listening, judges what is held, hands over what is due, closes the channels. Idempotent, bounded in time. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Reads the rule files again; wrong ones change nothing. `because` stands in the log. Never rejects. */
  reload(because: string): Promise<ReloadReport> {
    return this.#rules.reload(because);
  }

  /** How things are. */
  status(): AppStatus {
    const { openIncidents, keys } = this.#pipeline.stats();
    return {
      pid: process.pid,
      state: this.#state,
      ...(this.#startedAtMs === undefined ? {} : { startedAtMs: this.#startedAtMs }),
      atMs: Date.now(),
      listeners: this.#receivers.flatMap(({ name, address }) =>
        address === undefined ? [] : [{ name, ...address }],
      ),
      rules: this.#rules.status(),
      openIncidents,
      keys,
    };
  }

  /** The addresses that are bound. */
  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.#receivers.flatMap((receiver) => receiver.address ?? []);
  }

  async #stop(): Promise<void> {
    this.#move('draining');
    clearInterval(this.#tick);
    clearInterval(this.#statusTick);
    clearInterval(this.#secondTick);
    this.#rules.stop();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop()));
    this.#pipeline.drain();
    await this.#notifier.close(SHUTDOWN_MS);
    await this.#web?.stop();
    this.#move('stopped');
    if (this.#startedAtMs === undefined) return;
    this.#writeStatus();
    removePidFile(this.#options.config.stateDir);
  }

  /** Leaves word for the verbs that run beside the daemon: which process it is, and how it is doing. */
  #leaveWord(): void {
    const { config, telemetry } = this.#options;
    try {
      privateDirectory(config.stateDir);
      writePidFile(config.stateDir);
    } catch (error) {
      telemetry.log.warn(
        { because: (error as Error).message },
        '`knockwatch reload` and `knockwatch status` will not find this process',
      );
    }
    this.#writeStatus();
    this.#statusTick = setInterval(() => this.#writeStatus(), STATUS_MS);
  }

  #writeStatus(): void {
    try {
      writeStatusFile(this.#options.config.stateDir, this.status());
    } catch (error) {
      this.#options.telemetry.log.debug(
        { because: (error as Error).message },
        'status.json can not be written',
      );
    }
  }

  #move(to: State): void {
    if (STATES.indexOf(to) <= STATES.indexOf(this.#state))
      throw new Error(`the daemon can not go from ${this.#state} to ${to}`);
    this.#state = to;
  }

  #onFrame(frame: Frame): void {
    const outcome = this.#pipeline.process(frame);
    this.#count(frame, outcome);
    this.#page.line(frame, outcome);
  }

  #count(frame: Frame, { message, result, attempt, hits }: Outcome): void {
    const { telemetry } = this.#options;
    const hostname = message.hostname ?? attempt?.hostname;
    this.#senders.observe(frame, hostname, result?.kind ?? 'unknown', message.text);
    if (result?.kind === 'loss') this.#senders.observeLoss(frame, hostname, result.loss.count ?? 1, result.loss.reason);
    telemetry.frameReceived(frame.transport);
    telemetry.lineJudged(result?.kind ?? 'unknown');
    if (frame.truncated) telemetry.dropped('receive', 'truncated');
    if (result?.kind === 'loss')
      telemetry.deviceLost(result.loss.parser, result.loss.count ?? 1, result.loss.reason);
    if (attempt !== undefined) telemetry.attemptParsed(attempt.parser, attempt.action);
    for (const hit of hits) telemetry.hitMatched(hit.ruleId);
  }

  #onTransition(incident: Incident, transition: 'opened' | 'settled' | 'escalated' | 'closed'): void {
    const { telemetry } = this.#options;
    telemetry.incidentMoved(incident, transition);
    this.#page.incidentMoved(incident, transition, Date.now());
    if (transition === 'opened') return;
    const rule = this.#pipeline.rule(incident.ruleId)!;
    const source = { channels: rule.notify, context: () => incidentContext(incident, rule) };
    this.#notifier
      .handle(incident, transition, source, Date.now())
      .catch((error: Error) =>
        telemetry.log.error({ incident: incident.id, because: error.message }, 'alert could not be accepted'),
      );
  }

  #everySecond(nowMs: number): void {
    this.#page.turn(nowMs);
    if (nowMs - this.#sendersCheckedMs < SENDERS_MS) return;
    this.#sendersCheckedMs = nowMs;
    const events = this.#senders.check(nowMs);
    if (events.length > 0) this.#tellOfSenders(events, nowMs);
  }

  #tellOfSenders(events: readonly SenderEvent[], nowMs: number): void {
    const { telemetry } = this.#options;
    for (const { kind, sender, sentence } of events) telemetry.senderChanged(kind, sender, sentence);
    for (const notice of senderNotices(events, nowMs)) {
      this.#notifier
        .announce(notice)
        .catch((error: Error) => telemetry.log.error({ notice: notice.headline, because: error.message }, 'notice could not be accepted'));
    }
  }

  #createWeb(): WebServer | undefined {
    const { config, telemetry } = this.#options;
    if (!config.web.enabled) return undefined;
    const { host, port, allowedHosts } = config.web;
    const token = webToken(config.web);
    return new WebServer({
      host,
      port,
      allowedHosts,
      ...(token === undefined ? {} : { token }),
      source: this.#page,
      metrics: () => telemetry.metrics(),
      onRefused: (reason) => telemetry.dropped('web', reason),
      onFault: (because) => telemetry.log.error({ because }, 'page fault'),
      live: { onDropped: (reason) => telemetry.dropped('live', reason) },
    });
  }

  /** The watch goes on without its page: a port that is taken is no reason to be blind. */
  async #startWeb(): Promise<void> {
    const { log } = this.#options.telemetry;
    try {
      await this.#web?.start();
      if (this.#web?.address !== undefined) log.info({ address: this.#web.address }, 'the page is there');
    } catch (error) {
      log.error({ because: (error as Error).message }, 'there is no page');
    }
  }

  #exposeGauges(): void {
    const { telemetry } = this.#options;
    telemetry.gauge('windows_keys', 'Keys with hits in a window.', () => this.#pipeline.stats().keys);
    telemetry.gauge('open_incidents', 'Incidents open now.', () => this.#pipeline.stats().openIncidents);
    telemetry.gauge(
      'evicted_keys',
      'Keys given up early because a bound was reached.',
      () => this.#pipeline.stats().evictedKeys,
    );
    telemetry.gauge('senders', 'Senders that were heard of.', () => this.#senders.size);
    telemetry.gauges('senders_in_alarm', 'Senders that are quiet or not understood.', 'state', () => {
      const { quiet, unparsed } = this.#page.overview().senders;
      return [
        ['quiet', quiet],
        ['unparsed', unparsed],
      ];
    });
    telemetry.gauges('sender_silence_seconds', 'How long an expected sender has been silent.', 'sender', () =>
      [...this.#senders.silences(Date.now())].map(([address, ms]) => [address, ms / 1_000] as const),
    );
    telemetry.gauge('outbox_alerts', 'Alerts accepted and not yet delivered.', () => this.#page.overview().outbox.waiting);
    telemetry.gauge('dead_letters', 'Alerts that could not be delivered and were given up.', () => this.#page.overview().outbox.dead);
    telemetry.gauge('live_pages', 'Pages that are open.', () => this.#web?.clients ?? 0);
    telemetry.gauge('uptime_seconds', 'Since the daemon began to listen.', () =>
      this.#startedAtMs === undefined ? 0 : (Date.now() - this.#startedAtMs) / 1_000,
    );
    telemetry.gauge('resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
  }
}
