import { resolve } from 'node:path';
import { floodLog, plantedLog, rulesFile } from './logs.mjs';
import { inTurn, runOnce } from './measure.mjs';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
/** The watch set as a regular expression for grep, which does nothing but find its lines: the floor. */
const GREP = {
  iptables: 'DROP .*DST=192\\.0\\.2\\.(10|20|30) .*PROTO=TCP .*DPT=(143|139|513|80) ',
  mixed: '( DROP IN=|denied tcp|Deny tcp|,block,in,4,).*192\\.0\\.2\\.(10|20|30)[ (/,]',
};

const replay = (log, rules) => ['node', MAIN, 'replay', '--json', '--rules', rules, log];
const incidents = (stdout) => stdout.split('\n').filter((line) => line !== '').length;

/** CPU and wall of a replay against grep's, one core and all. */
async function againstGrep(kind, lines, runs, bar) {
  const log = plantedLog(kind, lines);
  if (log === undefined) return [];
  const rules = rulesFile(1);
  const grep = ['grep', '-cE', GREP[kind], log];
  const [floor, ours] = await inTurn(
    [
      { command: grep, cpus: '0' },
      { command: replay(log, rules), cpus: '0' },
    ],
    runs,
  );
  const name = `${lines.toLocaleString('en')} lines, ${kind}`;
  return [
    {
      name: `replay ${name}: cpu / grep -cE`,
      value: ours.cpu / floor.cpu,
      bar,
      detail: `${ours.cpu.toFixed(2)} s, grep ${floor.cpu.toFixed(2)} s, ${incidents(ours.stdout)} scans`,
    },
    { name: `replay ${name}: peak memory, MB`, value: ours.rss, bar: 90 },
  ];
}

/** The same work with more of something: how much dearer a line gets. */
async function flat(name, [small, large], bar, runs) {
  const [a, b] = await inTurn(
    [small, large].map((command) => ({ command, cpus: '0' })),
    runs,
  );
  return [{ name, value: b.cpu / a.cpu, bar, detail: `${a.cpu.toFixed(2)} s -> ${b.cpu.toFixed(2)} s` }];
}

export async function replayRows({ lines, runs, big }) {
  const rows = [
    ...(await againstGrep('iptables', lines, runs, 1)),
    ...(await againstGrep('mixed', lines, runs, 1.5)),
  ];
  const log = plantedLog('iptables', lines);
  if (log !== undefined) {
    const count = (n, within) => replay(log, rulesFile(n, { within }));
    rows.push(...(await flat('10 -> 10,000 rules: cpu', [count(10), count(10_000)], 1.3, runs)));
    rows.push(...(await flat('window 1 min -> 24 h: cpu', [count(1, '60s'), count(1, '24h')], 1.3, runs)));
  }
  const rules = rulesFile(1);
  const floods = [1_000, lines].map((sources) => replay(floodLog(lines, sources), rules));
  rows.push(
    ...(await flat(
      `1,000 -> ${lines.toLocaleString('en')} sources, every line a hit: cpu`,
      floods,
      1.5,
      Math.min(runs, 3),
    )),
  );
  const flood = await runOnce(floods[1]);
  const found = flood.stdout.includes('203.0.113.9') && incidents(flood.stdout) === 1;
  rows.push({
    name: `${lines.toLocaleString('en')} spoofed sources: peak memory, MB`,
    value: flood.rss,
    bar: 256,
    detail: found ? 'the real probe is found' : 'THE REAL PROBE IS LOST',
    failed: !found,
  });
  if (big) rows.push(...(await againstGrep('iptables', 5_000_000, 1, 1)));
  return rows;
}
