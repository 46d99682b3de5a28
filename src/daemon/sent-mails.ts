import { BACKGROUND_ALERT } from '../notify/background.ts';
import type { SentMail } from '../notify/budget.ts';
import { onlySource } from '../notify/ledger.ts';
import type { Store } from '../store/store.ts';

/** Deliveries that are looked through; with failed tries among them, many more than any budget has mails. */
const MAX_LOOKED_AT = 10_000;

/**
 * What counts against the mail budget of a process that begins at `nowMs` (milliseconds): mails that arrived at `sinceMs` or later,
 * and those that earlier runs have granted and that still wait. Each once for a channel; mails beside the budget are left out.
 */
export function sentMails(
  store: Pick<Store, 'deliveries' | 'outbox' | 'incident'>,
  sinceMs: number,
  nowMs: number,
): SentMail[] {
  const delivered = store
    .deliveries(undefined, MAX_LOOKED_AT)
    .filter(({ outcome }) => outcome === 'delivered');
  const waiting = store
    .outbox()
    .map(({ alert, channel, createdAtMs }) => ({ alertId: alert.id, channel, atMs: createdAtMs }));
  const sent = new Map<string, SentMail>();
  for (const { alertId, channel, atMs } of [...waiting, ...delivered]) {
    const key = `${channel} ${alertId}`;
    if (atMs < sinceMs || sent.has(key) || alertId.startsWith(BACKGROUND_ALERT)) continue;
    // Alerts are named `<incident>.<what>`.
    const incident = store.incident(alertId.slice(0, alertId.indexOf('.')));
    const source = incident && onlySource(incident);
    // A clock that was set back must not keep people waiting until it is there again.
    const at = Math.min(atMs, nowMs);
    sent.set(key, { alertId, channel, atMs: at, ...(source === undefined ? {} : { source }) });
  }
  return [...sent.values()];
}
