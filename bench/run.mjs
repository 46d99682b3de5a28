import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { latencyRows } from './perf/latency.mjs';
import { OUT } from './perf/logs.mjs';
import { receiveRows } from './perf/receive.mjs';
import { replayRows } from './perf/replay.mjs';
import { startupRows } from './perf/startup.mjs';

/*
 * npm run bench [-- --short] [--only replay,startup,receive,latency] [--peers]
 *
 * Measures the built program as whole processes and prints a table of ratios to floors taken in the same run, in turn with
 * it; writes bench/out/results.json. `--short` only proves that it works, in less than a minute; `--peers` runs
 * ../shared/bench/run-peers.sh afterwards, which measures other tools and takes twenty minutes.
 */
const { values } = parseArgs({
  options: { short: { type: 'boolean' }, only: { type: 'string' }, peers: { type: 'boolean' } },
});
const size = values.short
  ? { short: true, lines: 100_000, runs: 1 }
  : { short: false, lines: 1_000_000, runs: 5 };
const PARTS = { replay: replayRows, startup: startupRows, receive: receiveRows, latency: latencyRows };
const PEERS = resolve(import.meta.dirname, '../../shared/bench/run-peers.sh');

if (!existsSync('/usr/bin/time') || cpus().length < 2) {
  console.log('benchmarks: skipped, they need GNU time (apt-get install time) and two processors');
  process.exit(0);
}

const rows = [];
for (const [part, measure] of Object.entries(PARTS)) {
  if (values.only !== undefined && !values.only.split(',').includes(part)) continue;
  rows.push(...(await measure(size)));
}

const machine = `${cpus().length} x ${cpus()[0].model.trim()}, Node ${process.versions.node}`;
const verdict = ({ value, bar, failed }) =>
  failed ? 'FAILED' : values.short ? 'works' : bar === undefined ? '' : value <= bar ? 'ok' : 'over';
console.log(`${new Date().toISOString().slice(0, 10)}, ${machine}\n`);
console.log('| what | measured | bar | | |\n|---|---:|---:|---|---|');
for (const row of rows) {
  console.log(
    `| ${row.name} | ${row.value.toFixed(2)} | ${row.bar === undefined ? '' : `<= ${row.bar}`} | ${verdict(row)} | ${row.detail ?? ''} |`,
  );
}
writeFileSync(
  join(OUT, 'results.json'),
  `${JSON.stringify({ date: new Date().toISOString(), machine, rows }, undefined, 2)}\n`,
);
if (values.peers) {
  if (existsSync(PEERS)) spawnSync(PEERS, { stdio: 'inherit' });
  else console.log(`peers: skipped, there is no ${PEERS}`);
}
// A short run is too noisy to judge by its figures; a lost probe or mail is a fault at any size.
if (rows.some((row) => row.failed)) process.exitCode = 1;
