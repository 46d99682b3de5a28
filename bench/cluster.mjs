/*
 * npm run bench:cluster [-- --seconds N] [--rounds N] [--state redis://host:port] [--json]
 *
 * What sharing costs: hits a second of one process by itself, of one and of two that share a Redis, in turn in one run; CPU a
 * hit in a node and in Redis; memory in Redis a source. Starts a redis-server of its own on loopback unless it is given one,
 * which it empties. docs/scaling.md has figures.
 */
import { fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { receiveUs } from './cluster/receive.mjs';
import { freePort } from './perf/daemon.mjs';
import { rulesFile } from './perf/logs.mjs';
import { median } from './perf/measure.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    state: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const NODE = new URL('./cluster/node.mjs', import.meta.url).pathname;
const rules = rulesFile(1);
const server = values.state === undefined ? await startRedis() : undefined;
const state = values.state ?? `redis://127.0.0.1:${server.port}`;
const redis = new Redis(state);

async function startRedis() {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-bench-redis-'));
  // As docs/scaling.md says: on disk every second.
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes'];
  const child = spawn('redis-server', args.map(String), { stdio: 'ignore' });
  child.on('error', () => {
    console.error('redis-server is needed: apt-get install redis-server, or --state redis://host:port');
    process.exit(1);
  });
  await sleep(500);
  const stop = () => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  return { port, stop };
}

async function info(section, field) {
  return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(await redis.info(section))[1]);
}

const redisCpu = async () => (await info('cpu', 'used_cpu_user')) + (await info('cpu', 'used_cpu_sys'));

/** So many nodes at the same time, until all have handed over what they took. */
async function measure(nodes, where, traffic = 'mixed') {
  await redis.flushall();
  const memoryBefore = await info('memory', 'used_memory');
  const children = Array.from({ length: nodes }, (_, i) =>
    fork(NODE, [where, rules, String(i), values.seconds, traffic]),
  );
  const next = (child) =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`a node ended with ${code}`)));
    });
  await Promise.all(children.map(next));
  // The partitions find their owners first.
  await sleep(where === 'embedded' ? 0 : 3_000);
  const cpuBefore = await redisCpu();
  const answers = children.map(next);
  for (const child of children) child.send('go');
  const results = await Promise.all(answers);
  const sum = (of) => results.reduce((total, result) => total + of(result), 0);
  const hits = sum((result) => result.hits);
  return {
    rate: hits / Math.max(...results.map(({ took }) => took)),
    nodeUs: (1e6 * sum(({ cpu }) => cpu)) / hits,
    redisUs: (1e6 * ((await redisCpu()) - cpuBefore)) / hits,
    redisBytes: ((await info('memory', 'used_memory')) - memoryBefore) / sum((result) => result.sources),
    incidents: sum((result) => result.incidents),
    rss: Math.max(...results.map(({ rss }) => rss)) / (1 << 20),
  };
}

const RUNS = {
  'one process by itself': { nodes: 1, where: 'embedded' },
  'one node': { nodes: 1, where: state },
  'two nodes': { nodes: 2, where: state },
};
const rounds = Object.fromEntries(Object.keys(RUNS).map((name) => [name, []]));
try {
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [name, { nodes, where }] of Object.entries(RUNS)) {
      rounds[name].push(await measure(nodes, where));
      if (!values.json) console.error(`${name}: ${Math.round(rounds[name].at(-1).rate)} hits/s`);
    }
  const lone = await measure(1, state, 'lone');
  report(lone, await receiveUs(rules));
} finally {
  redis.disconnect();
  server?.stop();
}

function report(lone, receivedUs) {
  const of = (name, field) => median(rounds[name].map((result) => result[field]));
  const rows = Object.entries(RUNS).map(([name, { nodes, where }]) => ({
    name,
    hitsPerSecond: Math.round(of(name, 'rate')),
    nodeUsPerHit: of(name, 'nodeUs'),
    redisUsPerHit: where === 'embedded' ? 0 : of(name, 'redisUs'),
    // What the busiest of them could do, were it never kept waiting.
    withACoreEach: Math.round(
      Math.min(
        (nodes * 1e6) / of(name, 'nodeUs'),
        where === 'embedded' ? Number.POSITIVE_INFINITY : 1e6 / of(name, 'redisUs'),
      ),
    ),
    memoryMB: Math.round(of(name, 'rss')),
    incidents: Math.round(of(name, 'incidents')),
  }));
  const figures = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} x ${cpus()[0].model.trim()}, Node ${process.versions.node}`,
    rows,
    ratio: of('two nodes', 'rate') / of('one node', 'rate'),
    redisBytesPerLoneSource: Math.round(lone.redisBytes),
    redisUsPerLoneHit: lone.redisUs,
    receiveUsPerLine: receivedUs,
  };
  if (values.json) return console.log(JSON.stringify(figures));
  console.log(`${figures.date}, ${figures.machine}\n`);
  console.log(
    '| | hits/s | CPU in the nodes, us/hit | CPU in Redis, us/hit | hits/s with a core each, by CPU | resident, MB |\n|---|---:|---:|---:|---:|---:|',
  );
  for (const { name, hitsPerSecond, nodeUsPerHit, redisUsPerHit, withACoreEach, memoryMB } of rows)
    console.log(
      `| ${name} | ${hitsPerSecond} | ${nodeUsPerHit.toFixed(0)} | ${redisUsPerHit.toFixed(0)} | ${withACoreEach} | ${memoryMB} |`,
    );
  console.log(`\ntwo nodes / one node: ${figures.ratio.toFixed(2)}`);
  console.log(
    `lone hits: ${figures.redisBytesPerLoneSource} octets in Redis a source, ${lone.redisUs.toFixed(0)} us of its CPU`,
  );
  console.log(`a line over UDP that is no hit: ${receivedUs.toFixed(0)} us of CPU`);
}
