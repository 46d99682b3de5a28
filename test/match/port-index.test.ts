import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortIndex } from '../../src/match/port-index.ts';
import type { PortSet } from '../../src/rule.ts';
import { ports } from '../support/rule-sets.ts';

function found(sets: PortSet[], port: number, transport?: string): number[] {
  const ids: number[] = [];
  new PortIndex(sets.entries()).find(port, transport, (id) => ids.push(id));
  return [...new Set(ids)].sort((a, b) => a - b);
}

describe('PortIndex', () => {
  const sets = [
    ports('any'),
    ports(143),
    ports('100-200'),
    ports('53/udp', '143/tcp'),
    ports('0-65535'),
    ports(),
  ];

  it.each<[number, string | undefined, number[]]>([
    [143, 'tcp', [0, 1, 2, 3, 4]],
    [143, 'udp', [0, 1, 2, 4]],
    [143, undefined, [0, 1, 2, 3, 4]],
    [53, 'udp', [0, 3, 4]],
    [53, 'tcp', [0, 4]],
    [100, 'tcp', [0, 2, 4]],
    [200, 'tcp', [0, 2, 4]],
    [201, 'tcp', [0, 4]],
    [0, 'tcp', [0, 4]],
    [65_535, 'tcp', [0, 4]],
    [-1, 'icmp', [0]],
  ])('find() %s/%s', (port, transport, expected) => {
    expect(found(sets, port, transport)).toEqual(expected);
  });

  it('find() agrees with asking every range, however they overlap', () => {
    const transport = fc.constantFrom(undefined, 'tcp', 'udp');
    const port = fc.nat(40);
    const range = fc
      .tuple(port, port, transport)
      .map(([a, b, t]) => ({ from: Math.min(a, b), to: Math.max(a, b), ...(t ? { transport: t } : {}) }));
    fc.assert(
      fc.property(
        fc.array(fc.array(range, { maxLength: 5 }), { maxLength: 20 }),
        port,
        transport,
        (lists, wanted, by) => {
          const naive = lists.flatMap((ranges, id) =>
            ranges.some(
              (r: { from: number; to: number; transport?: string }) =>
                r.from <= wanted && wanted <= r.to && (!by || !r.transport || r.transport === by),
            )
              ? [id]
              : [],
          );
          expect(
            found(
              lists.map((ranges) => ({ any: false, ranges })),
              wanted,
              by,
            ),
          ).toEqual(naive);
        },
      ),
    );
  });

  it('stays small and quick with ten thousand nested ranges', () => {
    const nested = Array.from({ length: 10_000 }, (_, i) => ports(`${i}-${65_535 - i}`));
    const index = new PortIndex(nested.entries());
    let count = 0;
    const started = performance.now();
    for (let i = 0; i < 1_000; i++) index.find(5, 'tcp', () => count++);
    expect(count).toBe(6_000);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
