import type { Config } from '../config/config.ts';
import { createChannels } from '../notify/index.ts';
import type { LedgerRecord } from '../notify/ledger.ts';
import type { Notice } from '../notify/notice.ts';
import { Notifier } from '../notify/notifier.ts';
import type { Outbox } from '../notify/outbox.ts';
import type { IncidentContext } from '../notify/render-context.ts';
import type { Held } from '../notify/tally.ts';
import type { Rule } from '../rule.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Alert, Decision, Delivery, Incident } from '../types.ts';
import { channelOptions, goneRuleContext, incidentContext, siteContext } from './notifications.ts';
import type { Persistence } from './persistence.ts';
import type { SourceEvidence } from './source-evidence.ts';
import type { Owed, Told } from './told-notes.ts';

/** What all nodes remember of what people were told. */
export interface SharedMemory {
  readonly outbox: Outbox;
  noteTold(incidentId: string, record: LedgerRecord | undefined): void;
  noteHeld(channel: string, incidentId: string, held: Held | undefined): void;
  /** Whether others have everything `noteHeld` was told, and tell it when this node is gone. */
  keepsHeld(): boolean;
  noteDelivery(delivery: Delivery, nowMs: number): void;
}

export interface AlertDeskOptions {
  readonly config: Config;
  readonly telemetry: Telemetry;
  readonly persistence: Persistence;
  readonly evidence: SourceEvidence;
  /** Where alerts wait, and what people were told is kept, when other nodes share it; `persistence` when absent. */
  readonly shared?: SharedMemory;
  /** A rule by its id; undefined when it is gone. */
  readonly rule: (id: string) => Rule | undefined;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly onDecision: (decision: Decision, incidentIds: readonly string[]) => void;
}

/** Between incidents and people: what moved is remembered first, then looked up, then told, and only then forgotten as owed. */
export class AlertDesk {
  readonly #options: AlertDeskOptions;
  readonly #notifier: Notifier;

  /** Throws for channels that make no sense. */
  constructor(options: AlertDeskOptions) {
    this.#options = options;
    const { config, telemetry, persistence, shared } = options;
    const { perChannel, perSource } = config.budget;
    const startMs = Date.now();
    this.#notifier = new Notifier({
      channels: createChannels(channelOptions(config.channels, config.hostName)),
      site: siteContext(config),
      budget: {
        perChannel: { mails: perChannel.mails, perMs: perChannel.per },
        perSource: { mails: perSource.mails, perMs: perSource.per },
      },
      outbox: shared?.outbox ?? persistence.outbox,
      records: shared === undefined ? persistence.told.records : [],
      held: shared === undefined ? persistence.told.held : [],
      sent: persistence.sent(startMs - Math.max(perChannel.per, perSource.per), startMs),
      onRecord: (id, record) =>
        shared === undefined ? persistence.told.record(id, record) : shared.noteTold(id, record),
      onHeld: (channel, id, held) =>
        shared === undefined ? persistence.told.hold(channel, id, held) : shared.noteHeld(channel, id, held),
      keepsHeld: () => (shared === undefined ? persistence.status().mode === 'disk' : shared.keepsHeld()),
      onDelivery: (delivery) => {
        telemetry.delivered(delivery);
        persistence.onDelivery(delivery, Date.now());
        shared?.noteDelivery(delivery, Date.now());
        options.onDelivery(delivery);
      },
      onDecision: (decision, incidentIds) => {
        telemetry.decided(incidentIds.join(' '), decision);
        options.onDecision(decision, incidentIds);
      },
      onFault: (because) => telemetry.log.error({ because }, 'notify fault'),
    });
  }

  get outbox(): Outbox {
    return this.#notifier.outbox;
  }

  /** Begins with what waits; called again, it sees what another process put back. */
  start(): void {
    this.#notifier.start();
  }

  /** What the last run left untold is told now. */
  catchUp(owed: readonly Owed[]): void {
    for (const { incident, transition } of owed) this.#tell(incident, transition).catch(() => undefined);
  }

  /** What another node has told people about incidents that are ours from now on. */
  remember(records: readonly LedgerRecord[]): void {
    this.#notifier.remember(records);
  }

  /** What another node kept for a channel's digest. */
  adopt(channel: string, held: Held): void {
    this.#notifier.adopt(channel, held);
  }

  /** So many nodes share the mail budget. */
  share(nodes: number): void {
    this.#notifier.share(nodes);
  }

  /** Incidents that are another node's from now on. */
  forget(incidentIds: readonly string[]): void {
    this.#notifier.forget(incidentIds);
  }

  /**
   * An incident moved: it is kept, and people are told where that is due. Resolves once every alert about it is accepted;
   * rejects, after a word in the log, when one is not.
   */
  async moved(incident: Incident, transition: 'opened' | Told): Promise<void> {
    this.#options.persistence.moved(incident, transition, Date.now());
    if (transition === 'opened') this.#options.evidence.begin(incident);
    else await this.#tell(incident, transition);
  }

  /** Tells the named channels what has no incident and asks for no budget. */
  post(alert: Alert, channels: readonly string[], because: string): void {
    this.#notifier
      .post(alert, channels, because)
      .catch((error: Error) =>
        this.#options.telemetry.log.error(
          { alert: alert.id, because: error.message },
          'alert could not be accepted',
        ),
      );
  }

  /** Tells what is no incident. */
  announce(notice: Notice): void {
    this.#notifier
      .announce(notice)
      .catch((error: Error) =>
        this.#options.telemetry.log.error(
          { notice: notice.headline, because: error.message },
          'notice could not be accepted',
        ),
      );
  }

  /** Sends what is due for at most so long, then closes the channels. */
  async close(timeoutMs: number): Promise<void> {
    try {
      await this.#notifier.close(timeoutMs);
    } finally {
      await this.#options.evidence.close();
    }
  }

  #tell(incident: Incident, transition: Told): Promise<void> {
    const { persistence, telemetry } = this.#options;
    const rule = this.#options.rule(incident.ruleId);
    const source = { channels: rule?.notify ?? [], context: () => this.#context(incident, rule) };
    return this.#notifier.handle(incident, transition, source, Date.now()).then(
      () => persistence.told.settled(incident.id, transition),
      (error: Error) => {
        telemetry.log.error({ incident: incident.id, because: error.message }, 'alert could not be accepted');
        // It stays owed: whoever goes on from here tries again.
        throw error;
      },
    );
  }

  async #context(incident: Incident, rule: Rule | undefined): Promise<IncidentContext> {
    const { evidence, persistence } = this.#options;
    const context = rule === undefined ? goneRuleContext(incident) : incidentContext(incident, rule);
    const about = await evidence.about(incident);
    const { because } = persistence.status();
    const notes =
      because === undefined ? [] : [{ label: 'store of this knockwatch', text: `not on disk: ${because}` }];
    return { ...context, ...about, evidence: [...(about.evidence ?? []), ...notes] };
  }
}
