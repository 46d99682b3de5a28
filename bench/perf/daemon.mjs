import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const START_DEADLINE_MS = 10_000;

/** A port nobody listens on, below those the system gives to clients. */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    const listens = await once(server, 'listening').catch(() => undefined);
    if (listens === undefined) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Starts the daemon with a configuration of its own; resolves when it listens. `config` is further YAML. */
export async function startDaemon({ rules, protocol = 'udp', config = '', cpus }) {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-bench-'));
  const file = join(dir, 'knockwatch.yaml');
  const port = await freePort();
  const listeners = `[{ protocol: ${protocol}, host: 127.0.0.1, port: ${port} }]`;
  writeFileSync(
    file,
    `rules: ${rules}\nstateDir: ${dir}\nlisteners: ${listeners}\nweb: { host: 127.0.0.1, port: 0 }\n${config}`,
  );
  const pinned = cpus === undefined ? [] : ['taskset', '-c', cpus];
  const [program, ...args] = [...pinned, process.execPath, MAIN, 'run', '--config', file];
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const ended = once(child, 'exit').then(([code]) => `ended with ${code}: ${log.slice(-600)}`);
  const listening = new Promise((fulfil) => {
    child.stderr.on('data', (chunk) => {
      log += chunk;
      if (log.includes(`"msg":"listening on ${protocol}`)) fulfil(undefined);
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
  return {
    port,
    pid: child.pid,
    tookMs,
    stop,
    metrics: () => metricsOf(pageIn(log)),
  };
}

/** Where the daemon's log says that its page is. */
function pageIn(log) {
  const page = /"the page is at (http:[^"\s,]+)"/.exec(log)?.[1];
  if (page === undefined) throw new Error('the log does not say where the page is');
  return page;
}

/** What the daemon says it received, lost in the kernel, and only counted. */
async function metricsOf(page) {
  const text = await (await fetch(`${page}/metrics`)).text();
  const value = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    received: value(/^knockwatch_messages_received_total\{.*\} (\d+)$/m),
    kernelDrops: value(/^knockwatch_receive_drops\{.*reason="kernel-buffer-full".*\} (\d+)$/m),
    passedOver: value(/^knockwatch_lines_total\{outcome="passed-over"\} (\d+)$/m),
  };
}
