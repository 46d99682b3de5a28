import type { LedgerRecord } from '../notify/ledger.ts';
import type { Held } from '../notify/tally.ts';
import { HELD, heldKey, LEDGER, OWED } from '../store/notes.ts';
import type { Store } from '../store/store.ts';
import type { Incident } from '../types.ts';

/** What happened to an incident, and what people may have to be told. */
export type Told = 'settled' | 'escalated' | 'closed';

/** Something people were not told of yet when the last run ended. */
export interface Owed {
  readonly incident: Incident;
  readonly transition: Told;
}

/** What people were told about incidents, are still to be told, and what waits for a digest: notes in the store. Batched. */
export class ToldNotes {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What people were told before this run. */
  get records(): LedgerRecord[] {
    return parsed(this.#store.metaEntries(LEDGER));
  }

  /** Remembers what people were told about an incident; undefined: it is closed. */
  record(incidentId: string, record: LedgerRecord | undefined): void {
    this.#store.setMeta(LEDGER + incidentId, record === undefined ? undefined : JSON.stringify(record));
  }

  /** What waited for a digest when the last run ended. */
  get held(): { readonly channel: string; readonly held: Held }[] {
    return parsed(this.#store.metaEntries(HELD));
  }

  /** Something waits for a channel's digest, or (`undefined`) does not any more. */
  hold(channel: string, incidentId: string, held: Held | undefined): void {
    const value = held === undefined ? undefined : JSON.stringify({ channel, held });
    this.#store.setMeta(heldKey(channel, incidentId), value);
  }

  /** What people are still to be told. */
  owed(): Owed[] {
    return [...this.#store.metaEntries(OWED)].flatMap(([key, transition]): Owed[] => {
      const incident = this.#store.incident(key.slice(OWED.length));
      return incident === undefined ? [] : [{ incident, transition: transition as Told }];
    });
  }

  /** People are to be told of this. */
  owe(incidentId: string, transition: Told): void {
    this.#store.setMeta(OWED + incidentId, transition);
  }

  /** People were told, or it was decided not to. */
  settled(incidentId: string, transition: Told): void {
    if (this.#store.meta(OWED + incidentId) === transition) this.#store.setMeta(OWED + incidentId, undefined);
  }
}

/** Values that are JSON; others are left out. */
function parsed<T>(entries: ReadonlyMap<string, string>): T[] {
  return [...entries.values()].flatMap((text) => {
    try {
      return [JSON.parse(text) as T];
    } catch {
      return [];
    }
  });
}
