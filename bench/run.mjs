import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OUT } from './perf/logs.mjs';
import { replayRows } from './perf/replay.mjs';
import { startupRows } from './perf/startup.mjs';

/*
 * npm run bench [-- --short | --big | --only replay,startup]
 *
 * Measures the built program as whole processes and prints a table of ratios to floors taken in the same run, in turn with
 * it; writes bench/out/results.json. `--short` only proves that it works; `--big` adds five million lines.
 */
const { values } = parseArgs({
  options: { short: { type: 'boolean' }, big: { type: 'boolean' }, only: { type: 'string' } },
});
const size = values.short
  ? { lines: 100_000, runs: 1, big: false }
  : { lines: 1_000_000, runs: 5, big: values.big === true };
const PARTS = { replay: replayRows, startup: startupRows };

const rows = [];
for (const [part, measure] of Object.entries(PARTS)) {
  if (values.only !== undefined && !values.only.split(',').includes(part)) continue;
  rows.push(...(await measure(size)));
}

const machine = `${cpus().length} x ${cpus()[0].model.trim()}, Node ${process.versions.node}`;
const verdict = ({ value, bar, failed }) =>
  failed ? 'FAILED' : bar === undefined ? '' : value <= bar ? 'ok' : 'over';
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
// A short run is too noisy to judge by its figures; a lost probe is a fault at any size.
if (rows.some((row) => row.failed)) process.exitCode = 1;
