import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { limitedTo } from '../../src/lib/limited-to.ts';

describe('limitedTo()', () => {
  it('aborts when the time is up, and says that it was the time', async () => {
    const limit = limitedTo(10);
    await sleep(40);
    expect([limit.signal.aborted, limit.expired()]).toEqual([true, true]);
    limit.clear();
  });

  it('aborts with the outer signal, now or later, and says that it was not the time', async () => {
    const outer = new AbortController();
    const limit = limitedTo(20, outer.signal);
    outer.abort();
    await sleep(40);
    const late = limitedTo(1_000, outer.signal);
    for (const { signal, expired, clear } of [limit, late]) {
      expect([signal.aborted, expired()]).toEqual([true, false]);
      clear();
    }
  });

  it('does nothing once cleared', async () => {
    const outer = new AbortController();
    const limit = limitedTo(10, outer.signal);
    limit.clear();
    outer.abort();
    await sleep(30);
    expect(limit.signal.aborted).toBe(false);
  });
});
