import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from './daemon.mjs';
import { rulesFile } from './logs.mjs';
import { cpuSeconds, median } from './measure.mjs';
import { hasSender, send } from './sender.mjs';

/*
 * Messages over loopback into the whole daemon with the paper's rule: receiver on processor 0, sender on processor 1. In turn
 * with it two programs that only count: what they lose, nobody in Node can have, and what they need is the floor.
 */
const RATES = [100_000, 200_000];
const BUFFER_BYTES = 8 << 20;
const COUNTER = join(import.meta.dirname, 'counting-receiver.mjs');

async function counted(kind, rate, seconds) {
  const args = ['-c', '0', process.execPath, COUNTER, kind, String(BUFFER_BYTES)];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  await once(child.stdout, 'data');
  const { sent } = await send('udp', Number(output), rate, seconds);
  await sleep(500);
  const cpu = cpuSeconds(child.pid);
  child.kill('SIGTERM');
  await once(child, 'close');
  const got = Number(output.trim().split('\n').at(-1));
  return { loss: lossPercent(sent, got), us: (1e6 * cpu) / got };
}

/** Sends into a daemon, waits until it has taken what it can, and asks its metrics. */
async function received(protocol, rate, seconds) {
  const daemon = await startDaemon({ rules: rulesFile(1), protocol, cpus: '0' });
  try {
    await sleep(300);
    const before = cpuSeconds(daemon.pid);
    const { sent, perSecond } = await send(protocol, daemon.port, rate, seconds);
    let metrics = await daemon.metrics();
    for (let last = -1; metrics.received > last && metrics.received < sent; ) {
      last = metrics.received;
      await sleep(300);
      metrics = await daemon.metrics();
    }
    const us = (1e6 * (cpuSeconds(daemon.pid) - before)) / metrics.received;
    return { sent, perSecond, loss: lossPercent(sent, metrics.received), us, ...metrics };
  } finally {
    await daemon.stop();
  }
}

const lossPercent = (sent, got) => 100 * (1 - got / sent);
const percent = (n) => `${n.toFixed(2)} %`;
const thousands = (n) => `${Math.round(n / 1_000)}k`;

async function udpRows(rate, seconds, runs) {
  const [ours, dgram, server] = [[], [], []];
  for (let run = 0; run < runs; run++) {
    ours.push(await received('udp', rate, seconds));
    dgram.push(await counted('dgram', rate, seconds));
    server.push(await counted('syslog-server', rate, seconds));
  }
  const of = (list, what) => median(list.map((each) => each[what]));
  const least = Math.min(...ours.map(({ loss }) => loss));
  return [
    {
      name: `UDP, ${thousands(rate)} messages/s offered: lost, % (best of ${runs})`,
      value: least,
      bar: 0,
      detail: [
        `sent ${thousands(of(ours, 'perSecond'))}/s, median loss ${percent(of(ours, 'loss'))}`,
        `the kernel says it dropped ${of(ours, 'kernelDrops')}, ${of(ours, 'passedOver')} only counted`,
        `dgram alone loses ${percent(of(dgram, 'loss'))}, syslog-server ${percent(of(server, 'loss'))}`,
      ].join('; '),
    },
    {
      name: `UDP, ${thousands(rate)} messages/s offered: cpu a message / dgram that only counts`,
      value: of(ours, 'us') / of(dgram, 'us'),
      detail: `${of(ours, 'us').toFixed(2)} us, dgram ${of(dgram, 'us').toFixed(2)} us, syslog-server ${of(server, 'us').toFixed(2)} us`,
    },
  ];
}

/** TCP has its own flow control: nothing may be missing, and the question is how long a message takes. */
async function tcpRows(seconds, runs) {
  const all = [];
  for (let run = 0; run < runs; run++) all.push(await received('tcp', 0, seconds));
  const best = Math.min(...all.map(({ perSecond }) => 1e6 / perSecond));
  const lost = Math.max(...all.map(({ loss }) => loss));
  return [
    {
      name: `TCP: seconds for a million messages (best of ${runs})`,
      value: best,
      bar: 1,
      failed: lost > 0,
      detail: `median ${thousands(median(all.map(({ perSecond }) => perSecond)))} messages/s, ${median(all.map(({ us }) => us)).toFixed(2)} us each, lost ${percent(lost)}`,
    },
  ];
}

export async function receiveRows({ short }) {
  if (!hasSender()) {
    console.log('UDP and TCP: skipped, there is no sender (../shared/bench/udpblast.c and a C compiler)');
    return [];
  }
  const [seconds, runs] = short ? [1, 1] : [5, 3];
  const rows = [];
  for (const rate of RATES) rows.push(...(await udpRows(rate, seconds, runs)));
  rows.push(...(await tcpRows(seconds, runs)));
  return rows;
}
