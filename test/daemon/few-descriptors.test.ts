import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { eventually, freePort, sendUdp } from '../support/daemon.ts';
import { denied } from '../support/timeline.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

function hold(port: number): Promise<Socket> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => done(socket));
    socket.on('error', () => done(socket));
    cleanUp.push(() => socket.destroy());
  });
}

it.runIf(process.platform === 'linux')(
  'F17: with 128 descriptors, three listeners and a page that strangers fill, a probe is still stored and mailed',
  { timeout: 60_000 },
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'knockwatch-few-'));
    cleanUp.push(() => rmSync(dir, { recursive: true, force: true }));
    const [udp, web, ...tcp] = await Promise.all(Array.from({ length: 5 }, freePort));
    const listeners = tcp.map((port) => `  - { protocol: tcp, host: 127.0.0.1, port: ${port} }`).join('\n');
    writeFileSync(
      join(dir, 'knockwatch.yaml'),
      `listeners:\n${listeners}\n  - { protocol: udp, host: 127.0.0.1, port: ${udp} }
rules: rules.yaml
zone: UTC
web: { host: 127.0.0.1, port: ${web} }
correlation: { settle: 100ms, lateness: 0s }
`,
    );
    writeFileSync(
      join(dir, 'rules.yaml'),
      'rules:\n  - id: probe\n    watch: { hosts: 192.0.2.0/24, ports: [imap] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n',
    );
    const child = spawn('sh', ['-c', 'ulimit -n 128; exec "$0" "$1" run', process.execPath, MAIN], {
      cwd: dir,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
    cleanUp.push(async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect((await exited)[0]).toBe(0);
    });
    await eventually('the listeners', () => log.includes('listening on udp'));
    for (const port of [...tcp, web!]) await Promise.all(Array.from({ length: 100 }, () => hold(port)));
    await sendUdp(
      udp!,
      [10, 11, 12].map((host) => denied('198.51.100.7', `192.0.2.${host}`, 143)(Date.now())),
    );
    const mails = () => {
      try {
        return readdirSync(join(dir, 'var/mail')).filter((name) => name.endsWith('.eml'));
      } catch {
        return [];
      }
    };
    await eventually(`a mail; the daemon said:\n${log}`, () => mails().length > 0);
    expect(log).not.toMatch(/EMFILE|unable to open/);
  },
);
