import type { Config } from '../config/config.ts';
import { redisPlace, redisSettings } from '../config/redis-settings.ts';
import type { Lookups } from '../evidence/lookups.ts';
import { crashPoint } from '../lib/crash-point.ts';
import { visible } from '../lib/escape.ts';
import { canonicalIp } from '../lib/ip.ts';
import { Pipeline, type PipelineOptions } from '../pipeline.ts';
import { createReceivers } from '../receive/index.ts';
import type { InheritedSocket } from '../receive/inherited.ts';
import type { LineBatch } from '../receive/line-batch.ts';
import type { Receiver } from '../receive/receiver.ts';
import type { RuleSet } from '../rule.ts';
import { LiveRules, type ReloadReport } from '../rules/live-rules.ts';
import type { AppStatus } from '../status.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Frame, Incident } from '../types.ts';
import { AlertDesk } from './alert-desk.ts';
import { DaemonWord } from './daemon-word.ts';
import { DailyDigest } from './daily-digest.ts';
import { exposeGauges } from './gauges.ts';
import { LineTally } from './line-tally.ts';
import { listenPlan } from './listeners.ts';
import { LiveSkim } from './live-skim.ts';
import { PageServer } from './page-server.ts';
import { DaemonPageSource } from './page-source.ts';
import { Persistence } from './persistence.ts';
import { PipelineClock } from './pipeline-clock.ts';
import { type SenderEvent, SenderHealth } from './sender-health.ts';
import { senderNotices } from './sender-notices.ts';
import { Sharing } from './sharing.ts';
import { SourceEvidence } from './source-evidence.ts';

const SHUTDOWN_MS = 10_000;
/** Incidents of earlier runs the page knows again. */
const MAX_SHOWN_AGAIN = 1_000;
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
  /** Sockets the service manager opened for us: listeners use them instead of opening their own. */
  readonly inherited?: readonly InheritedSocket[];
  /** What survives a restart, opened; nothing does when absent. It is closed with the daemon. */
  readonly persistence?: Persistence;
  /** Instead of the configured look-ups. */
  readonly lookups?: Lookups;
  /** What the page calls this program's version. */
  readonly version?: string;
  /** Everything the pipeline needs from the configuration; live mode. */
  readonly pipeline: Omit<PipelineOptions, 'onTransition'>;
}

/**
 * The daemon as a library: wire (constructor), `start`, `stop`. It owns sockets, timers and channels; nothing else does. Longer
 * than other files because all that is wired together can be read here in one piece.
 */
export class App {
  readonly #options: AppOptions;
  readonly #pipeline: Pipeline;
  readonly #clock: PipelineClock;
  readonly #skim: LiveSkim;
  readonly #persistence: Persistence;
  readonly #sharing: Sharing | undefined;
  readonly #desk: AlertDesk;
  readonly #receivers: readonly Receiver[];
  readonly #rules: LiveRules;
  readonly #senders: SenderHealth;
  readonly #page: DaemonPageSource;
  readonly #tally: LineTally;
  readonly #web: PageServer;
  readonly #word: DaemonWord;
  readonly #daily: DailyDigest | undefined;
  #state: State = 'new';
  #secondTick: NodeJS.Timeout | undefined;
  #sendersCheckedMs = 0;
  #startedAtMs: number | undefined;
  #stopping: Promise<void> | undefined;

  /** Wires everything and opens nothing. Throws for a configuration that makes no sense. */
  constructor(options: AppOptions) {
    this.#options = options;
    const { config, telemetry } = options;
    this.#daily = config.digest && new DailyDigest(config, config.digest.daily, Date.now());
    this.#sharing = this.#createSharing();
    this.#pipeline = new Pipeline({
      ...options.pipeline,
      ...(this.#sharing === undefined ? {} : { hits: this.#sharing.correlator }),
      // What is not accepted stays owed to the next run.
      onTransition: (incident, transition) =>
        void this.#onTransition(incident, transition).catch(() => undefined),
    });
    this.#clock = new PipelineClock(this.#pipeline);
    this.#skim = new LiveSkim({
      pipeline: this.#pipeline,
      process: (frame) => this.#onFrame(frame),
      onPassedOver: (batch, lines) => this.#tally.passedOver(batch, lines),
    });
    this.#rules = new LiveRules({
      path: options.rulesPath ?? config.rules,
      ruleSet: options.ruleSet,
      channels: config.channels.map(({ name }) => name),
      onChange: (ruleSet) => this.#pipeline.reload(ruleSet),
      onReport: ({ outcome }) => {
        telemetry.rulesReloaded(outcome);
        this.#word.write();
      },
      onEvent: ({ level, message, details }) => telemetry.log[level](details, message),
    });
    this.#persistence = options.persistence ?? Persistence.inMemory(config, telemetry);
    this.#desk = new AlertDesk({
      config,
      telemetry,
      persistence: this.#persistence,
      ...(this.#sharing === undefined ? {} : { shared: this.#sharing }),
      evidence: new SourceEvidence({
        config,
        cache: this.#persistence.cache,
        onFault: (because) => telemetry.log.warn({ because }, 'evidence fault'),
        ...(options.lookups === undefined ? {} : { lookups: options.lookups }),
      }),
      rule: (id) => this.#pipeline.rule(id),
      onDelivery: (delivery) => this.#page.delivered(delivery, Date.now()),
      onDecision: (decision, incidentIds) => this.#page.decided(decision, incidentIds, Date.now()),
    });
    const plan = listenPlan(config, options.inherited);
    for (const { fd, name } of plan.unused)
      telemetry.log.warn({ fd, name }, 'an inherited socket fits no listener and is not used');
    this.#receivers = createReceivers(
      plan.listeners.map((listener) =>
        listener.protocol === 'tail'
          ? { ...listener, note: this.#persistence.tailNote(listener.path ?? '') }
          : listener,
      ),
      Object.assign((frame: Frame) => this.#onFrame(frame), {
        takeLines: (batch: LineBatch) => this.#skim.take(batch),
      }),
      ({ level, message, details }) => telemetry.log[level](details ?? {}, message),
    );
    const startedAtMs = Date.now();
    this.#senders = new SenderHealth(
      config.senders.flatMap(({ address, expect }) =>
        expect === undefined ? [] : [{ address: canonicalIp(address)!, everyMs: expect }],
      ),
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
      outbox: () => this.#desk.outbox,
    });
    this.#tally = new LineTally({
      telemetry,
      senders: this.#senders,
      page: this.#page,
      daily: this.#daily,
    });
    this.#web = new PageServer(config, telemetry, this.#page);
    this.#word = new DaemonWord(config.stateDir, telemetry, () => this.status());
    exposeGauges(telemetry, {
      pipeline: this.#pipeline,
      senders: this.#senders,
      page: this.#page,
      persistence: this.#persistence,
      shared: () => this.#sharing?.status(),
      listeners: () => this.status().listeners,
      livePages: () => this.#web.clients,
      startedAtMs: () => this.#startedAtMs,
    });
  }

  /** Opens every listener; when one can not, closes the others and rejects with a sentence that says what to do. */
  async start(): Promise<void> {
    this.#move('starting');
    this.#resume(Date.now());
    // All of them have an answer before any is stopped: a receiver is not stopped while it starts.
    const opening = Promise.allSettled(this.#receivers.map((receiver) => receiver.start()));
    // Meanwhile their threads come up.
    await this.#web.load();
    const starts = await opening;
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) {
      // Why it could not start says more than what that met.
      await this.stop().catch(() => undefined);
      throw failed.reason;
    }
    // Among several nodes, alerts wait until the others know of this one.
    if (this.#sharing === undefined) this.#desk.start();
    else this.#sharing.start();
    await this.#web.start();
    this.#secondTick = setInterval(() => this.#everySecond(Date.now()), 1_000);
    this.#clock.start();
    this.#startedAtMs = Date.now();
    this.#move('listening');
    await this.#rules.watch();
    this.#word.begin();
    const { log } = this.#options.telemetry;
    for (const receiver of this.#receivers)
      log.info({ address: receiver.address }, `listening on ${receiver.name}`);
  }

  /**
   * Stops listening, judges what is held, hands over what is due, closes the channels. Idempotent, bounded in time. Rejects
   * when a part could not be stopped in good order, once all others are.
   */
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
      listeners: this.#receivers.flatMap((receiver) =>
        receiver.address === undefined
          ? []
          : [
              {
                name: receiver.name,
                ...receiver.address,
                drops: Object.fromEntries(receiver.stats().drops),
              },
            ],
      ),
      rules: this.#rules.status(),
      store: this.#persistence.status(),
      ...(this.#sharing === undefined ? {} : { shared: this.#sharing.status() }),
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
    this.#clock.stop();
    this.#word.pause();
    clearInterval(this.#secondTick);
    this.#rules.stop();
    const faults = [
      ...(await Promise.all(this.#receivers.map((receiver) => this.#tryTo(() => receiver.stop())))),
      await this.#tryTo(() => this.#pipeline.drain()),
      await this.#tryTo(() => this.#leaveOthers()),
      await this.#tryTo(() => this.#desk.close(SHUTDOWN_MS)),
      await this.#tryTo(() => this.#sharing?.close()),
      await this.#tryTo(() => this.#web.stop()),
      await this.#tryTo(() =>
        this.#persistence.turn(this.#pipeline.takeChanged(), this.#windowMs(), Date.now()),
      ),
      await this.#tryTo(() => this.#persistence.close()),
    ].filter((fault) => fault !== undefined);
    this.#move('stopped');
    if (this.#startedAtMs !== undefined) this.#word.end();
    if (faults.length > 0) throw faults[0];
  }

  /** One step of stopping. Never rejects, since the steps after it are due whatever it meets; gives its fault. */
  async #tryTo(step: () => unknown): Promise<Error | undefined> {
    try {
      await step();
      return undefined;
    } catch (error) {
      const { message } = error as Error;
      this.#options.telemetry.log.error({ because: visible(message, 300) }, 'not stopped in good order');
      return error as Error;
    }
  }

  async #leaveOthers(): Promise<void> {
    const lost = (await this.#sharing?.stop(SHUTDOWN_MS)) ?? 0;
    if (lost > 0)
      this.#options.telemetry.log.error({ hits: lost }, 'Redis is away: these hits end with this process');
  }

  /** Goes on where the last run ended, before the first new line comes. */
  #resume(nowMs: number): void {
    const shown = this.#persistence.recent(MAX_SHOWN_AGAIN);
    this.#page.restore(
      // With a shared state others may have gone on with what was open.
      this.#sharing === undefined ? shown : shown.filter(({ state }) => state === 'closed'),
      this.#persistence.recentDeliveries(4 * MAX_SHOWN_AGAIN),
    );
    // What others may have gone on with meanwhile is not ours to resume.
    if (this.#sharing !== undefined) return;
    const { lines } = this.#options.pipeline;
    this.#desk.catchUp(this.#persistence.resume(this.#pipeline, lines, this.#windowMs(), nowMs));
  }

  /** How long a hit can matter: the longest window, what may come late, and the silence that ends an incident. */
  #windowMs(): number {
    const { latenessMs, quietMs } = this.#options.pipeline;
    const windows = this.#rules.current.rules.flatMap(({ detect, quietMs: quiet = 0 }) => [
      quiet,
      ...detect.map((spec) => ('withinMs' in spec ? spec.withinMs : 0)),
    ]);
    return Math.max(0, ...windows) + quietMs + latenessMs;
  }

  #move(to: State): void {
    if (STATES.indexOf(to) <= STATES.indexOf(this.#state))
      throw new Error(`the daemon can not go from ${this.#state} to ${to}`);
    this.#state = to;
  }

  #onFrame(frame: Frame): void {
    crashPoint('after-receive');
    const outcome = this.#pipeline.process(frame);
    this.#skim.heard(frame, outcome);
    if (outcome.hits.length > 0) crashPoint('after-match');
    this.#persistence.keep(frame, outcome.hits);
    this.#tally.read(frame, outcome);
  }

  #onTransition(
    incident: Incident,
    transition: 'opened' | 'settled' | 'escalated' | 'closed',
  ): Promise<void> {
    const { telemetry } = this.#options;
    telemetry.incidentMoved(incident, transition);
    this.#page.incidentMoved(incident, transition, Date.now());
    return this.#desk.moved(incident, transition);
  }

  #createSharing(): Sharing | undefined {
    const { config, telemetry, pipeline } = this.#options;
    if (config.state === 'embedded') return undefined;
    return new Sharing({
      redis: redisSettings(config),
      place: redisPlace(config.state),
      stateDir: config.stateDir,
      maxSpoolBytes: config.limits.spoolMemory,
      takeoverMs: config.redis.takeover,
      outageMs: config.redis.outage,
      pipeline,
      telemetry,
      onTransition: (incident, transition) => this.#onTransition(incident, transition),
      onTakeOver: (incidents, records) => {
        this.#desk.remember(records);
        for (const incident of incidents) this.#page.incidentMoved(incident, 'opened', incident.openedAtMs);
      },
      onChanged: (incidents) => this.#page.incidentsChanged(incidents),
      onLeave: (incidentIds) => {
        this.#desk.forget(incidentIds);
        this.#page.incidentsLeft(incidentIds);
      },
      onHeld: (channel, held) => this.#desk.adopt(channel, held),
      onNodes: (living) => {
        this.#desk.share(living);
        this.#desk.start();
      },
    });
  }

  #everySecond(nowMs: number): void {
    this.#page.turn(nowMs);
    const daily = this.#daily?.turn(nowMs);
    if (daily !== undefined)
      this.#desk.post(daily, this.#daily!.channels, 'the configuration asks for it every day');
    const changed = this.#pipeline.takeChanged();
    this.#page.incidentsChanged(changed);
    this.#persistence.turn(changed, this.#windowMs(), nowMs);
    // The clock may be set back.
    if (Math.abs(nowMs - this.#sendersCheckedMs) < SENDERS_MS) return;
    this.#sendersCheckedMs = nowMs;
    // `knockwatch outbox --retry` works beside us.
    this.#desk.start();
    const events = this.#senders.check(nowMs);
    if (events.length > 0) this.#tellOfSenders(events, nowMs);
  }

  #tellOfSenders(events: readonly SenderEvent[], nowMs: number): void {
    const { telemetry } = this.#options;
    for (const { kind, sender, sentence } of events) telemetry.senderChanged(kind, sender, sentence);
    for (const notice of senderNotices(events, nowMs)) this.#desk.announce(notice);
  }
}
