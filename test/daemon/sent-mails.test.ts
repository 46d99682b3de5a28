import { describe, expect, it } from 'vitest';
import { sentMails } from '../../src/daemon/sent-mails.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import type { Delivery } from '../../src/types.ts';
import { alert, incident, T0 } from '../support/notify.ts';

const HOUR = 3_600_000;
const sent = (store: MemoryStore) => sentMails(store, T0 - HOUR, T0);

function delivery(alertId: string, extra: Partial<Delivery> = {}): Delivery {
  return { alertId, channel: 'ops', attempt: 1, outcome: 'delivered', because: '250 ok', ...extra };
}

describe('sentMails()', () => {
  it('is what arrived in the window of the budget, on each channel, about incidents that are over too', () => {
    const store = new MemoryStore();
    store.saveIncident(incident({ id: 'k1', state: 'closed', sources: ['198.51.100.7'] }));
    store.saveIncident(incident({ id: 'k2', sources: ['198.51.100.7', '198.51.100.8'] }));
    store.recordDelivery(delivery('k1.first'), T0 - HOUR - 1);
    store.recordDelivery(delivery('k1.closing'), T0 - 10);
    store.recordDelivery(delivery('k1.closing', { channel: 'noc' }), T0 - 9);
    store.recordDelivery(delivery('k2.first'), T0 - 8);
    store.recordDelivery(delivery('digest.ops.mon1.7'), T0 - 7);
    const source = '198.51.100.7';
    expect(sent(store).sort((a, b) => a.atMs - b.atMs)).toEqual([
      { alertId: 'k1.closing', channel: 'ops', source, atMs: T0 - 10 },
      { alertId: 'k1.closing', channel: 'noc', source, atMs: T0 - 9 },
      { alertId: 'k2.first', channel: 'ops', atMs: T0 - 8 },
      { alertId: 'digest.ops.mon1.7', channel: 'ops', atMs: T0 - 7 },
    ]);
  });

  it('leaves out what failed, what came twice, and what is beside the budget', () => {
    const store = new MemoryStore();
    store.recordDelivery(delivery('k1.first', { outcome: 'retry' }), T0 - 9);
    store.recordDelivery(delivery('k2.first', { outcome: 'dead' }), T0 - 8);
    store.recordDelivery(delivery('background.mon1.24-Jan-2026'), T0 - 7);
    store.recordDelivery(delivery('k3.first'), T0 - 6);
    store.recordDelivery(delivery('k3.first'), T0 - 5);
    expect(sent(store)).toEqual([{ alertId: 'k3.first', channel: 'ops', atMs: T0 - 5 }]);
  });

  it('counts what was granted and still waits, and nothing later than now', () => {
    const store = new MemoryStore();
    store.accept([], [{ alert: alert({ id: 'k1.first' }), channel: 'ops' }], T0 - 5);
    store.recordDelivery(delivery('k2.first'), T0 + 9 * HOUR);
    expect(sent(store)).toEqual([
      { alertId: 'k1.first', channel: 'ops', atMs: T0 - 5 },
      { alertId: 'k2.first', channel: 'ops', atMs: T0 },
    ]);
  });
});
