import type { ChainHead } from './archive-record.ts';
import type { Store } from './store.ts';

/** The keys of the store's notes (`meta`), and how those are read that others than the daemon read too. */

/** What people were told about an incident: `ledger/<incident>`. */
export const LEDGER = 'ledger/';
/** What people are still to be told about an incident: `owed/<incident>`. */
export const OWED = 'owed/';
/** What waits for a channel's digest: `held/<channel>/<incident>`. */
export const HELD = 'held/';
/** Where the archive's chain of digests stood. */
export const ARCHIVE_HEAD = 'archive.head';
/** How far a tailed file has been read: `tail/<path>`. */
export const TAIL = 'tail/';

export function heldKey(channel: string, incidentId: string): string {
  return `${HELD}${channel}/${incidentId}`;
}

/** Channels whose next digest tells of an incident; channel names have no slash. */
export function channelsHolding(store: Pick<Store, 'metaEntries'>, incidentId: string): string[] {
  return [...store.metaEntries(HELD).keys()].flatMap((key) => {
    const [channel = '', id] = key.slice(HELD.length).split('/');
    return id === incidentId ? [channel] : [];
  });
}

/** Where the archive's chain of digests stood when the store last heard of it. */
export function knownHead(store: Pick<Store, 'meta'>): ChainHead | undefined {
  try {
    return JSON.parse(store.meta(ARCHIVE_HEAD) ?? '') as ChainHead;
  } catch {
    return undefined;
  }
}
