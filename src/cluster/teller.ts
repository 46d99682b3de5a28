import type { Transition } from '../correlate/incidents.ts';
import type { Incident } from '../types.ts';

/** What happened to an incident and has to be told. */
export interface Tell {
  readonly incident: Incident;
  readonly transition: Transition;
}

const RETRY_MS = 1_000;

/** Tells what happened to each incident in order, again and again until it is accepted. */
export class Teller {
  readonly #accept: (incident: Incident, transition: Transition) => Promise<void>;
  readonly #pending = new Set<Tell>();
  readonly #last = new Map<string, Promise<void>>();
  #stopped = false;

  /** `accept` resolves once people are certain to be told. */
  constructor(accept: (incident: Incident, transition: Transition) => Promise<void>) {
    this.#accept = accept;
  }

  /** What is not accepted yet, in order. */
  get pending(): readonly Tell[] {
    return [...this.#pending];
  }

  tell(incident: Incident, transition: Transition): void {
    const tell: Tell = { incident, transition };
    this.#pending.add(tell);
    const before = this.#last.get(incident.id) ?? Promise.resolve();
    const now = before.then(() => this.#untilAccepted(tell));
    this.#last.set(incident.id, now);
    void now.then(() => {
      if (this.#last.get(incident.id) === now) this.#last.delete(incident.id);
    });
  }

  /** Does not try again: somebody else does. */
  stop(): void {
    this.#stopped = true;
  }

  async #untilAccepted(tell: Tell): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#accept(tell.incident, tell.transition);
        this.#pending.delete(tell);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
