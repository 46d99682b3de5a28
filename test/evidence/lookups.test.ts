import { describe, expect, it } from 'vitest';
import type { Lookup, LookupAnswer } from '../../src/evidence/lookup.ts';
import { Lookups, type LookupsOptions } from '../../src/evidence/lookups.ts';
import { MemoryStore } from '../../src/store/memory.ts';

const SOURCE = '198.51.100.7';
const NOW = Date.parse('2026-11-23T12:00:00Z');

interface Scripted extends Lookup {
  readonly asked: string[];
}

function scripted(
  name: string,
  answer: (ip: string, signal: AbortSignal) => Promise<LookupAnswer | undefined>,
): Scripted {
  const asked: string[] = [];
  return {
    name,
    label: `Label of ${name}`,
    asked,
    lookUp: (ip, signal) => {
      asked.push(ip);
      return answer(ip, signal);
    },
  };
}

const quick = (name: string, text = 'known') => scripted(name, async () => ({ text }));
const never = (name: string) => scripted(name, () => new Promise(() => undefined));
const failing = (name: string) => scripted(name, () => Promise.reject(new Error('refused\n\x1b[2J')));

function desk(lookups: readonly Lookup[], options: Partial<LookupsOptions> = {}): Lookups {
  return new Lookups({
    lookups,
    deadlineMs: 80,
    perLookupMs: 300,
    allowDocumentation: true,
    now: () => NOW,
    ...options,
  });
}

describe('gather()', () => {
  it.each([
    '192.168.1.1',
    '10.0.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '224.0.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    'fe80::1',
    'fd00::1',
    '100.64.0.1',
  ])('never asks about %s', async (ip) => {
    const lookup = quick('whois');
    expect(await desk([lookup]).gather(ip)).toEqual([]);
    expect(lookup.asked).toEqual([]);
  });

  it.each(['', 'host.example', '1.2.3', "1.2.3.4'; drop", '198.51.100.7\n'])(
    'never asks about text that is no address: %j',
    async (text) => {
      const lookup = quick('whois');
      expect(await desk([lookup]).gather(text)).toEqual([]);
      expect(lookup.asked).toEqual([]);
    },
  );

  it('asks about documentation addresses in tests only', async () => {
    const lookup = quick('whois');
    expect(await desk([lookup], { allowDocumentation: false }).gather(SOURCE)).toEqual([]);
    expect(await desk([lookup]).gather(SOURCE)).toHaveLength(1);
  });

  it('gives answers in the order of the look-ups, with when and what', async () => {
    const slow = scripted('slow', async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return {
        text: 'late but there',
        abuse: ['abuse@example.net'],
        hostName: { name: 'h.example', confirmed: true },
      };
    });
    expect(await desk([slow, quick('fast')]).gather(SOURCE)).toEqual([
      {
        lookup: 'slow',
        label: 'Label of slow',
        asOfMs: NOW,
        text: 'late but there',
        abuse: ['abuse@example.net'],
        hostName: { name: 'h.example', confirmed: true },
      },
      { lookup: 'fast', label: 'Label of fast', asOfMs: NOW, text: 'known' },
    ]);
  });

  it('does not wait beyond the deadline; what failed or was late says so', async () => {
    const nothing = scripted('nothing', async () => undefined);
    const throwing: Lookup = {
      name: 'throwing',
      label: 'Throwing',
      lookUp: () => {
        throw new Error('at once');
      },
    };
    const start = performance.now();
    const results = await desk([
      never('never'),
      failing('failing'),
      nothing,
      throwing,
      quick('quick'),
    ]).gather(SOURCE);
    expect(performance.now() - start).toBeLessThan(250);
    expect(results.map(({ lookup, text, failed }) => [lookup, text, failed])).toEqual([
      ['never', 'no answer within 0.08 s', true],
      ['failing', 'refused \\x1b[2J', true],
      ['nothing', 'nothing known', true],
      ['throwing', 'at once', true],
      ['quick', 'known', undefined],
    ]);
  });

  it('ends early when told to', async () => {
    const abort = new AbortController();
    const gathering = desk([never('never')], { deadlineMs: 60_000 }).gather(SOURCE, abort.signal);
    abort.abort();
    expect(await gathering).toMatchObject([{ failed: true }]);
  });

  it('asks once for incidents at the same time, and not again while the answer is kept', async () => {
    let nowMs = NOW;
    const store = new MemoryStore();
    const lookup = quick('whois');
    const lookups = desk([lookup], { cache: store, ttlMs: 1_000, now: () => nowMs });
    await Promise.all([lookups.gather(SOURCE), lookups.gather(SOURCE)]);
    expect(await desk([lookup], { cache: store, now: () => nowMs + 999 }).gather(SOURCE)).toMatchObject([
      { text: 'known', asOfMs: NOW },
    ]);
    expect(lookup.asked).toHaveLength(1);
    nowMs += 1_000;
    await lookups.gather(SOURCE);
    expect(lookup.asked).toHaveLength(2);
  });

  it('remembers failures and "nothing known" for a shorter time', async () => {
    let nowMs = NOW;
    const [fail, nothing] = [failing('failing'), scripted('nothing', async () => undefined)];
    const lookups = desk([fail, nothing], { cache: new MemoryStore(), negativeTtlMs: 100, now: () => nowMs });
    await lookups.gather(SOURCE);
    await lookups.gather(SOURCE);
    expect([fail.asked.length, nothing.asked.length]).toEqual([1, 1]);
    nowMs += 100;
    await lookups.gather(SOURCE);
    expect([fail.asked.length, nothing.asked.length]).toEqual([2, 2]);
  });

  it('an answer stays known after it is too old for another incident, and through a failure', async () => {
    let nowMs = NOW;
    let works = true;
    const lookup = scripted('whois', async () => {
      if (!works) throw new Error('refused');
      return { text: 'known' };
    });
    const lookups = desk([lookup], {
      cache: new MemoryStore(),
      ttlMs: 1_000,
      keepMs: 10_000,
      now: () => nowMs,
    });
    await lookups.gather(SOURCE);
    nowMs += 5_000;
    works = false;
    expect(await lookups.gather(SOURCE)).toMatchObject([{ text: 'refused', failed: true }]);
    expect(lookup.asked).toHaveLength(2);
    expect(lookups.remembered(SOURCE)).toEqual([
      { lookup: 'whois', label: 'Label of whois', asOfMs: NOW, text: 'known' },
    ]);
    expect(lookup.asked).toHaveLength(2);
    nowMs += 5_000;
    expect(lookups.remembered(SOURCE)).toEqual([]);
  });

  it('an answer that comes after the deadline serves the next incident', async () => {
    const store = new MemoryStore();
    const lookup = scripted(
      'slow',
      () => new Promise((resolve) => setTimeout(resolve, 120, { text: 'there' })),
    );
    const lookups = desk([lookup], { cache: store });
    expect(await lookups.gather(SOURCE)).toMatchObject([{ failed: true }]);
    await expect.poll(() => lookups.running).toBe(0);
    expect(await lookups.gather(SOURCE)).toMatchObject([{ text: 'there' }]);
    expect(lookup.asked).toHaveLength(1);
  });

  it('keeps what a look-up hands over when its time is up', async () => {
    const lookup = scripted(
      'slow',
      (_ip, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => setTimeout(resolve, 20, { text: 'half' })),
        ),
    );
    expect(await desk([lookup], { deadlineMs: 500, perLookupMs: 30 }).gather(SOURCE)).toMatchObject([
      { text: 'half' },
    ]);
  });

  it('caps look-ups under way, and one that ignores its end gives its place back', async () => {
    const lookup = never('never');
    const lookups = desk([lookup], { maxRunning: 4, deadlineMs: 20, perLookupMs: 100 });
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => lookups.gather(`198.51.100.${i + 1}`)),
    );
    expect(lookup.asked).toHaveLength(4);
    expect(results.filter(([result]) => result?.text.startsWith('not asked'))).toHaveLength(96);
    await expect.poll(() => lookups.running).toBe(0);
    await lookups.gather('198.51.100.200');
    expect(lookup.asked).toHaveLength(5);
  });

  it.each(['', '{', '[]', 'null', '{"kind":"other"}', '7'])(
    'a damaged cache entry %j is asked again',
    async (text) => {
      const store = new MemoryStore();
      store.cache(`whois ${SOURCE}`, text, NOW + 1e9);
      expect(await desk([quick('whois')], { cache: store }).gather(SOURCE)).toMatchObject([
        { text: 'known' },
      ]);
    },
  );

  it('every 198.51.100.7 written another way is the same address', async () => {
    const lookup = quick('whois');
    await desk([lookup]).gather(`::ffff:${SOURCE}`);
    expect(lookup.asked).toEqual([SOURCE]);
  });
});
