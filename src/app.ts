import type { Config } from './config.ts';
import { channelOptions, incidentContext, siteContext } from './notifications.ts';
import { createChannels } from './notify/index.ts';
import { Notifier } from './notify/notifier.ts';
import { type Outcome, Pipeline, type PipelineOptions } from './pipeline.ts';
import { createReceivers } from './receive/index.ts';
import type { Receiver } from './receive/receiver.ts';
import type { RuleSet } from './rule.ts';
import { LiveRules, type ReloadReport } from './rules/live-rules.ts';
import type { AppStatus } from './status.ts';
import { removePidFile, writePidFile } from './store/pid-file.ts';
import { privateDirectory } from './store/private-files.ts';
import { writeStatusFile } from './store/status-file.ts';
import type { Telemetry } from './telemetry.ts';
import type { Frame, Incident } from './types.ts';

/** How often the clock is looked at for what is due. */
const TICK_MS = 250;
/** How often `status.json` is written. */
const STATUS_MS = 5_000;
const SHUTDOWN_MS = 10_000;

/** The states of the daemon; it only ever goes forward. */
const STATES = ['new', 'starting', 'listening', 'draining', 'stopped'] as const satisfies readonly AppStatus['state'][];
type State = (typeof STATES)[number];

export interface AppOptions {
  readonly config: Config;
  readonly ruleSet: RuleSet;
  /** Where the rules were read from, and are read again; the configuration's when absent. */
  readonly rulesPath?: string;
  readonly telemetry: Telemetry;
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
  #state: State = 'new';
  #tick: NodeJS.Timeout | undefined;
  #statusTick: NodeJS.Timeout | undefined;
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
      channels: createChannels(channelOptions(config.channels)),
      site: siteContext(config),
      budget: {
        perChannel: { mails: perChannel.mails, perMs: perChannel.per },
        perSource: { mails: perSource.mails, perMs: perSource.per },
      },
      onDelivery: (delivery) => telemetry.delivered(delivery),
      onDecision: (decision, incidentIds) => telemetry.decided(incidentIds.join(' '), decision),
      onFault: (because) => telemetry.log.error({ because }, 'notify fault'),
    });
    this.#receivers = createReceivers(
      config.listeners.map((listener) => ({
        protocol: listener.protocol,
        host: listener.host,
        port: listener.port,
        receiveBufferBytes: listener.receiveBuffer,
        maxBytes: config.limits.maxLineBytes,
        maxConnections: listener.maxConnections,
        idleTimeoutMs: listener.idleTimeout,
        allowedSenders: config.allowedSenders,
      })),
      (frame) => this.#onFrame(frame),
      ({ level, message, details }) => telemetry.log[level](details ?? {}, message),
    );
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
      listeners: this.#receivers.flatMap(({ name, address }) => (address === undefined ? [] : [{ name, ...address }])),
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
    this.#rules.stop();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop()));
    this.#pipeline.drain();
    await this.#notifier.close(SHUTDOWN_MS);
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
      telemetry.log.warn({ because: (error as Error).message }, '`knockwatch reload` and `knockwatch status` will not find this process');
    }
    this.#writeStatus();
    this.#statusTick = setInterval(() => this.#writeStatus(), STATUS_MS);
  }

  #writeStatus(): void {
    try {
      writeStatusFile(this.#options.config.stateDir, this.status());
    } catch (error) {
      this.#options.telemetry.log.debug({ because: (error as Error).message }, 'status.json can not be written');
    }
  }

  #move(to: State): void {
    if (STATES.indexOf(to) <= STATES.indexOf(this.#state))
      throw new Error(`the daemon can not go from ${this.#state} to ${to}`);
    this.#state = to;
  }

  #onFrame(frame: Frame): void {
    this.#count(frame, this.#pipeline.process(frame));
  }

  #count(frame: Frame, { result, attempt, hits }: Outcome): void {
    const { telemetry } = this.#options;
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
    if (transition === 'opened') return;
    const rule = this.#pipeline.rule(incident.ruleId)!;
    const source = { channels: rule.notify, context: () => incidentContext(incident, rule) };
    this.#notifier
      .handle(incident, transition, source, Date.now())
      .catch((error: Error) =>
        telemetry.log.error({ incident: incident.id, because: error.message }, 'alert could not be accepted'),
      );
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
  }
}
