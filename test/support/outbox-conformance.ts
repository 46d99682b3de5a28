import { describe, expect, it } from 'vitest';
import type { Outbox } from '../../src/notify/outbox.ts';
import { alert } from './notify.ts';

/** What every outbox has to do, whatever it keeps its entries in. `create` gives an empty one with these bounds. */
export function outboxConformance(
  name: string,
  create: (bounds: { perChannel: number; deadLetters: number }) => Promise<Outbox> | Outbox,
): void {
  const fresh = async (perChannel = 100, deadLetters = 100) => create({ perChannel, deadLetters });
  const ids = (entries: readonly { alert: { id: string } }[]) => entries.map((entry) => entry.alert.id);

  describe(`${name} as an outbox`, () => {
    it('gives back what was put, oldest first, and no more than once', async () => {
      const outbox = await fresh();
      expect(await outbox.put(alert({ id: 'a' }), 'ops', 10)).toEqual({ kind: 'stored' });
      await outbox.put(alert({ id: 'b' }), 'ops', 11);
      expect(await outbox.due('ops', 20)).toEqual({
        alert: alert({ id: 'a' }),
        channel: 'ops',
        attempts: 0,
        createdAtMs: 10,
        notBeforeMs: 10,
      });
      expect((await outbox.due('ops', 20))?.alert.id).toBe('b');
      expect(await outbox.due('ops', 20)).toBeUndefined();
    });

    it('keeps channels apart', async () => {
      const outbox = await fresh();
      await outbox.put(alert({ id: 'a' }), 'ops', 0);
      await outbox.put(alert({ id: 'a' }), 'noc', 0);
      await outbox.delivered('a', 'ops');
      expect(await outbox.due('ops', 1)).toBeUndefined();
      expect((await outbox.due('noc', 1))?.channel).toBe('noc');
      expect(ids(await outbox.list())).toEqual(['a']);
      expect(await outbox.list('ops')).toEqual([]);
    });

    it('knows an alert that was put twice, waiting, claimed or dead', async () => {
      const outbox = await fresh();
      await outbox.put(alert({ id: 'a' }), 'ops', 0);
      expect(await outbox.put(alert({ id: 'a', subject: 'other' }), 'ops', 1)).toEqual({ kind: 'known' });
      await outbox.due('ops', 1);
      expect(await outbox.put(alert({ id: 'a' }), 'ops', 1)).toEqual({ kind: 'known' });
      await outbox.dead('a', 'ops', 'no such user');
      expect(await outbox.put(alert({ id: 'a' }), 'ops', 1)).toEqual({ kind: 'known' });
      expect(await outbox.list()).toEqual([]);
    });

    it('hands out a failed entry again, not before its time, with its tries and reason', async () => {
      const outbox = await fresh();
      await outbox.put(alert({ id: 'a' }), 'ops', 0);
      await outbox.due('ops', 0);
      expect(await outbox.nextDueMs('ops')).toBeUndefined();
      await outbox.retryAt('a', 'ops', 100, 'server busy');
      expect(await outbox.due('ops', 99)).toBeUndefined();
      expect(await outbox.nextDueMs('ops')).toBe(100);
      expect(await outbox.due('ops', 100)).toMatchObject({
        attempts: 1,
        because: 'server busy',
        createdAtMs: 0,
      });
    });

    it('hands out a released entry at once, as if nothing had been tried', async () => {
      const outbox = await fresh();
      await outbox.put(alert({ id: 'a' }), 'ops', 0);
      await outbox.due('ops', 0);
      await outbox.release('a', 'ops');
      expect(await outbox.due('ops', 0)).toMatchObject({ attempts: 0 });
    });

    it('lets a waiting entry not hold up a later one', async () => {
      const outbox = await fresh();
      await outbox.put(alert({ id: 'a' }), 'ops', 0);
      await outbox.put(alert({ id: 'b' }), 'ops', 1);
      await outbox.due('ops', 1);
      await outbox.retryAt('a', 'ops', 1_000, 'x');
      expect((await outbox.due('ops', 1))?.alert.id).toBe('b');
    });

    it('keeps dead letters with their reason, bounded', async () => {
      const outbox = await fresh(100, 2);
      for (const id of ['a', 'b', 'c']) {
        await outbox.put(alert({ id }), 'ops', 0);
        await outbox.dead(id, 'ops', `no ${id}`);
      }
      expect(await outbox.deadLetters()).toMatchObject([
        { alert: { id: 'b' }, attempts: 1, because: 'no b' },
        { alert: { id: 'c' }, attempts: 1, because: 'no c' },
      ]);
    });

    it('takes no offence at entries it does not have', async () => {
      const outbox = await fresh();
      await outbox.delivered('x', 'ops');
      await outbox.retryAt('x', 'ops', 1, 'x');
      await outbox.release('x', 'ops');
      await outbox.dead('x', 'ops', 'x');
      expect([await outbox.list(), await outbox.deadLetters()]).toEqual([[], []]);
    });

    it('displaces the mildest and of these the newest when it is full, and never silently', async () => {
      const outbox = await fresh(3);
      await outbox.put(alert({ id: 'high', severity: 'high' }), 'ops', 0);
      await outbox.put(alert({ id: 'low1', severity: 'low' }), 'ops', 1);
      await outbox.put(alert({ id: 'low2', severity: 'low' }), 'ops', 2);
      const full = await outbox.put(alert({ id: 'medium', severity: 'medium' }), 'ops', 3);
      expect(full).toMatchObject({ kind: 'displaced', alert: { id: 'low2' } });
      expect(ids(await outbox.list('ops'))).toEqual(['high', 'low1', 'medium']);
      expect(await outbox.put(alert({ id: 'low3', severity: 'low' }), 'ops', 4)).toMatchObject({
        kind: 'displaced',
        alert: { id: 'low3' },
      });
      expect(await outbox.put(alert({ id: 'other', severity: 'low' }), 'noc', 4)).toEqual({ kind: 'stored' });
    });

    it('always has room for a digest and never displaces one', async () => {
      const outbox = await fresh(1);
      await outbox.put(alert({ id: 'a', severity: 'low' }), 'ops', 0);
      expect(await outbox.put(alert({ id: 'd', severity: 'low', reason: 'digest' }), 'ops', 1)).toEqual({
        kind: 'stored',
      });
      expect(await outbox.put(alert({ id: 'b', severity: 'high' }), 'ops', 2)).toMatchObject({
        kind: 'displaced',
        alert: { id: 'a' },
      });
      expect(ids(await outbox.list('ops'))).toEqual(['d', 'b']);
    });

    it('does not displace what is being sent at this moment', async () => {
      const outbox = await fresh(2);
      await outbox.put(alert({ id: 'sending', severity: 'low' }), 'ops', 0);
      await outbox.due('ops', 0);
      await outbox.put(alert({ id: 'waiting', severity: 'medium' }), 'ops', 1);
      expect(await outbox.put(alert({ id: 'new', severity: 'high' }), 'ops', 2)).toMatchObject({
        kind: 'displaced',
        alert: { id: 'waiting' },
      });
    });

    it('gives way to nobody while everything it has is being sent', async () => {
      const outbox = await fresh(1);
      await outbox.put(alert({ id: 'sending', severity: 'low' }), 'ops', 0);
      await outbox.due('ops', 0);
      expect(await outbox.put(alert({ id: 'new', severity: 'high' }), 'ops', 1)).toMatchObject({
        kind: 'displaced',
        alert: { id: 'new' },
      });
      expect(ids(await outbox.list('ops'))).toEqual(['sending']);
    });
  });
}
