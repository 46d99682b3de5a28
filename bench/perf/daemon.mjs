import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const START_DEADLINE_MS = 10_000;

/** A port that was free a moment ago. */
export async function freePort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Starts the daemon with a configuration of its own; resolves when it listens. `config` is further YAML. */
export async function startDaemon({ rules, protocol = 'udp', config = '', cpus }) {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-bench-'));
  const port = await freePort();
  const webPort = await freePort();
  const file = join(dir, 'knockwatch.yaml');
  const listeners = `[{ protocol: ${protocol}, host: 127.0.0.1, port: ${port} }]`;
  writeFileSync(
    file,
    `rules: ${rules}\nstateDir: ${dir}\nlisteners: ${listeners}\nweb: { host: 127.0.0.1, port: ${webPort} }\n${config}`,
  );
  const command = [
    ...(cpus === undefined ? [] : ['taskset', '-c', cpus]),
    process.execPath,
    MAIN,
    'run',
    '--config',
    file,
  ];
  const began = performance.now();
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const ended = once(child, 'exit').then(([code]) => `ended with ${code}: ${log.slice(-600)}`);
  const listening = new Promise((fulfil) => {
    child.stderr.on('data', (chunk) => {
      log += chunk;
      if (/listening on (?:udp|tcp)/.test(log)) fulfil(undefined);
    });
  });
  const late = new Promise((fulfil) =>
    setTimeout(() => fulfil(`not listening in time: ${log.slice(-600)}`), START_DEADLINE_MS).unref(),
  );
  const fault = await Promise.race([listening, ended, late]);
  const tookMs = performance.now() - began;
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  if (fault !== undefined) {
    child.kill('SIGKILL');
    throw new Error(`the daemon is ${fault}`);
  }
  return { port, webPort, pid: child.pid, tookMs, stop, log: () => log };
}
