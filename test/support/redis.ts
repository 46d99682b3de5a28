import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { RedisLink } from '../../src/store/redis/redis-link.ts';
import { freePort } from './daemon.ts';

/** `redis-server` or `valkey-server`, where there is one. */
export const redisServer = ['redis-server', 'valkey-server'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);
if (redisServer === undefined)
  console.log('no redis-server and no valkey-server: the tests of the shared state are skipped');

/** A Redis of our own on loopback, with nothing in it. */
export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** SIGKILL; what it had confirmed is in its log. */
  kill(): Promise<void>;
  /** Starts again where `kill` ended it. */
  restart(): Promise<void>;
  /** Stops answering, and goes on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 15_000;

/** How to start one. */
export interface TestRedisOptions {
  /** Every change is on disk before it is confirmed. */
  readonly durable?: boolean;
  /** As a node of a Cluster. */
  readonly cluster?: boolean;
  readonly password?: string;
  /** Any that is free when absent. */
  readonly port?: number;
  /** Further options of the server, as its command line takes them. */
  readonly more?: readonly string[];
}

/** Starts one. */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const { durable = false, cluster = false, password, more = [] } = options;
  const port = options.port ?? (await freePort());
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-redis-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no'];
  args.push('--appendonly', durable ? 'yes' : 'no');
  if (password !== undefined) args.push('--requirepass', password);
  args.push(...more);
  if (cluster) args.push('--cluster-enabled', 'yes', '--cluster-node-timeout', '2000');
  let child: ChildProcess;
  const begin = async () => {
    child = spawn(redisServer!, args, { stdio: 'ignore' });
    const client = new Redis({
      port,
      host: '127.0.0.1',
      ...(password === undefined ? {} : { password }),
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    });
    client.on('error', () => undefined);
    // One that does not answer must not outlive the test that fails for it.
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      client.disconnect();
    }, START_DEADLINE_MS);
    await client.ping();
    clearTimeout(late);
    client.disconnect();
  };
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((done) => {
      if (child.exitCode !== null || child.signalCode !== null) return done();
      child.once('exit', () => done());
      child.kill(signal);
    });
  await begin();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: () => end('SIGKILL'),
    restart: begin,
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    stop: async () => {
      child.kill('SIGCONT');
      await end('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A way to a Redis that can be cut: connections end and none is accepted. */
export interface CuttableWay {
  readonly url: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

export async function cuttableWayTo(redis: TestRedis): Promise<CuttableWay> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const mend = async () => {
    server = createServer((near) => {
      const far = connect(redis.port, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    await new Promise<void>((done) => server!.listen(port, '127.0.0.1', done));
  };
  const cut = async () => {
    const ended = server === undefined ? undefined : new Promise((done) => server!.close(done));
    server = undefined;
    for (const socket of sockets) socket.destroy();
    await ended;
  };
  await mend();
  return { url: `redis://127.0.0.1:${port}`, cut, mend, stop: cut };
}

/** Three of them as one Cluster; the address is what `state` takes. */
export async function startCluster(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis({ cluster: true })));
  const clients = nodes.map(({ port }) => new Redis({ port, host: '127.0.0.1' }));
  const share = Math.ceil(16_384 / clients.length);
  await Promise.all(
    clients.map((client, i) =>
      client.call('CLUSTER', 'ADDSLOTSRANGE', i * share, Math.min(16_383, (i + 1) * share - 1)),
    ),
  );
  for (const { port } of nodes.slice(1)) await clients[0]!.call('CLUSTER', 'MEET', '127.0.0.1', port);
  const isReady = async (client: Redis) => {
    const info = String(await client.call('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
  };
  for (let ready = false; !ready; ) {
    await new Promise((done) => setTimeout(done, 100));
    ready = (await Promise.all(clients.map(isReady))).every(Boolean);
  }
  for (const client of clients) client.disconnect();
  return {
    url: nodes.map(({ url }) => url).join(','),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** A connection, once it is there; a command waits at most so long for its answer. */
export async function linkTo(url: string, commandTimeoutMs = 5_000): Promise<RedisLink> {
  const link = new RedisLink({ state: url, commandTimeoutMs });
  for (let tries = 0; link.away !== undefined; tries++) {
    if (tries > 200) throw new Error(`no connection to ${url}: ${link.away}`);
    await new Promise((done) => setTimeout(done, 25));
  }
  return link;
}

/** Forgets everything on every node. */
export async function empty(link: RedisLink): Promise<void> {
  const { client } = link;
  const nodes = 'nodes' in client ? client.nodes('master') : [client];
  await Promise.all(nodes.map((node) => node.flushall()));
}
