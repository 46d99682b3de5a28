import { describe, expect, it } from 'vitest';
import { KnownNames } from '../../src/cluster/known-names.ts';
import { idAfter, StreamTrim } from '../../src/cluster/stream-trim.ts';
import { Teller } from '../../src/cluster/teller.ts';
import { incident } from '../store/incident-samples.ts';
import { eventually } from '../support/daemon.ts';

describe('StreamTrim', () => {
  const id = (n: number) => `${1_700_000_000_000 + n}-0`;

  it('keeps what lies in a window and what is still needed', () => {
    const trim = new StreamTrim();
    expect(trim.before(Number.NEGATIVE_INFINITY, [])).toBe('0-0');
    expect(trim.before(1_700_000_000_500.7, [])).toBe(id(500));
    expect(trim.before(1_700_000_000_500, [id(900), id(300), id(400)])).toBe(id(300));
  });

  it('keeps the newest 65,536 that were judged, whatever the window', () => {
    const trim = new StreamTrim();
    for (let n = 1; n <= 65_535; n++) trim.noteRead(id(n));
    expect(trim.before(0, [])).toBe('0-0');
    for (let n = 65_536; n <= 100_000; n++) trim.noteRead(id(n));
    const before = Number(trim.before(0, []).split('-')[0]) - 1_700_000_000_000;
    expect(100_000 - before).toBeGreaterThan(64_000);
    expect(100_000 - before).toBeLessThan(67_000);
    expect(trim.before(0, [id(7)])).toBe(id(7));
  });

  it('compares ids by number', () => {
    expect([
      idAfter('10-0', '9-5'),
      idAfter('9-10', '9-9'),
      idAfter('9-9', '9-9'),
      idAfter('8-1', '9-0'),
    ]).toEqual([true, true, false, false]);
  });
});

describe('KnownNames', () => {
  it('knows a name for at least so long, by what is judged', () => {
    const names = new KnownNames();
    expect([names.isNew('a'), names.isNew('a')]).toEqual([true, false]);
    names.forget(1_000, 500);
    for (const judgedMs of [1_100, 1_300, 1_500]) names.forget(judgedMs, 500);
    expect(names.isNew('a')).toBe(false);
    names.forget(1_501, 500);
    expect(names.isNew('a')).toBe(true);
  });

  it('stays bounded while nothing is judged', () => {
    const names = new KnownNames();
    names.forget(0, 1_000);
    for (let i = 0; i < 400_000; i++) {
      names.isNew(`${i}`);
      names.forget(0, 1_000);
    }
    expect([names.isNew('399999'), names.isNew('0')]).toEqual([false, true]);
  });
});

describe('Teller', () => {
  it('tells each incident in order, again until it is accepted, and holds up no other', async () => {
    const told: string[] = [];
    let refusals = 1;
    const teller = new Teller(async ({ id }, transition) => {
      if (id === 'a' && refusals-- > 0) throw new Error('away');
      told.push(`${id} ${transition}`);
    });
    teller.tell(incident('a'), 'opened');
    teller.tell(incident('a'), 'settled');
    teller.tell(incident('b'), 'opened');
    expect(teller.pending).toHaveLength(3);
    await eventually('all of it', () => teller.pending.length === 0);
    expect(told).toEqual(['b opened', 'a opened', 'a settled']);
  });

  it('tries no more when it is stopped, and knows what is left', async () => {
    let tries = 0;
    const teller = new Teller(async () => {
      tries++;
      throw new Error('away');
    });
    teller.tell(incident('a'), 'opened');
    await eventually('the first try', () => tries === 1);
    teller.stop();
    await new Promise((done) => setTimeout(done, 1_300));
    expect([tries, teller.pending.length]).toEqual([1, 1]);
  });
});
