import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../perf/daemon.mjs';

const LINES = 40_000;
const A_SECOND = 4_000;
const TICK_MS = 10;

/** CPU microseconds the daemon needs for a line that comes over UDP and touches nothing that is watched. */
export async function receiveUs(rules) {
  const daemon = await startDaemon({ rules });
  const socket = createSocket('udp4');
  try {
    const before = { cpu: cpuSeconds(daemon.pid), lines: await received(daemon) };
    for (let sent = 0; sent < LINES; await sleep(TICK_MS))
      for (let i = 0; i < (A_SECOND * TICK_MS) / 1_000; i++, sent++)
        socket.send(line(sent), daemon.port, '127.0.0.1');
    await sleep(1_000);
    return (1e6 * (cpuSeconds(daemon.pid) - before.cpu)) / ((await received(daemon)) - before.lines);
  } finally {
    socket.close();
    await daemon.stop();
  }
}

async function received(daemon) {
  return (await daemon.metrics()).received;
}

/** User and system time of all threads, proc(5). */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const hertz = Number(execFileSync('getconf', ['CLK_TCK']));
  return (Number(fields[11]) + Number(fields[12])) / hertz;
}

function line(n) {
  return `<4>kernel: [1.000000] DROP IN=eth0 OUT=eth1 MAC=52:54:00:8a:1c:30:00:1b:21:3c:9d:f8:08:00 SRC=198.51.100.${n & 255} DST=203.0.113.${n % 251} LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=${n & 65535} PROTO=TCP SPT=31337 DPT=143 WINDOW=29200 RES=0x00 SYN URGP=0`;
}
