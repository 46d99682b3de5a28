import type { Config } from '../config/config.ts';
import { serviceName } from '../lib/services.ts';
import { alertIdOf, heldOf } from '../notify/alerts.ts';
import { askedChannels } from '../notify/asked-channels.ts';
import { Ledger } from '../notify/ledger.ts';
import { decide, type Transition } from '../notify/reason.ts';
import type { Rule } from '../rule.ts';
import type { Decision, Incident } from '../types.ts';

/** Decides about incidents as the daemon would, but for the budget, and sends nothing. */
export class Verdicts {
  readonly #ledger = new Ledger();
  readonly #channels: readonly string[];
  #recent = new Map<string, Decision>();

  constructor(config: Config) {
    this.#channels = config.channels.map(({ name }) => name);
  }

  /** From now on `about` tells new decisions from earlier ones. */
  forgetRecent(): void {
    this.#recent = new Map();
  }

  note(incident: Incident, transition: Transition, rule: Rule): void {
    const decision = this.#decide(incident, transition, rule);
    const channels = askedChannels(rule.notify, this.#channels);
    const alert = decision.send ? { id: alertIdOf(incident, decision), channels } : undefined;
    this.#ledger.note(incident, decision, heldOf(incident, serviceName), alert, incident.lastSeenMs);
    if (transition === 'closed') this.#ledger.close(incident.id);
    this.#recent.set(incident.id, decision);
  }

  /** What was decided lately, else what is to be said about an incident that only goes on. */
  about(incident: Incident, rule: Rule): Decision {
    return this.#recent.get(incident.id) ?? this.#decide(incident, 'settled', rule);
  }

  #decide(incident: Incident, transition: Transition, rule: Rule): Decision {
    const channels = askedChannels(rule.notify, this.#channels);
    return decide(incident, transition, this.#ledger.history(incident, channels), channels);
  }
}
