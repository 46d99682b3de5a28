import { describe, expect, it } from 'vitest';
import type { IncidentFilter } from '../../src/store/store.ts';
import type { Incident } from '../../src/types.ts';
import { incident, NOW } from '../store/incident-samples.ts';

/** Incidents, wherever they are kept. */
export interface IncidentBook {
  save(incidents: readonly Incident[]): Promise<void>;
  get(id: string): Promise<Incident | undefined>;
  list(filter?: IncidentFilter): Promise<readonly Incident[]>;
}

/** What every place that keeps incidents does. */
export function incidentBookConformance(name: string, fresh: () => Promise<IncidentBook>): void {
  const ids = (incidents: readonly Incident[]) => incidents.map(({ id }) => id);

  describe(`${name} keeps incidents`, () => {
    it('knows nothing at first', async () => {
      const book = await fresh();
      expect(await book.get('i1')).toBeUndefined();
      expect(await book.list()).toEqual([]);
    });

    it('gives one back as it was, the octets of its lines too', async () => {
      const book = await fresh();
      await book.save([incident('i1')]);
      expect(await book.get('i1')).toEqual(incident('i1'));
    });

    it('keeps the newest state', async () => {
      const book = await fresh();
      await book.save([incident('i1')]);
      await book.save([incident('i1', { state: 'growing', count: 9 })]);
      expect(await book.list()).toMatchObject([{ id: 'i1', state: 'growing', count: 9 }]);
      await book.save([incident('i1', { state: 'closed', count: 10 })]);
      expect(await book.list()).toMatchObject([{ state: 'closed', count: 10 }]);
    });

    it('lists the newest first, in pages', async () => {
      const book = await fresh();
      await book.save([1, 2, 3, 4].map((n) => incident(`i${n}`, { lastSeenMs: NOW + n })));
      expect(ids(await book.list())).toEqual(['i4', 'i3', 'i2', 'i1']);
      expect(ids(await book.list({ limit: 2, offset: 1 }))).toEqual(['i3', 'i2']);
    });

    it.each([
      [{ states: ['closed'] }, ['b']],
      [{ states: ['open', 'closed'] }, ['b', 'a']],
      [{ severities: ['low'] }, ['a']],
      [{ ruleId: 'other' }, ['b']],
      [{ source: '203.0.113.9' }, ['b']],
      [{ sinceMs: NOW + 5 }, ['b']],
      [{ untilMs: NOW + 5 }, ['a']],
    ] as const)('filters by %j', async (filter, wanted) => {
      const book = await fresh();
      await book.save([
        incident('a', { severity: 'low' }),
        incident('b', {
          state: 'closed',
          ruleId: 'other',
          sources: ['203.0.113.9'],
          firstSeenMs: NOW + 10,
          lastSeenMs: NOW + 10,
        }),
      ]);
      expect(ids(await book.list(filter as IncidentFilter))).toEqual(wanted);
    });
  });
}
