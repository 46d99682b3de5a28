/*
 * npm run crash -- [--kills N] [--seed N] [--json]
 *
 * Kills the daemon (SIGKILL) N times at named points while lines keep coming over TCP and in a log file that is rotated, and a
 * scripted SMTP server takes the mails, starts it again on the same state directory each time, and counts: no alert may be lost,
 * and there may be at most one mail too many a kill, the same mail by its Message-ID. bench/crash/oracle.mjs says what counts as
 * promised.
 */

import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openSqliteStore } from '../dist/store/open-sqlite.js';
import { loadSqlite } from '../dist/store/sqlite-driver.js';
import { mailServer } from './crash/mail-server.mjs';
import { Oracle } from './crash/oracle.mjs';
import { Random } from './fuzz/random.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const kills = Number(values.kills);
const random = new Random(Number(values.seed));
const MAIN = new URL('../dist/main.js', import.meta.url).pathname;

/** Where it dies, and at most how often the point is passed before. Two of them are the mail server's to see. */
const POINTS = {
  'after-receive': 80,
  'after-match': 60,
  'before-commit': 6,
  'after-commit': 6,
  'mid-smtp': 6,
  'after-dot': 6,
  'before-mark': 6,
};
/** Fifty lines a second, a probe in three. */
const LINE_MS = 20;
/** A machine that does other things too can stand still for a while. */
const STUCK_MS = 120_000;

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-crash-'));
const port = await freePort();
const log = join(dir, 'firewall.log');
writeFileSync(log, '');
let stage = { name: '', left: 0 };
let child;
const server = await mailServer((name) => {
  if (name !== stage.name || --stage.left !== 0) return false;
  child.kill('SIGKILL');
  return true;
});
writeFileSync(
  join(dir, 'knockwatch.yaml'),
  `rules: rules.yaml
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }, { protocol: tail, path: ${log}, from: start }]
correlation: { lateness: 50ms, settle: 150ms }
channels: [{ kind: email, via: "smtp://127.0.0.1:${server.port}", from: a@example.net, to: [b@example.net] }]
budget: { perChannel: { mails: 10000, per: 1m }, perSource: { mails: 100, per: 1m } }
web: { enabled: false }
`,
);
writeFileSync(
  join(dir, 'rules.yaml'),
  `rules:
  - id: probe
    quiet: 60s
    watch: { hosts: "2001:db8:1::/64", ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`,
);

const oracle = new Oracle();
const perPoint = new Map();
/** Lines still to be sent: three of each source, at once or a second and a half apart. */
const waiting = [];
let sources = 0;
let feeding = true;
let fatal;

function line(source, host) {
  return `<4>1 ${new Date().toISOString()} fw1 kernel - - - [UFW BLOCK] IN=eth0 OUT= SRC=${source} DST=${hostIp(host)} LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=TCP SPT=40000 DPT=143 WINDOW=64800 RES=0x00 SYN URGP=0\n`;
}

function nextLine() {
  const nowMs = Date.now();
  const due = waiting.findIndex(({ atMs }) => atMs <= nowMs);
  if (due >= 0) return waiting.splice(due, 1)[0];
  const source = `2001:db8:2::${(++sources).toString(16)}`;
  const stepMs = sources % 4 === 0 ? 1_500 : 20;
  const isLogged = sources % 2 === 0;
  for (const n of [1, 2]) waiting.push({ source, isLogged, host: 10 + n, atMs: nowMs + n * stepMs });
  return { source, isLogged, host: 10 };
}

/** Lines between two rotations, and how many old files are kept. */
const ROTATE_LINES = 150;
const ROTATED = 5;
let logged = 0;

/** Appends a line to the log, as another program does: whether the daemon lives is nothing to it. */
function append(text) {
  if (++logged % ROTATE_LINES === 0) {
    for (let n = ROTATED; n > 1; n--) renameIfThere(`${log}.${n - 1}`, `${log}.${n}`);
    renameSync(log, `${log}.1`);
  }
  appendFileSync(log, text);
}

function renameIfThere(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** Numbers the TCP connections. */
let connection = 0;

function hostIp(host) {
  return `2001:db8:1::${host}`;
}

/** A line every few milliseconds; over TCP while somebody listens, and nothing is sent again. */
async function feed() {
  let socket;
  while (feeding || waiting.length > 0) {
    if (socket === undefined || socket.destroyed) {
      socket = await dial();
      if (socket !== undefined) connection++;
    }
    if (socket === undefined) {
      await sleep(20);
      continue;
    }
    if (!feeding && !waiting.some(({ atMs }) => atMs <= Date.now())) {
      await sleep(LINE_MS);
      continue;
    }
    const { source, host, isLogged } = nextLine();
    if (isLogged) append(line(source, host));
    else socket.write(line(source, host));
    oracle.sent(source, hostIp(host), isLogged ? undefined : connection);
    await sleep(LINE_MS);
  }
  socket?.end();
}

function dial() {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => done(socket));
    socket.on('error', () => done(undefined));
    socket.resume();
  });
}

function start(crashAt) {
  child = spawn(process.execPath, [MAIN, 'run'], {
    cwd: dir,
    env: { PATH: process.env.PATH, NODE_ENV: 'test', KNOCKWATCH_CRASH_AT: crashAt },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    appendFileSync(join(dir, 'daemon.log'), chunk);
    log = (log + chunk).slice(-4_000);
  });
  const one = child;
  return new Promise((done) => one.once('exit', (code, signal) => done({ code, signal, log })));
}

/** The hits that the dead daemon's store holds, and the sources of its incidents. */
async function stored() {
  const store = openSqliteStore({
    path: join(dir, 'var/knockwatch.db'),
    open: await loadSqlite(),
    onEvent: () => {},
    setAside: false,
  });
  try {
    return {
      hits: store.hits(Date.now() - 50_000).map(({ hit }) => ({ source: hit.sourceIp, host: hit.host.ip })),
      sources: store.incidents({ limit: 100_000 }).flatMap((incident) => incident.sources),
    };
  } finally {
    store.close();
  }
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => done(free));
    });
  });
}

async function killOnce(point) {
  const count = 1 + random.below(POINTS[point]);
  const inDaemon = point !== 'mid-smtp' && point !== 'after-dot';
  stage = inDaemon ? { name: '', left: 0 } : { name: point, left: count };
  const before = server.mails.length;
  const ended = start(inDaemon ? `${point}:${count}` : '');
  const stuck = setTimeout(() => {
    fatal ??= `${point} was not reached`;
    child.kill('SIGKILL');
  }, STUCK_MS);
  const { code, signal, log } = await ended;
  clearTimeout(stuck);
  if (signal !== 'SIGKILL') fatal ??= `the daemon ended by itself (${code}): ${log}`;
  oracle.died(connection, await stored(), server.mails.length);
  const so = perPoint.get(point) ?? { kills: 0, mails: 0 };
  perPoint.set(point, { kills: so.kills + 1, mails: so.mails + server.mails.length - before });
}

const startedMs = Date.now();
const fed = feed();
for (let i = 0; i < kills && fatal === undefined; i++) {
  await killOnce(Object.keys(POINTS)[i % Object.keys(POINTS).length]);
  if (!values.json && i % 20 === 19) console.error(`${i + 1} kills, ${server.mails.length} mails`);
}
// In the end it runs in peace until every mail that is owed is there, and some time more for those that are not.
stage = { name: '', left: 0 };
const last = start('');
feeding = false;
await fed;
for (let i = 0; i < 60; i++) {
  await sleep(250);
  if (i > 12 && oracle.verdict(server.mails).lost.length === 0) break;
}
child.kill('SIGTERM');
await last;
server.close();

const verdict = oracle.verdict(server.mails);
const ok =
  fatal === undefined &&
  verdict.lost.length === 0 &&
  verdict.tooMany === 0 &&
  verdict.others === 0 &&
  verdict.owed > 0;
if (values.json) console.log(JSON.stringify({ ok, fatal, ...verdict, points: Object.fromEntries(perPoint) }));
else {
  for (const [point, { kills: times, mails }] of perPoint)
    console.log(`${point.padEnd(14)} ${times} kills, ${mails} mails between`);
  console.log(
    `${verdict.kills} kills in ${((Date.now() - startedMs) / 1_000).toFixed(0)} s: ${verdict.owed} alerts owed, ${verdict.lost.length} lost (${verdict.inDigest} told in digests), ` +
      `${verdict.duplicates} duplicates (${verdict.others} with another Message-ID), ${verdict.mails} mails`,
  );
  console.log(
    `${verdict.inFlight} more sources had a line on its way when a daemon died, ${verdict.inFlightMailed} of them were mailed all the same`,
  );
  console.log(ok ? 'nothing lost' : `FAILED: ${fatal ?? JSON.stringify(verdict.lost.slice(0, 10))}`);
}
if (ok) rmSync(dir, { recursive: true, force: true });
else {
  writeFileSync(join(dir, 'mails.json'), JSON.stringify(server.mails, null, 1));
  console.log(`its directory, with everything the daemons said and mailed, is ${dir}`);
}
process.exit(ok ? 0 : 1);
