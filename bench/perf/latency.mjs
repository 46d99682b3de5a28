import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mailServer } from '../crash/mail-server.mjs';
import { startDaemon } from './daemon.mjs';
import { WATCHED } from './logs.mjs';
import { percentile } from './measure.mjs';

/*
 * From the line that makes a scan of three packets to the end of its mail at the mail server, less the settle time, while
 * 10,000 other lines a second come over the same connection.
 */
const LINES_PER_SECOND = 10_000;
const STEP_MS = 10;
const SETTLE_MS = 500;
/** A scan every so often. */
const SCAN_MS = 200;

const stamp = () => new Date().toISOString();
const packet = (source, host, port) =>
  `<4>${stamp()} gw1 kernel: DROP IN=eth0 OUT=eth1 SRC=${source} DST=${host} LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=1 PROTO=TCP SPT=31337 DPT=${port} WINDOW=29200 RES=0x00 SYN URGP=0\n`;

/** Background and scans at their times; gives when each source's third packet was written, and how late our own timers were. */
async function feed(socket, seconds) {
  const scannedAt = new Map();
  const late = [];
  const began = performance.now();
  let [lines, scans] = [0, 0];
  for (let now = 0; now < seconds * 1_000; now = performance.now() - began) {
    let text = '';
    for (const due = (now / 1_000) * LINES_PER_SECOND; lines < due; lines++)
      text += packet(`198.18.${lines % 250}.${(lines >> 8) % 250}`, `192.0.2.${100 + (lines % 100)}`, 23);
    for (; scans < now / SCAN_MS; scans++) {
      const source = `203.0.${(scans >> 8) & 255}.${scans & 255}`;
      text += WATCHED.hosts.map((host) => packet(source, host, 143)).join('');
      scannedAt.set(source, Date.now());
    }
    if (text !== '' && !socket.write(text)) await once(socket, 'drain');
    const slept = performance.now();
    await sleep(STEP_MS);
    late.push(performance.now() - slept - STEP_MS);
  }
  return { scannedAt, late };
}

export async function latencyRows({ short }) {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-latency-'));
  const rules = join(dir, 'rules.yaml');
  writeFileSync(
    rules,
    `rules:\n  - id: paper\n    watch: { hosts: [${WATCHED.hosts.join(', ')}], ports: [143/tcp] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n`,
  );
  const mail = await mailServer((stage) => {
    if (stage === 'after-dot') mail.mails.at(-1).atMs = Date.now();
    return false;
  });
  const daemon = await startDaemon({
    rules,
    protocol: 'tcp',
    config: `correlation: { settle: ${SETTLE_MS}ms, lateness: 100ms }
channels: [{ name: mail, kind: email, from: knockwatch@example.org, to: [admin@example.org], via: "smtp://127.0.0.1:${mail.port}" }]
budget: { perChannel: { mails: 10000, per: 1h }, perSource: { mails: 10, per: 1h } }
`,
  });
  try {
    const socket = connect(daemon.port, '127.0.0.1');
    await once(socket, 'connect');
    const { scannedAt, late } = await feed(socket, short ? 3 : 30);
    await sleep(SETTLE_MS + 1_000);
    const delays = mail.mails.flatMap(({ source, atMs }) =>
      scannedAt.has(source) ? [atMs - scannedAt.get(source) - SETTLE_MS] : [],
    );
    socket.destroy();
    return [
      {
        name: `line to mail server beyond the settle time at ${LINES_PER_SECOND.toLocaleString('en')} lines/s: p99, ms`,
        value: percentile(delays, 99),
        bar: 50,
        failed: delays.length < scannedAt.size,
        detail: `${delays.length} mails for ${scannedAt.size} scans, median ${percentile(delays, 50)} ms; the sender's own timers are late by ${percentile(late, 99).toFixed(0)} ms at p99`,
      },
    ];
  } finally {
    await daemon.stop();
    mail.close();
    rmSync(dir, { recursive: true });
  }
}
