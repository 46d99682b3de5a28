import { describe, expect, it } from 'vitest';
import { NodeWatch } from '../../src/cluster/node-watch.ts';

const word = (node: string, said: number, watermarkMs = 0) => ({
  node,
  word: `${said}`,
  watermarkMs,
  judges: true,
  rules: `rules of ${node}`,
});

describe('NodeWatch', () => {
  it('a node that says nothing new for so long is dead, and nobody waits for it', () => {
    const watch = new NodeWatch(6_000);
    for (let s = 0; s <= 5; s++) {
      const seen = watch.look([word('a', s, 100 + s), word('b', 0, 50)], s * 1_000);
      expect(seen).toMatchObject({ living: ['a', 'b'], dead: [], watermarkMs: 50 });
    }
    expect(watch.look([word('a', 6, 106), word('b', 0, 50)], 6_000)).toMatchObject({
      living: ['a'],
      dead: [{ node: 'b' }],
      watermarkMs: 106,
    });
  });

  it('gives everybody time again after it could not look itself', () => {
    const watch = new NodeWatch(6_000);
    watch.look([word('a', 1), word('b', 1)], 0);
    expect(watch.look([word('a', 2), word('b', 1)], 60_000).dead).toEqual([]);
    // Three times as long, since others may take their time to come back.
    for (let second = 61; second < 78; second++)
      expect(watch.look([word('a', second), word('b', 1)], second * 1_000).dead).toEqual([]);
    expect(watch.look([word('a', 78), word('b', 1)], 78_000).dead).toMatchObject([{ node: 'b' }]);
  });

  it('one that is about to leave is alive, and has no share', () => {
    const seen = new NodeWatch(6_000).look([word('a', 1, 30), { ...word('b', 1, 20), judges: false }], 0);
    expect(seen).toMatchObject({
      living: ['a', 'b'],
      judging: 1,
      rules: ['rules of a', 'rules of b'],
      watermarkMs: 20,
    });
  });

  it('does not wait for one that talks and gets nowhere, until it moves again', () => {
    const watch = new NodeWatch(6_000);
    const at = (second: number, stuck: number) =>
      watch.look([word('a', second, 1_000 + second), word('b', second, stuck)], second * 1_000).watermarkMs;
    for (let second = 0; second < 60; second++) expect(at(second, 50)).toBe(50);
    expect(at(60, 50)).toBe(1_060);
    expect(at(61, 51)).toBe(51);
  });

  it('waits for everybody when nobody moves', () => {
    const watch = new NodeWatch(6_000);
    for (let second = 0; second < 90; second++)
      expect(watch.look([word('a', second, 7), word('b', second, 5)], second * 1_000).watermarkMs).toBe(5);
  });
});
