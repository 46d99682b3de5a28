import { describe, expect, it } from 'vitest';
import { SharedCorrelator } from '../../src/cluster/shared-correlator.ts';
import { Correlator } from '../../src/correlate/correlator.ts';
import type { Rule } from '../../src/rule.ts';
import { LineRing } from '../../src/store/line-ring.ts';
import type { RedisLink } from '../../src/store/redis/redis-link.ts';
import type { Frame, Hit, Incident, LineRef } from '../../src/types.ts';
import { rule } from '../support/correlate.ts';
import { eventually } from '../support/daemon.ts';
import { hit } from '../support/hits.ts';
import {
  cuttableWayTo,
  linkTo,
  redisServer,
  startCluster,
  startRedis,
  type TestRedis,
} from '../support/redis.ts';

/*
 * Several correlators that share a Redis, against one that has everything to itself: the incidents must be the same, to the
 * last count and line, whoever dies on the way. The stream's clock is the test's, so that hours pass in seconds.
 */

const OPTIONS = {
  latenessMs: 2_000,
  settleMs: 10_000,
  quietMs: 900_000,
  isOwn: (ip: string) => ip.startsWith('192.0.2.'),
};
/** Before now: what is kept by the clock of Redis is then kept for long enough. */
const START = 1_700_000_000;

/** Long enough for a machine that stalls. */
const LEASE_MS = 2_500;

const RULES: readonly Rule[] = [
  rule([{ kind: 'address-scan', hosts: 3, withinMs: 60_000, by: ['source', 'port'] }], { id: 'probe' }),
  rule(
    [
      { kind: 'port-scan', ports: 3, withinMs: 60_000, by: ['source', 'host'] },
      { kind: 'stealth-scan', packets: 3, withinMs: 300_000, by: ['source'] },
    ],
    { id: 'scan', quietMs: 600_000 },
  ),
  rule([{ kind: 'repeat', count: 5, withinMs: 60_000, by: ['source', 'host'] }], {
    id: 'logins',
    severity: 'low',
  }),
  rule([{ kind: 'distributed-scan', sources: 4, hosts: 3, withinMs: 20_000, by: ['port'] }], { id: 'swarm' }),
  rule([{ kind: 'any', by: ['source'] }], { id: 'trap' }),
];

interface Arrival {
  readonly hit: Hit;
  readonly clockMs: number;
  readonly frame: Frame;
}

/** Traffic of an hour or two: busy scanners, slow ones, lone knocks, duplicates, lines that come late. Always the same. */
function traffic(count: number, seed = 1): Arrival[] {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const arrivals: Arrival[] = [];
  let second = START;
  for (let i = 0; i < count; i++) {
    second += random(40) === 0 ? random(400) : random(8) / 4;
    const busy = random(3) > 0;
    const source = busy
      ? `198.51.100.${random(12)}`
      : random(9) === 0
        ? '192.0.2.99'
        : `203.0.113.${random(250)}`;
    const port = [143, 139, 80, 513, 23][random(5)]!;
    const host = `192.0.2.${10 + random(6)}`;
    const ruleId = ['probe', 'probe', 'scan', 'scan', 'logins', 'swarm', random(20) === 0 ? 'trap' : 'probe'][
      random(7)
    ]!;
    const late = random(6) === 0 ? random(1_900) / 1_000 : 0;
    const again = random(15) === 0 ? arrivals.at(-1)?.hit : undefined;
    const login = ruleId === 'logins' ? ({ kind: 'login', service: 'sshd', user: 'root' } as const) : {};
    // Every time is a time of its own: what happens at the same moment has no order to keep.
    const atSecond = Math.round((second - late) * 1_000) / 1_000 + i / 1e6;
    const made =
      again ??
      hit(source, host, port, atSecond, {
        ruleId,
        count: 1 + random(3),
        tcpFlags: random(2) === 0 ? ['FIN'] : ['SYN'],
        source: { ip: source, port: 1_024 + random(9_000) },
        ...login,
      });
    const clockMs = Math.round(second * 1_000) + i / 1e3;
    const receivedAtMs = clockMs;
    const frame: Frame = {
      bytes: Buffer.from(`line ${i} of ${source}`),
      receivedAtMs,
      peer: { address: '192.0.2.1', port: 514 },
      transport: 'udp',
    };
    const moved =
      again === undefined
        ? made
        : {
            ...made,
            attempt: { ...made.attempt, atMs: made.attempt.atMs + 5, observer: { address: '192.0.2.2' } },
          };
    arrivals.push({ hit: moved, clockMs, frame });
  }
  return arrivals;
}

const ring = () => new LineRing(4 << 20, 40_000);
const withLine = ({ hit: made }: Arrival, line: LineRef): Hit => ({
  ...made,
  attempt: { ...made.attempt, line },
});

/** What differs between two sets of incidents, a line each; nothing when they are the same. */
function differences(mine: ReadonlyMap<string, Incident>, wanted: ReadonlyMap<string, Incident>): string[] {
  const flat = (incident: Incident | undefined): Record<string, string> =>
    Object.fromEntries(
      Object.entries({ ...incident, lines: incident?.lines.map(({ bytes }) => `${bytes}`) }).map(
        ([key, value]) => [key, JSON.stringify(value)],
      ),
    );
  return [...new Set([...mine.keys(), ...wanted.keys()])].flatMap((id) => {
    const [a, b] = [flat(mine.get(id)), flat(wanted.get(id))];
    const wrong = Object.keys({ ...a, ...b }).filter((key) => a[key] !== b[key]);
    return wrong.length === 0
      ? []
      : [
          `${b['identifier'] ?? a['identifier']}: ${wrong
            .slice(0, 3)
            .map((key) => `${key} ${a[key]} instead of ${b[key]}`.slice(0, 300))
            .join('; ')}`,
        ];
  });
}

function oneProcess(
  arrivals: readonly Arrival[],
  endMs: number,
): { closed: Map<string, Incident>; tells: Set<string> } {
  const lines = ring();
  const closed = new Map<string, Incident>();
  const tells = new Set<string>();
  const correlator = new Correlator(RULES, {
    ...OPTIONS,
    maxOpen: 10_000,
    lineOf: (ref) => lines.get(ref),
    onTransition: (incident, transition) => {
      tells.add(`${incident.id} ${transition} ${incident.severity}`);
      if (transition === 'closed') closed.set(incident.id, incident);
    },
  });
  for (const arrival of arrivals) {
    correlator.advance(arrival.clockMs);
    correlator.add(withLine(arrival, lines.keep(arrival.frame)), arrival.clockMs);
  }
  correlator.advance(endMs);
  return { closed, tells };
}

class Nodes {
  nowMs = START * 1_000;
  readonly closed = new Map<string, Incident>();
  readonly tells = new Set<string>();
  readonly nodes: {
    readonly correlator: SharedCorrelator;
    readonly link: RedisLink;
    readonly lines: LineRing;
  }[] = [];
  dropped = 0;
  #added = 0;

  async add(url: string, rules: readonly Rule[] = RULES): Promise<void> {
    // Shorter than the lease: a Redis that does not answer is away.
    const link = await linkTo(url, 1_500);
    const lines = ring();
    const correlator = new SharedCorrelator({
      ...OPTIONS,
      link,
      lines,
      rules,
      maxOpen: 10_000,
      maxSpoolBytes: 16 << 20,
      leaseMs: LEASE_MS,
      node: `n${++this.#added}`,
      now: () => this.nowMs,
      // Minutes pass between two batches here.
      windows: { slackMs: 86_400_000 },
      onDropped: (_, count) => {
        this.dropped += count;
      },
      onTakeOver: () => undefined,
      onLeave: () => undefined,
      onChanged: () => undefined,
      onNodes: async () => undefined,
      onEvent: () => undefined,
      onTransition: async (incident, transition) => {
        this.tells.add(`${incident.id} ${transition} ${incident.severity}`);
        if (transition === 'closed') this.closed.set(incident.id, incident);
      },
    });
    this.nodes.push({ correlator, link, lines });
    correlator.start();
  }

  /** Gives each arrival to any node, a few hundred at a time. */
  async feed(arrivals: readonly Arrival[], pick: (i: number) => number): Promise<void> {
    for (const [i, arrival] of arrivals.entries()) {
      this.nowMs = arrival.clockMs;
      const { correlator, lines } = this.nodes[pick(i) % this.nodes.length]!;
      correlator.add(withLine(arrival, lines.keep(arrival.frame)), arrival.clockMs);
      if (i % 200 === 199) await pause(40);
    }
  }

  /** Waits until nothing is on its way to Redis. */
  async handedOver(): Promise<void> {
    while (this.nodes.some(({ correlator }) => correlator.status().spooled > 0)) await pause(20);
  }

  /** Lets the clock come to the end, and waits until everybody has judged everything. */
  async finish(endMs: number, timeoutMs = 30_000): Promise<void> {
    this.nowMs = endMs + 1_000;
    const deadline = Date.now() + timeoutMs;
    const done = () =>
      this.nodes.every(({ correlator }) => (correlator.status().judgedUpToMs ?? 0) >= endMs) &&
      this.nodes.every(({ correlator }) => correlator.stats().openIncidents === 0) &&
      this.nodes.reduce((sum, { correlator }) => sum + correlator.status().partitions, 0) >= 16;
    while (!done()) {
      if (Date.now() > deadline)
        throw new Error(JSON.stringify(this.nodes.map(({ correlator }) => correlator.status())));
      await pause(50);
    }
    await pause(500);
  }

  /** As SIGKILL does it, as far as the others can tell. */
  kill(): void {
    const { link } = this.nodes.shift()!;
    link.close();
  }

  async stop(): Promise<void> {
    for (const { correlator, link } of this.nodes) {
      await correlator.stop(2_000);
      await correlator.leave();
      link.close();
    }
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const arrivals = traffic(4_000);
const endMs = arrivals.at(-1)!.clockMs + 3_600_000;
const wanted = oneProcess(arrivals, endMs);

/** A Redis and nodes of its own for one test. */
async function withNodes(test: (group: Nodes, server: TestRedis) => Promise<void>): Promise<void> {
  const server = await startRedis({ durable: true });
  const group = new Nodes();
  try {
    await test(group, server);
  } finally {
    await group.stop();
    await server.stop();
  }
}

/** Any node, always the same way. */
function anyone(): (i: number) => number {
  let n = 7;
  return () => (n = (n * 31 + 11) % 1_009);
}

function same(group: Nodes): void {
  expect(differences(group.closed, wanted.closed).slice(0, 20)).toEqual([]);
  expect([...group.tells].sort()).toEqual([...wanted.tells].sort());
  expect(group.dropped).toBe(0);
}

describe.runIf(redisServer !== undefined)(
  'nodes that share a Redis give the answer of one process',
  {
    concurrent: true,
    timeout: 60_000,
  },
  () => {
    it('the traffic has something of everything', () => {
      const kinds = new Set([...wanted.closed.values()].map(({ kind }) => kind));
      expect([...kinds].sort()).toEqual([
        'address-scan',
        'any',
        'distributed-scan',
        'port-scan',
        'repeat',
        'stealth-scan',
      ]);
      expect(wanted.closed.size).toBeGreaterThan(50);
      expect(
        [...wanted.closed.values()].some(({ remarks }) =>
          remarks.some((remark) => remark.includes('the same source')),
        ),
      ).toBe(true);
    });

    it('one node alone', () =>
      withNodes(async (group, server) => {
        await group.add(server.url);
        await group.feed(arrivals, () => 0);
        await group.finish(endMs);
        same(group);
      }));

    it('three nodes, every hit to any of them', () =>
      withNodes(async (group, server) => {
        const pick = anyone();
        for (let i = 0; i < 3; i++) await group.add(server.url);
        await group.feed(arrivals, pick);
        await group.finish(endMs);
        same(group);
      }));

    it('a node is killed and another comes in the middle of it', () =>
      withNodes(async (group, server) => {
        const pick = anyone();
        for (let i = 0; i < 3; i++) await group.add(server.url);
        await group.feed(arrivals.slice(0, 1_500), pick);
        await group.handedOver();
        group.kill();
        await group.feed(arrivals.slice(1_500, 2_500), pick);
        await group.add(server.url);
        await group.feed(arrivals.slice(2_500), pick);
        await group.finish(endMs);
        same(group);
      }));

    it('the one node there is is killed, and its successor starts from what it left', () =>
      withNodes(async (group, server) => {
        const pick = anyone();
        await group.add(server.url);
        await group.feed(arrivals.slice(0, 2_000), pick);
        await pause(2_500);
        await group.feed(arrivals.slice(2_000, 2_400), pick);
        await group.handedOver();
        group.kill();
        await group.add(server.url);
        await group.feed(arrivals.slice(2_400), pick);
        await group.finish(endMs);
        same(group);
      }));

    it('what is open under a rule that the next owner does not have ends, and is told so once', () =>
      withNodes(async (group, server) => {
        await group.add(server.url);
        const part = arrivals.slice(0, 1_500);
        await group.feed(part, () => 0);
        await group.handedOver();
        const [first] = group.nodes;
        await eventually(
          'everything to be judged',
          () => (first!.correlator.status().judgedUpToMs ?? 0) >= part.at(-1)!.clockMs - 1_000,
        );
        const open = first!.correlator.incidents().filter(({ ruleId }) => ruleId === 'scan');
        expect(open.length).toBeGreaterThan(0);
        await first!.correlator.stop(2_000);
        await first!.correlator.leave();
        group.nodes.shift();
        const before = new Set(group.closed.keys());
        await group.add(
          server.url,
          RULES.filter(({ id }) => id !== 'scan'),
        );
        await eventually('their end', () => open.every(({ id }) => group.closed.has(id)));
        for (const { id } of open) {
          expect(before.has(id)).toBe(false);
          expect(group.closed.get(id)).toMatchObject({ state: 'closed', ruleId: 'scan' });
        }
        first!.link.close();
      }));

    it('nodes are stopped and started in turn', () =>
      withNodes(async (group, server) => {
        const pick = anyone();
        for (let i = 0; i < 2; i++) await group.add(server.url);
        for (let part = 0; part < 4; part++) {
          await group.feed(arrivals.slice(part * 1_000, (part + 1) * 1_000), pick);
          const { correlator, link } = group.nodes.shift()!;
          expect(await correlator.stop(5_000)).toBe(0);
          await correlator.leave();
          link.close();
          await group.add(server.url);
        }
        await group.finish(endMs);
        same(group);
      }));

    it('Redis is killed for a while and comes back', () =>
      withNodes(async (group, server) => {
        const pick = anyone();
        for (let i = 0; i < 3; i++) await group.add(server.url);
        await group.feed(arrivals.slice(0, 1_500), pick);
        await server.kill();
        await group.feed(arrivals.slice(1_500, 3_000), pick);
        await pause(1_000);
        const [first] = group.nodes;
        expect(first!.correlator.status()).toMatchObject({ away: expect.any(String) });
        expect(first!.correlator.status().spooled).toBeGreaterThan(100);
        await server.restart();
        await group.feed(arrivals.slice(3_000), pick);
        await group.finish(endMs);
        same(group);
        expect(first!.correlator.status()).toMatchObject({ spooled: 0 });
        expect(first!.correlator.status().away).toBeUndefined();
      }));

    it('one node alone is cut off for a while: what it has seen is told late, with what others have seen of it', () =>
      withNodes(async (group, server) => {
        const way = await cuttableWayTo(server);
        await group.add(way.url);
        await group.add(server.url);
        /** A knock that reaches one of the two nodes. */
        const knock = (node: number, source: string, host: number, second: number): Promise<void> => {
          const clockMs = (START + second) * 1_000;
          const made = hit(source, `192.0.2.${host}`, 143, START + second, { ruleId: 'probe' });
          const frame = { ...arrivals[0]!.frame, receivedAtMs: clockMs };
          return group.feed([{ hit: made, clockMs, frame }], () => node);
        };
        await knock(1, '198.51.100.2', 10, 1);
        await group.handedOver();
        await way.cut();
        for (const [i, host] of [10, 11, 12].entries()) await knock(0, '198.51.100.1', host, 2 + i);
        await knock(0, '198.51.100.2', 11, 5);
        await knock(1, '198.51.100.2', 12, 6);
        // The others go on without it.
        await knock(1, '198.51.100.3', 10, 600);
        const [first, second] = group.nodes;
        await eventually(
          'the other to go on',
          () => (second!.correlator.status().judgedUpToMs ?? 0) > (START + 300) * 1_000,
        );
        expect(first!.correlator.status()).toMatchObject({ spooled: 4, away: expect.any(String) });
        expect(group.closed.size).toBe(0);
        await way.mend();
        await group.handedOver();
        await group.finish((START + 7_200) * 1_000);
        await way.stop();
        expect(
          [...group.closed.values()]
            .map(({ identifier, count, openedAtMs }) => [identifier, count, openedAtMs])
            .sort(),
        ).toEqual([
          ['probe/address-scan/198.51.100.1', 3, (START + 4) * 1_000],
          ['probe/address-scan/198.51.100.2', 3, (START + 6) * 1_000],
        ]);
        expect(group.dropped).toBe(0);
      }));

    it('Redis answers nobody for longer than any lease', () =>
      withNodes(async (group, server) => {
        const pick = anyone();
        for (let i = 0; i < 3; i++) await group.add(server.url);
        await group.feed(arrivals.slice(0, 1_500), pick);
        server.freeze();
        await group.feed(arrivals.slice(1_500, 3_000), pick);
        await pause(1.5 * LEASE_MS);
        server.thaw();
        await group.feed(arrivals.slice(3_000), pick);
        await group.finish(endMs);
        same(group);
      }));
  },
);

describe.runIf(redisServer !== undefined)('nodes that share a Redis Cluster', () => {
  it('give the answer of one process', async () => {
    const cluster = await startCluster();
    const group = new Nodes();
    try {
      const arrivals = traffic(1_500, 9);
      const endMs = arrivals.at(-1)!.clockMs + 3_600_000;
      for (let i = 0; i < 3; i++) await group.add(cluster.url);
      await group.feed(arrivals, (i) => i * 7);
      await group.finish(endMs);
      expect(differences(group.closed, oneProcess(arrivals, endMs).closed)).toEqual([]);
    } finally {
      await group.stop();
      await cluster.stop();
    }
  }, 60_000);
});
