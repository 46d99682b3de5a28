import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { floodLog, oneLineLog, plantedLog, rulesFile } from './logs.mjs';
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

/** What a second thread gains: wall time on two processors against one, with the same scans found. */
async function twoThreads(lines, runs) {
  const log = plantedLog('iptables', lines);
  if (log === undefined || availableParallelism() < 2) return [];
  const command = replay(log, rulesFile(1));
  const [one, two] = await inTurn(
    [{ command, cpus: '0' }, { command: [...command, '--threads', '2'] }],
    runs,
  );
  const same = one.stdout === two.stdout;
  const name = `replay ${lines.toLocaleString('en')} lines, two threads`;
  return [
    {
      name: `${name}: wall / one core`,
      value: two.wall / one.wall,
      bar: 0.6,
      detail: `${one.wall.toFixed(2)} s -> ${two.wall.toFixed(2)} s, cpu ${one.cpu.toFixed(2)} s -> ${two.cpu.toFixed(2)} s, ${same ? 'same scans' : 'OTHER SCANS'}`,
      failed: !same,
    },
    { name: `${name}: peak memory, MB`, value: two.rss, bar: 90 },
  ];
}

/**
 * The same work with more of something: how much dearer a line gets. What a log of one line takes (start, rules) is taken
 * off, and told.
 */
async function flat(name, [small, large], bar, runs) {
  const one = oneLineLog();
  const results = await inTurn(
    [small, large].flatMap(({ log, rules }) =>
      [log, one].map((file) => ({ command: replay(file, rules), cpus: '0' })),
    ),
    runs,
  );
  const [a, startA, b, startB] = results.map(({ cpu }) => cpu);
  return [
    {
      name,
      value: (b - startB) / (a - startA),
      bar,
      detail: `${a.toFixed(2)} s -> ${b.toFixed(2)} s, of which before the first line ${startA.toFixed(2)} s -> ${startB.toFixed(2)} s`,
    },
  ];
}

/** One million sources that all touch what is watched: bounded memory, and the real scan among them is found. */
async function floodRow(lines, log, rules) {
  const { stdout, rss } = await runOnce(replay(log, rules));
  const found = stdout.includes('203.0.113.9') && incidents(stdout) === 1;
  return {
    name: `${lines.toLocaleString('en')} spoofed sources: peak memory, MB`,
    value: rss,
    bar: 256,
    detail: found ? 'the real probe is found' : 'THE REAL PROBE IS LOST',
    failed: !found,
  };
}

export async function replayRows({ lines, runs, short }) {
  const rows = [
    ...(await againstGrep('iptables', lines, runs, 1)),
    ...(await againstGrep('mixed', lines, runs, 1.5)),
  ];
  const log = plantedLog('iptables', lines);
  const few = Math.min(runs, 3);
  if (log === undefined)
    console.log('replay against grep: skipped, there is no ../shared/bench/make-corpus.py');
  else {
    const many = short ? 1_000 : 10_000;
    const under = (n, within) => ({ log, rules: rulesFile(n, { within }) });
    rows.push(
      ...(await flat(
        `10 -> ${many.toLocaleString('en')} rules: cpu a line`,
        [under(10), under(many)],
        1.3,
        few,
      )),
      ...(await flat('window 1 min -> 24 h: cpu a line', [under(1, '60s'), under(1, '24h')], 1.3, few)),
    );
  }
  const rules = rulesFile(1);
  const floods = [1_000, lines].map((sources) => ({ log: floodLog(lines, sources), rules }));
  const name = `1,000 -> ${lines.toLocaleString('en')} sources, every line a hit: cpu a line`;
  rows.push(...(await flat(name, floods, 1.5, few)), await floodRow(lines, floods[1].log, rules));
  if (!short)
    rows.push(...(await againstGrep('iptables', 5_000_000, few, 1)), ...(await twoThreads(5_000_000, few)));
  return rows;
}
