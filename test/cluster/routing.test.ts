import { describe, expect, it } from 'vitest';
import { Routing, rulesDigest } from '../../src/cluster/routing.ts';
import { rule, threeHosts } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const QUIET_MS = 900_000;
const swarm = (by: readonly ('port' | 'host')[]) =>
  ({ kind: 'distributed-scan', sources: 4, hosts: 3, withinMs: 20_000, by }) as const;
const knock = (ruleId: string, source: string, port = 143, host = '192.0.2.10') =>
  hit(source, host, port, 1_700_000_000, { ruleId });

describe('Routing', () => {
  it('sends everything of one source to one partition, under whatever rule', () => {
    const routing = new Routing(
      [rule([threeHosts], { id: 'a' }), rule([{ kind: 'any', by: ['source'] }], { id: 'b' })],
      QUIET_MS,
    );
    const partitions = ['a', 'b'].flatMap((id) =>
      [143, 80].map((port) => routing.route(knock(id, '198.51.100.7', port), 'x')!.partition),
    );
    expect(new Set(partitions).size).toBe(1);
  });

  it('spreads sources over all partitions', () => {
    const routing = new Routing([rule([threeHosts])], QUIET_MS);
    const counts = new Map<number, number>();
    for (let i = 0; i < 4_096; i++) {
      const { partition } = routing.route(knock('r', `203.0.${i >> 8}.${i & 255}`), 'x')!;
      counts.set(partition, (counts.get(partition) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    expect(Math.max(...counts.values())).toBeLessThan(2 * (4_096 / 16));
  });

  it('sends a distributed scan to the partition of its group, whoever takes part', () => {
    const routing = new Routing([rule([swarm(['port'])])], QUIET_MS);
    const of = (source: string, port: number) => routing.route(knock('r', source, port), 'x')!.partition;
    expect(routing.undivided).toEqual([]);
    expect(new Set([1, 2, 3].map((i) => of(`198.51.100.${i}`, 143))).size).toBe(1);
    expect(new Set([143, 80, 22, 23, 25, 110].map((port) => of('198.51.100.1', port))).size).toBeGreaterThan(
      1,
    );
  });

  it('names rules that can tie any two sources together, and sends everything to one partition then', () => {
    const mixed = rule([threeHosts, swarm(['port'])], { id: 'mixed' });
    const routing = new Routing([mixed, rule([threeHosts], { id: 'a' })], QUIET_MS);
    expect(routing.undivided).toEqual(['mixed']);
    const partitions = [1, 2, 3, 4, 5, 6].map(
      (i) => routing.route(knock('a', `198.51.100.${i}`), 'x')!.partition,
    );
    expect(new Set(partitions)).toEqual(new Set([0]));
  });

  it('sends a hit of a rule that is not known nowhere', () => {
    expect(
      new Routing([rule([threeHosts])], QUIET_MS).route(knock('gone', '198.51.100.7'), 'x'),
    ).toBeUndefined();
  });
});

describe('rulesDigest', () => {
  it('is the same wherever the files are, and another for other rules', () => {
    const one = rule([threeHosts]);
    const moved = { ...one, position: { file: 'elsewhere.yaml', line: 9, column: 1 } };
    expect(rulesDigest([moved])).toBe(rulesDigest([one]));
    expect(rulesDigest([rule([threeHosts], { severity: 'high' })])).not.toBe(rulesDigest([one]));
    expect(rulesDigest([])).not.toBe(rulesDigest([one]));
  });
});
