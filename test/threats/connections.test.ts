import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { eventually, freePort, listening, startDaemon } from '../support/daemon.ts';
import { tcpClient } from '../support/net-sockets.ts';
import { cisco, netfilter, watch } from '../support/threats.ts';

/* What comes over the wire: sizes at the edge, and more connections than anybody has routers. Framing itself: test/receive. */

const line = netfilter('203.0.113.9', '192.0.2.10', 143);

it('F10: a packet with a NUL in it is malformed in one piece (UDP) and in two (TCP), and never what stands before the NUL', async () => {
  const lines = await watch();
  for (const at of ['SRC=203.0.113.9', 'DST=192.0.2.10', 'DPT=143', 'PROTO=TCP']) {
    const broken = line.replace(at, `${at}\0`);
    expect([at, lines.send(broken).hits]).toEqual([at, []]);
    expect(lines.send(broken).message.text).toContain('\0');
    for (const part of broken.split('\0')) expect([at, lines.send(part).hits]).toEqual([at, []]);
  }
  expect(lines.stillWorks()).toBe(true);
});

it.each([480, 1_180, 2_048, 8_192])(
  'F12: a message of %i octets is read to its end, where the port stands',
  async (size) => {
    const lines = await watch();
    const padded = line.replace('DENY ', `DENY ${'x'.repeat(Math.max(0, size - line.length))} `);
    expect(lines.send(padded).hits).toHaveLength(1);
  },
);

it('F13: a packet behind 70,000 octets of padding is cut off, and no knock is made up', async () => {
  const lines = await watch();
  const cut = Buffer.from(`<4>${'A'.repeat(70_000)}${line}`).subarray(0, 65_536);
  expect(lines.send(cut).attempt).toBeUndefined();
  expect(lines.stillWorks()).toBe(true);
});

it('F14: a second line in one datagram is no second event', async () => {
  const lines = await watch();
  lines.send(`${line}\n${netfilter('198.51.100.66', '192.0.2.11', 143)}`);
  for (const first of ['app: x', 'x', 'DHCPACK to x', '']) {
    for (const second of [line, cisco('198.51.100.66', '192.0.2.11', 143)]) {
      const { attempt } = lines.send(`<13>Nov 23 03:00:00 web1 ${first}\n${second}`);
      expect([first, attempt]).toEqual([first, undefined]);
    }
  }
  expect(lines.incidents()).toEqual([]);
});

const IDLE = 10_000;
const limit = Number(
  spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.replace('unlimited', 'Infinity'),
);
const isEnough = limit >= IDLE + 500;
if (!isEnough) console.warn(`10,000 idle connections need more than ${limit} descriptors: left out`);

const program = (module: string) => `
  import { TcpReceiver } from ${JSON.stringify(module)};
  const say = (frame) => console.log('frame', frame.bytes.toString());
  const receiver = new TcpReceiver({ host: '127.0.0.1', port: 0, maxConnections: ${IDLE + 10} }, say, () => {});
  await receiver.start();
  const base = process.memoryUsage().rss;
  console.log('ready', receiver.address.port);
  process.stdin.on('data', () => console.log('grew', Math.round((process.memoryUsage().rss - base) / 2 ** 20)));
  process.stdin.on('end', () => process.exit());`;
const clients = (port: number) => `
  import { connect } from 'node:net';
  let open = 0;
  const more = () => {
    if (open === ${IDLE}) return console.log('open');
    const socket = connect(${port}, '127.0.0.1', () => { open++; more(); });
    socket.on('error', (error) => { console.log(error.message); process.exit(1); });
  };
  more();
  process.stdin.on('end', () => process.exit()).resume();`;

function node(text: string) {
  const child = spawn(
    'sh',
    ['-c', `ulimit -n ${IDLE + 500}; exec "$0" --input-type=module -e "$1"`, process.execPath, text],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const heard = async (pattern: RegExp) => {
    for (let tries = 0; tries < 4_000; tries++) {
      const found = pattern.exec(output);
      if (found !== null) return found;
      await new Promise((done) => setTimeout(done, 10));
    }
    throw new Error(`waited for ${pattern}: ${output}`);
  };
  const end = async () => {
    const exit = once(child, 'exit');
    child.stdin.end();
    await exit;
  };
  return { child, heard, end };
}

it.runIf(isEnough)(
  'F16: with 10,000 idle connections the next sender is served, in less than 100 MiB',
  { timeout: 90_000 },
  async () => {
    const server = node(program(resolve(import.meta.dirname, '../../dist/receive/tcp.js')));
    const port = Number((await server.heard(/ready (\d+)/))[1]);
    const idle = node(clients(port));
    await idle.heard(/open\n/);
    const { connect } = await import('node:net');
    const before = performance.now();
    connect(port, '127.0.0.1').end('<4>served\n');
    await server.heard(/frame <4>served/);
    expect(performance.now() - before).toBeLessThan(1_000);
    server.child.stdin.write('how much?\n');
    expect(Number((await server.heard(/grew (\d+)/))[1])).toBeLessThan(100);
    await Promise.all([idle.end(), server.end()]);
  },
);

it('F22: told to end with 128 sessions open and 5,000 lines under way, the daemon ends in time and loses none', async () => {
  const port = await freePort();
  const rules =
    'rules:\n  - id: probe\n    watch: { hosts: 192.0.2.0/24, ports: [imap] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n';
  const config = `rules: rules.yaml\nzone: UTC\nlisteners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]\n`;
  let daemon = startDaemon(config, { 'rules.yaml': rules });
  try {
    await listening(daemon);
    const sessions = await Promise.all(Array.from({ length: 128 }, () => tcpClient(port)));
    const noise = `${netfilter('203.0.113.9', '203.0.113.10', 25)}\n`.repeat(40);
    for (const session of sessions) session.write(noise);
    const last = [10, 11, 12].map((host) => `${cisco('198.51.100.7', `192.0.2.${host}`, 143)}\n`).join('');
    await new Promise((done) => sessions.at(-1)!.write(last, done));
    const before = performance.now();
    expect(await daemon.end('SIGTERM')).toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    for (const session of sessions) session.destroy();
    // What could not be mailed in time is mailed by the next.
    daemon = startDaemon(config, {}, {}, daemon.dir);
    const mails = () => daemon.mails().filter((mail) => mail.includes('198.51.100.7'));
    await eventually(`the mail; the daemon said:\n${daemon.log()}`, () => mails().length > 0);
    expect(mails()).toHaveLength(1);
  } finally {
    await daemon.stop();
  }
}, 40_000);
