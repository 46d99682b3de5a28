import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { alert, hit, incident, LINE, NOW } from './incident-samples.ts';

/** How one implementation is made and made again on what it kept. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens it again as after a restart; undefined when it keeps nothing. */
  readonly reopen?: () => Store;
  readonly cleanUp: () => void;
}

const DAY_MS = 86_400_000;
const POLICY = { maxAgeMs: 30 * DAY_MS, maxIncidents: 1_000, maxBytes: 1e9 };

/** What every store does. */
export function runStoreConformance(name: string, make: () => StoreUnderTest): void {
  describe(`${name} is a store`, () => {
    let under: StoreUnderTest;
    let store: Store;
    /** As after a restart, where there is one. */
    const restart = () => {
      if (under.reopen !== undefined) store = under.reopen();
    };
    beforeEach(() => {
      under = make();
      store = under.store;
    });
    afterEach(() => {
      store.close();
      under.cleanUp();
    });

    describe('incidents', () => {
      it('knows nothing at first', () => {
        expect(store.incident('i1')).toBeUndefined();
        expect(store.incidents()).toEqual([]);
        expect(store.countIncidents()).toBe(0);
        expect(store.outbox()).toEqual([]);
        expect(store.deadLetters()).toEqual([]);
        expect(store.deliveries()).toEqual([]);
        expect(store.hits(0)).toEqual([]);
        expect(store.meta('x')).toBeUndefined();
        expect(store.cached('x', NOW)).toBeUndefined();
        expect(store.nextDueMs('mail')).toBeUndefined();
      });

      it('gives an incident back as it was, the octets of its lines too', () => {
        store.accept([incident('i1')], [], NOW);
        restart();
        expect(store.incident('i1')).toEqual(incident('i1'));
      });

      it('keeps the newest state', () => {
        store.accept([incident('i1')], [], NOW);
        store.saveIncident(incident('i1', { state: 'growing', count: 9 }));
        expect(store.incident('i1')).toMatchObject({ state: 'growing', count: 9 });
        expect(store.incidents()).toHaveLength(1);
        store.saveIncident(incident('i1', { state: 'closed', count: 10 }));
        restart();
        expect(store.incident('i1')).toMatchObject({ state: 'closed', count: 10 });
      });

      it('lists newest first, a page at a time', () => {
        for (let i = 0; i < 5; i++) store.saveIncident(incident(`i${i}`, { lastSeenMs: NOW + i }));
        const ids = (limit: number, offset: number) => store.incidents({ limit, offset }).map(({ id }) => id);
        expect(ids(2, 0)).toEqual(['i4', 'i3']);
        expect(ids(2, 4)).toEqual(['i0']);
        expect(ids(2, 5)).toEqual([]);
        expect(store.countIncidents()).toBe(5);
      });

      it.each([
        [{ states: ['open', 'growing'] as const }, ['a', 'b']],
        [{ states: [] }, []],
        [{ severities: ['low'] as const }, ['b']],
        [{ ruleId: 'other' }, ['c']],
        [{ source: '203.0.113.9' }, ['b']],
        [{ sinceMs: NOW + 10 }, ['b', 'c']],
        [{ untilMs: NOW + 20 }, ['a', 'b']],
        [{ sinceMs: NOW + 10, untilMs: NOW + 20 }, ['b']],
        [{ ruleId: "x' OR '1'='1" }, []],
      ])('filters by %j', (filter, expected) => {
        store.saveIncident(incident('a', { firstSeenMs: NOW, lastSeenMs: NOW + 9 }));
        store.saveIncident(
          incident('b', {
            state: 'growing',
            severity: 'low',
            sources: ['198.51.100.8', '203.0.113.9'],
            firstSeenMs: NOW + 19,
            lastSeenMs: NOW + 19,
          }),
        );
        store.saveIncident(
          incident('c', { state: 'closed', ruleId: 'other', firstSeenMs: NOW + 20, lastSeenMs: NOW + 30 }),
        );
        expect(
          store
            .incidents(filter)
            .map(({ id }) => id)
            .sort(),
        ).toEqual(expected);
        expect(store.countIncidents(filter)).toBe(expected.length);
      });
    });

    describe('the outbox', () => {
      it('accepts incident and alerts together and gives both back after a restart', () => {
        const results = store.accept(
          [incident('i1')],
          [
            { alert: alert('a1'), channel: 'mail' },
            { alert: alert('a1'), channel: 'hook' },
          ],
          NOW,
        );
        restart();
        expect(results).toEqual([{ kind: 'stored' }, { kind: 'stored' }]);
        expect(store.outbox('mail')).toEqual([
          { alert: alert('a1'), channel: 'mail', attempts: 0, createdAtMs: NOW, notBeforeMs: NOW },
        ]);
        expect(store.outbox()).toHaveLength(2);
        expect(store.incident('i1')).toBeDefined();
      });

      it('writes the newest state of the incidents an alert is about with the alert', () => {
        store.saveIncident(incident('i1', { count: 42 }));
        store.accept([], [{ alert: alert('a1'), channel: 'mail' }], NOW);
        restart();
        expect(store.incident('i1')).toMatchObject({ count: 42 });
      });

      it('an alert that is there, given up or delivered is known and changes nothing', () => {
        const put = (id: string) => store.accept([], [{ alert: alert(id), channel: 'mail' }], NOW)[0]!.kind;
        expect([put('waits'), put('waits')]).toEqual(['stored', 'known']);
        put('dead');
        store.dead('dead', 'mail', 'gone');
        put('sent');
        store.delivered('sent', 'mail', NOW);
        expect([put('dead'), put('sent')]).toEqual(['known', 'known']);
        restart();
        expect([put('waits'), put('dead'), put('sent')]).toEqual(['known', 'known', 'known']);
        expect(store.outbox()).toHaveLength(1);
      });

      it('due() hands out the oldest that is due, once, of its own channel', () => {
        for (const id of ['a1', 'a2']) store.accept([], [{ alert: alert(id), channel: 'mail' }], NOW);
        store.accept([], [{ alert: alert('a3'), channel: 'hook' }], NOW);
        expect(store.due('mail', NOW - 1)).toBeUndefined();
        expect(store.due('mail', NOW)?.alert.id).toBe('a1');
        expect(store.due('mail', NOW)?.alert.id).toBe('a2');
        expect(store.due('mail', NOW)).toBeUndefined();
        expect(store.nextDueMs('mail')).toBeUndefined();
        expect(store.outbox('mail')).toHaveLength(2);
      });

      it('a claim does not survive a restart', () => {
        if (under.reopen === undefined) return;
        store.accept([], [{ alert: alert('a1'), channel: 'mail' }], NOW);
        store.due('mail', NOW);
        restart();
        expect(store.due('mail', NOW)?.alert.id).toBe('a1');
      });

      it('retryAt() counts the try and waits; release() does neither', () => {
        store.accept([], [{ alert: alert('a1'), channel: 'mail' }], NOW);
        store.due('mail', NOW);
        store.release('a1', 'mail');
        expect(store.due('mail', NOW)).toMatchObject({ attempts: 0 });
        store.retryAt('a1', 'mail', NOW + 5_000, '451 try later');
        restart();
        expect(store.nextDueMs('mail')).toBe(NOW + 5_000);
        expect(store.due('mail', NOW + 4_999)).toBeUndefined();
        expect(store.due('mail', NOW + 5_000)).toMatchObject({
          attempts: 1,
          because: '451 try later',
          createdAtMs: NOW,
        });
      });

      it('delivered() takes the entry out for good', () => {
        store.accept([], [{ alert: alert('a1'), channel: 'mail' }], NOW);
        store.due('mail', NOW);
        store.delivered('a1', 'mail', NOW);
        restart();
        expect(store.outbox()).toEqual([]);
        expect(store.due('mail', NOW + DAY_MS)).toBeUndefined();
      });

      it('dead() keeps the entry among the dead letters until it is retried', () => {
        for (const id of ['a1', 'a2']) store.accept([], [{ alert: alert(id), channel: 'mail' }], NOW);
        store.dead('a2', 'mail', '550 no such user');
        store.dead('a1', 'mail', '552 too big');
        restart();
        expect(store.outbox()).toEqual([]);
        expect(store.deadLetters()).toMatchObject([
          { alert: { id: 'a2' }, attempts: 1, because: '550 no such user' },
          { alert: { id: 'a1' }, attempts: 1, because: '552 too big' },
        ]);
        expect(store.retryDead(NOW + 9, 'nobody')).toBe(0);
        expect(store.retryDead(NOW + 9, 'a1')).toBe(1);
        restart();
        expect(store.due('mail', NOW + 9)).toMatchObject({
          alert: { id: 'a1' },
          createdAtMs: NOW + 9,
          because: '552 too big',
        });
        expect(store.retryDead(NOW + 10)).toBe(1);
        expect(store.deadLetters()).toEqual([]);
      });

      it('takes words about unknown entries calmly', () => {
        store.delivered('x', 'mail', NOW);
        store.retryAt('x', 'mail', NOW, 'because');
        store.release('x', 'mail');
        store.dead('x', 'mail', 'because');
        expect(store.outbox()).toEqual([]);
        expect(store.deadLetters()).toEqual([]);
      });

      it('a full channel displaces the mildest, newest entry, or the one just put; a digest never', () => {
        const put = (id: string, severity: 'low' | 'high' | 'critical', digest = false) =>
          store.accept(
            [],
            [{ alert: alert(id, severity, digest ? { reason: 'digest' } : {}), channel: 'mail' }],
            NOW,
          )[0];
        for (let i = 0; i < 23; i++) put(`h${i}`, 'high');
        put('low1', 'low');
        put('low2', 'low');
        put('digest', 'low', true);
        expect(put('h23', 'high')).toMatchObject({ kind: 'displaced', alert: { id: 'low2' } });
        expect(put('h24', 'high')).toMatchObject({ kind: 'displaced', alert: { id: 'low1' } });
        expect(put('low3', 'low')).toMatchObject({ kind: 'displaced', alert: { id: 'low3' } });
        expect(put('c1', 'critical')).toMatchObject({ kind: 'displaced', alert: { id: 'h24' } });
        restart();
        expect(store.outbox('mail')).toHaveLength(26);
        expect(store.outbox('mail').some(({ alert: { id } }) => id === 'digest')).toBe(true);
        expect(put('low4', 'low')).toMatchObject({ kind: 'displaced' });
      });

      it('does not displace what is on the wire while there is something else', () => {
        for (let i = 0; i < 25; i++)
          store.accept([], [{ alert: alert(`a${i}`, 'low'), channel: 'mail' }], NOW);
        for (let i = 0; i < 24; i++) store.due('mail', NOW);
        store.release('a3', 'mail');
        const [result] = store.accept([], [{ alert: alert('b', 'high'), channel: 'mail' }], NOW);
        expect(result).toMatchObject({ kind: 'displaced', alert: { id: 'a24' } });
      });

      it('keeps a bounded number of dead letters, the newest', () => {
        for (let i = 0; i < 205; i++) {
          store.accept([], [{ alert: alert(`a${i}`), channel: 'mail' }], NOW);
          store.dead(`a${i}`, 'mail', 'no');
        }
        restart();
        expect(store.deadLetters()).toHaveLength(200);
        expect(store.deadLetters()[0]!.alert.id).toBe('a5');
      });

      it('remembers deliveries, newest first', () => {
        const delivery = {
          alertId: 'a1',
          channel: 'mail',
          attempt: 1,
          outcome: 'retry',
          because: '451',
        } as const;
        store.recordDelivery(delivery, NOW);
        store.recordDelivery({ ...delivery, attempt: 2, outcome: 'delivered' }, NOW + 1);
        store.recordDelivery({ ...delivery, alertId: 'a2' }, NOW + 2);
        store.flush();
        restart();
        expect(store.deliveries('a1')).toEqual([
          { ...delivery, attempt: 2, outcome: 'delivered', atMs: NOW + 1 },
          { ...delivery, atMs: NOW },
        ]);
        expect(store.deliveries(undefined, 1)).toMatchObject([{ alertId: 'a2' }]);
      });
    });

    describe('open windows, look-ups, notes', () => {
      it('gives hits back in order of event time, with their lines and without line numbers', () => {
        store.appendHit(hit(NOW + 2), LINE);
        store.appendHit(hit(NOW));
        store.appendHit(hit(NOW + 1));
        store.flush();
        restart();
        const found = store.hits(NOW + 1);
        expect(found.map(({ hit: { attempt } }) => attempt.atMs)).toEqual([NOW + 1, NOW + 2]);
        expect(found[1]!.line).toEqual(LINE);
        expect(found[1]!.hit).toEqual({
          ...hit(NOW + 2),
          attempt: { ...hit(NOW + 2).attempt, line: { sequence: 0 } },
        });
      });

      it('forgets hits before a time, batched or not', () => {
        store.appendHit(hit(NOW));
        store.flush();
        store.appendHit(hit(NOW + 1));
        store.appendHit(hit(NOW + 2));
        store.expireHits(NOW + 2);
        expect(store.hits(0)).toHaveLength(1);
        restart();
        expect(store.hits(0)).toHaveLength(1);
      });

      it('keeps an answer until it expires', () => {
        store.cache('whois 198.51.100.7', '{"a":1}', NOW + 10);
        expect(store.cached('whois 198.51.100.7', NOW)).toBe('{"a":1}');
        store.flush();
        restart();
        expect(store.cached('whois 198.51.100.7', NOW + 9)).toBe('{"a":1}');
        expect(store.cached('whois 198.51.100.7', NOW + 10)).toBeUndefined();
        store.cache('whois 198.51.100.7', 'new', NOW + 20);
        expect(store.cached('whois 198.51.100.7', NOW + 10)).toBe('new');
      });

      it('keeps notes by key and finds them by prefix', () => {
        store.setMeta('ledger/i1', 'one');
        store.setMeta('ledger/i2', 'two');
        store.setMeta('clock', 'x');
        store.setMeta('ledger/i2', undefined);
        store.flush();
        restart();
        expect(store.meta('clock')).toBe('x');
        expect([...store.metaEntries('ledger/')]).toEqual([['ledger/i1', 'one']]);
        expect(store.meta('ledger/i2')).toBeUndefined();
      });
    });

    describe('retention()', () => {
      it('removes closed incidents by age and number, and nothing that is still needed', () => {
        store.saveIncident(incident('old open', { lastSeenMs: NOW - 99 * DAY_MS }));
        store.saveIncident(incident('old', { state: 'closed', lastSeenMs: NOW - 31 * DAY_MS }));
        for (let i = 0; i < 5; i++)
          store.saveIncident(incident(`c${i}`, { state: 'closed', lastSeenMs: NOW - i }));
        store.accept([], [{ alert: alert('a1'), channel: 'mail' }], NOW - 99 * DAY_MS);
        store.accept([], [{ alert: alert('a2'), channel: 'mail' }], NOW - 99 * DAY_MS);
        store.dead('a2', 'mail', 'no');
        store.recordDelivery(
          { alertId: 'a0', channel: 'mail', attempt: 1, outcome: 'delivered', because: '' },
          NOW - 31 * DAY_MS,
        );
        expect(store.retention({ ...POLICY, maxIncidents: 3 }, NOW)).toBe(3);
        restart();
        expect(store.incidents().map(({ id }) => id)).toEqual(['c0', 'c1', 'c2', 'old open']);
        expect(store.outbox()).toHaveLength(1);
        expect(store.deadLetters()).toHaveLength(1);
        expect(store.deliveries()).toEqual([]);
        expect(store.retention(POLICY, NOW)).toBe(0);
      });
    });

    describe('adopt()', () => {
      it("takes over another store's live state and keeps its own", () => {
        const other = make();
        store.accept([incident('own')], [{ alert: alert('own'), channel: 'mail' }], NOW);
        store.accept([], [{ alert: alert('gone'), channel: 'mail' }], NOW);
        other.store.adopt({
          ...other.store.live(),
          slots: [
            {
              seq: 5,
              entry: { alert: alert('a5'), channel: 'mail', attempts: 3, createdAtMs: NOW, notBeforeMs: NOW },
              dead: false,
            },
            {
              seq: 6,
              entry: { alert: alert('a6'), channel: 'mail', attempts: 1, createdAtMs: NOW, notBeforeMs: NOW },
              dead: true,
            },
          ],
        });
        other.store.saveIncident(incident('theirs'));
        other.store.appendHit(hit(NOW));
        other.store.setMeta('note', 'kept');
        store.setMeta('own note', 'kept');
        store.adopt({ ...other.store.live(), settled: [['gone', 'mail']] });
        restart();
        expect(store.outbox().map(({ alert: { id } }) => id)).toEqual(['own', 'a5']);
        expect(store.deadLetters().map(({ alert: { id } }) => id)).toEqual(['a6']);
        expect(store.incident('theirs')).toBeDefined();
        expect(store.incident('own')).toBeDefined();
        expect(store.hits(0)).toHaveLength(1);
        expect(store.meta('note')).toBe('kept');
        expect(store.meta('own note')).toBe('kept');
        expect(store.accept([], [{ alert: alert('gone'), channel: 'mail' }], NOW)).toEqual([
          { kind: 'known' },
        ]);
        other.store.close();
        other.cleanUp();
      });
    });
  });
}
