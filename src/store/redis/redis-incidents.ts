import type { Incident } from '../../types.ts';
import { incidentMatches } from '../incident-filter.ts';
import { decodeIncident, encodeIncident } from '../record-codec.ts';
import type { IncidentFilter } from '../store.ts';
import { ALERT_KEYS } from './keys.ts';
import { OUTBOX_KEYS, SAVE_INCIDENTS } from './outbox-scripts.ts';
import type { RedisLink } from './redis-link.ts';

/** Incidents as any node may want to see them: the open ones, and the newest of those that are closed. */
export class RedisIncidents {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** The newest state of these; all of them or, when Redis is away, none. */
  async save(incidents: readonly Incident[]): Promise<void> {
    await this.#link.run(SAVE_INCIDENTS, OUTBOX_KEYS, [incidents.length, ...incidentArgs(incidents)]);
  }

  async get(id: string): Promise<Incident | undefined> {
    const text = await this.#link.client.hget(ALERT_KEYS.incidents, id);
    return text === null ? undefined : decodeIncident(text);
  }

  /** Newest first; 100 unless the filter says otherwise. */
  async list(filter: IncidentFilter = {}): Promise<Incident[]> {
    const { limit = 100, offset = 0 } = filter;
    const texts = await this.#link.client.hvals(ALERT_KEYS.incidents);
    return texts
      .flatMap((text) => decodeIncident(text) ?? [])
      .filter((incident) => incidentMatches(incident, filter))
      .sort((a, b) => b.lastSeenMs - a.lastSeenMs || (a.id < b.id ? -1 : 1))
      .slice(offset, offset + limit);
  }
}

/** Incidents as the scripts take them: id, text, and when it was last seen if it is closed. */
export function incidentArgs(incidents: readonly Incident[]): (string | number)[] {
  return incidents.flatMap((incident) => [
    incident.id,
    encodeIncident(incident),
    incident.state === 'closed' ? incident.lastSeenMs : '',
  ]);
}
