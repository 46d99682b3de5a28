import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/store/memory.ts';
import { alert, hit, incident, NOW } from './incident-samples.ts';
import { runStoreConformance } from './store.conformance.ts';

runStoreConformance('MemoryStore', () => ({ store: new MemoryStore(), cleanUp: () => undefined }));

describe('MemoryStore', () => {
  it('says which dead letter went when there are too many', () => {
    const events: string[] = [];
    const outbox = { perChannel: 25, deadLetters: 1 };
    const store = new MemoryStore({ outbox, onEvent: ({ because }) => events.push(because) });
    for (const id of ['a1', 'a2']) {
      store.accept([], [{ alert: alert(id), channel: 'mail' }], NOW);
      store.dead(id, 'mail', 'no');
    }
    expect(events).toEqual(['the dead letter a1 for mail: there are too many']);
  });

  it('is bounded in closed incidents, hits, look-ups and deliveries, and says when it forgets hits', () => {
    const events: string[] = [];
    const store = new MemoryStore({
      max: { closedIncidents: 10, hits: 10, cached: 10, deliveries: 10, settled: 10, deletedNotes: 10 },
      onEvent: ({ because }) => events.push(because),
    });
    for (let i = 0; i < 100; i++) {
      store.saveIncident(incident(`i${i}`, { state: 'closed' }));
      store.appendHit(hit(NOW + i));
      store.cache(`k${i}`, 'v', NOW + 1e6);
      store.recordDelivery(
        { alertId: `a${i}`, channel: 'mail', attempt: 1, outcome: 'retry', because: '' },
        NOW,
      );
      store.accept([], [{ alert: alert(`a${i}`), channel: 'mail' }], NOW);
      store.delivered(`a${i}`, 'mail');
      store.setMeta(`note${i}`, undefined);
    }
    expect(store.countIncidents()).toBe(10);
    expect(store.hits(0).length).toBeLessThanOrEqual(11);
    expect(store.deliveries(undefined, 1000).length).toBeLessThanOrEqual(11);
    expect(store.cached('k0', NOW)).toBeUndefined();
    expect(store.cached('k99', NOW)).toBe('v');
    expect(store.live().settled.length).toBe(10);
    expect([...store.live().meta.keys()].at(-1)).toBe('note99');
    expect(store.live().meta.size).toBe(10);
    expect(events).toEqual([expect.stringContaining('more than 10 hits')]);
  });
});
