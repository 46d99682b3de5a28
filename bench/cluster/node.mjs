/*
 * One node of bench/cluster.mjs: the pipeline of the built program, fed from memory as fast as it and Redis take it.
 * `node node.mjs REDIS|embedded RULES NUMBER SECONDS LONE`; begins at the message `go`, answers with what it did.
 */

import { pipelineOptions } from '../../dist/cli/pipeline-options.js';
import { SharedCorrelator } from '../../dist/cluster/shared-correlator.js';
import { configSchema } from '../../dist/config/config.js';
import { Pipeline } from '../../dist/pipeline.js';
import { loadRules } from '../../dist/rules/load.js';
import { RedisLink } from '../../dist/store/redis/redis-link.js';

const [state, rulesPath, number, seconds, lone] = process.argv.slice(2);
/** Enough to keep every partition busy; more would only measure memory. */
const MAX_WAITING = 8_192;
const HOSTS = 4;

const { ruleSet } = await loadRules(rulesPath);
const options = pipelineOptions(configSchema.parse({}), ruleSet, 'live');
let incidents = 0;
const opened = (transition) => {
  if (transition === 'opened') incidents++;
};
const shared = state === 'embedded' ? undefined : await sharedCorrelator();
const pipeline = new Pipeline({
  ...options,
  ...(shared === undefined ? {} : { hits: shared }),
  onTransition: (_, transition) => opened(transition),
});
shared?.start();

async function sharedCorrelator() {
  const link = new RedisLink({ state });
  while (link.away !== undefined) await pause(20);
  return new SharedCorrelator({
    ...options,
    link,
    rules: ruleSet.rules,
    maxOpen: options.maxOpenIncidents,
    maxSpoolBytes: 64 << 20,
    onDropped: (reason) => {
      throw new Error(`dropped: ${reason}`);
    },
    onTakeOver: () => {},
    onLeave: () => {},
    onNodes: async () => {},
    onEvent: () => {},
    onChanged: () => {},
    onTransition: async (_, transition) => opened(transition),
  });
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

let sources = 0;
/** Eight of ten sources knock once, two knock on four hosts: every other hit is part of a scan. */
function* lines() {
  for (;;) {
    const n = ++sources * 8 + Number(number);
    const address = `${11 + ((n >> 24) & 127)}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
    const hosts = lone === 'lone' || sources % 5 !== 0 ? 1 : HOSTS;
    for (let host = 0; host < hosts; host++)
      yield `<4>kernel: [1.000000] DROP IN=eth0 OUT=eth1 MAC=52:54:00:8a:1c:30:00:1b:21:3c:9d:f8:08:00 SRC=${address} DST=192.0.2.${10 * (1 + host)} LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=${n & 65535} PROTO=TCP SPT=31337 DPT=143 WINDOW=29200 RES=0x00 SYN URGP=0`;
  }
}

async function run() {
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  const until = begun + Number(seconds) * 1_000;
  let hits = 0;
  const feed = lines();
  while (performance.now() < until) {
    const receivedAtMs = Date.now();
    for (let i = 0; i < 256; i++) {
      const bytes = Buffer.from(feed.next().value);
      const frame = { bytes, receivedAtMs, peer: { address: '192.0.2.1', port: 514 }, transport: 'udp' };
      hits += pipeline.process(frame).hits.length;
    }
    await pause(0);
    while (shared !== undefined && shared.status().spooled > MAX_WAITING) await pause(5);
  }
  while (shared !== undefined && shared.status().spooled > 0) await pause(5);
  const took = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { hits, sources, took, cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() };
}

process.on('message', async () => {
  const result = await run();
  // Who has judged nothing has measured nothing.
  if (lone !== 'lone') for (let i = 0; i < 100 && incidents === 0; i++) await pause(100);
  process.send({ ...result, incidents });
  process.disconnect();
  process.exit(0);
});
process.send('ready');
