import { DEFAULT_BOUNDS, KeyedWindows } from '../../src/correlate/keyed-windows.ts';
import { attemptsIn } from '../../src/correlate/sliding-window.ts';
import { hit } from '../support/hits.ts';
import { windowsConformance } from '../support/windows.conformance.ts';

/** Keys and values as addresses, which is what hits are grouped by and counted in. */
function address(net: string, text: string): string {
  return `${net}.${[...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 250, 7)}`;
}

windowsConformance('KeyedWindows', async ({ count, threshold, withinMs }) => {
  const windows = new KeyedWindows(
    ['source', 'port'],
    count === 'sum' ? 'hit' : 'host',
    threshold,
    withinMs,
    DEFAULT_BOUNDS,
  );
  const names: string[] = [''];
  return {
    async add({ name, key, value, atMs, weight = 1 }) {
      const sequence = names.push(name) - 1;
      const source = address('198.51.100', key);
      const window = windows.add(
        hit(source, address('192.0.2', value), 143, atMs / 1_000, { sequence, count: weight }),
      );
      if (threshold <= 1) return [name];
      if (window === undefined) return [];
      if (window.met) return [name];
      const have = count === 'sum' ? attemptsIn(window) : window.distinct;
      if (have < threshold) return [];
      window.met = true;
      return window.hits.map(({ attempt }) => names[attempt.line.sequence]!);
    },
  };
});
