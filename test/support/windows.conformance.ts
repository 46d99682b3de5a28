import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** A hit for a window: who, what is counted of it, and when (ms). */
export interface WindowHit {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly atMs: number;
  readonly weight?: number;
}

/** How a window under test counts. */
export interface WindowSpec {
  readonly count: 'distinct' | 'sum';
  readonly threshold: number;
  readonly withinMs: number;
}

/** Windows of one kind: takes hits in order of time, gives the names of those that are part of a met condition by now. */
export interface WindowsUnderTest {
  add(hit: WindowHit): Promise<readonly string[]>;
}

const START = 1_700_000_000_000;

/** What windows do, wherever they are kept: in this process or shared by many. */
export function windowsConformance(
  name: string,
  make: (spec: WindowSpec) => Promise<WindowsUnderTest>,
  runs = 60,
): void {
  const three: WindowSpec = { count: 'distinct', threshold: 3, withinMs: 60_000 };
  const play = async (
    spec: WindowSpec,
    hits: readonly [value: string, second: number, weight?: number][],
  ) => {
    const windows = await make(spec);
    const given: string[][] = [];
    for (const [value, second, weight = 1] of hits) {
      const hit = { name: `${value}@${second}`, key: 'k', value, atMs: START + second * 1_000, weight };
      given.push([...(await windows.add(hit))]);
    }
    return given;
  };

  describe(`${name} as windows`, () => {
    it('crosses at the distinct value that reaches the threshold, with everything that led to it', async () => {
      expect(
        await play(three, [
          ['a', 0],
          ['b', 1],
          ['b', 2],
          ['c', 3],
        ]),
      ).toEqual([[], [], [], ['a@0', 'b@1', 'b@2', 'c@3']]);
    });

    it('passes what follows at once, and only once', async () => {
      expect(
        await play(three, [
          ['a', 0],
          ['b', 1],
          ['c', 2],
          ['c', 3],
          ['d', 4],
        ]),
      ).toEqual([[], [], ['a@0', 'b@1', 'c@2'], ['c@3'], ['d@4']]);
    });

    it('a window of W holds hits with t > now - W', async () => {
      expect(
        await play(three, [
          ['a', 0],
          ['b', 1],
          ['c', 60],
        ]),
      ).toEqual([[], [], []]);
      expect(
        (
          await play(three, [
            ['a', 0.001],
            ['b', 1],
            ['c', 60],
          ])
        ).at(-1),
      ).toContain('c@60');
    });

    it('a repeat of a value is not another value', async () => {
      expect(
        (
          await play(three, [
            ['a', 0],
            ['a', 1],
            ['b', 2],
            ['a', 3],
          ])
        ).flat(),
      ).toEqual([]);
    });

    it('keeps keys apart', async () => {
      const windows = await make(three);
      for (const [i, key] of ['x', 'y', 'x', 'y'].entries())
        expect(await windows.add({ name: `${i}`, key, value: `${i}`, atMs: START + i })).toEqual([]);
      expect(await windows.add({ name: '4', key: 'x', value: '4', atMs: START + 4 })).toEqual([
        '0',
        '2',
        '4',
      ]);
    });

    it('adds up weights where it counts attempts', async () => {
      const five: WindowSpec = { count: 'sum', threshold: 5, withinMs: 60_000 };
      expect(
        await play(five, [
          ['a', 0, 2],
          ['b', 1, 2],
          ['c', 2, 1],
        ]),
      ).toEqual([[], [], ['a@0', 'b@1', 'c@2']]);
      expect(
        await play(five, [
          ['a', 0, 4],
          ['b', 60, 1],
        ]),
      ).toEqual([[], []]);
    });

    it('a threshold of one needs no second hit', async () => {
      expect(await play({ ...three, threshold: 1 }, [['a', 0]])).toEqual([['a@0']]);
    });

    it('crosses exactly when a window of that length has so many values, whatever comes before', async () => {
      const hits = fc.array(
        fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 40_000 })),
        {
          maxLength: 14,
        },
      );
      await fc.assert(
        fc.asyncProperty(hits, async (steps) => {
          const windows = await make(three);
          let atMs = START;
          let crossed = false;
          const seen: { value: string; atMs: number }[] = [];
          for (const [i, [value, stepMs]] of steps.entries()) {
            atMs += stepMs;
            seen.push({ value, atMs });
            const inside = seen.filter((each) => each.atMs > atMs - three.withinMs);
            crossed ||= new Set(inside.map((each) => each.value)).size >= three.threshold;
            const given = await windows.add({ name: `${i}`, key: 'k', value, atMs });
            // Once crossed, both sides follow the story; when it is let go differs and is tested elsewhere.
            expect(given.includes(`${i}`)).toBe(crossed);
            if (crossed) return;
          }
        }),
        { numRuns: runs },
      );
    });
  });
}
