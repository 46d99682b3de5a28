import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rulesFile } from './logs.mjs';
import { median } from './measure.mjs';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');

/** Starts the daemon with a configuration of its own; resolves when it listens, with its port and how to stop it. */
export function startDaemon({
  rules,
  listeners = '[{ protocol: udp, host: 127.0.0.1, port: 0 }]',
  channels = '',
  cpus,
}) {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-bench-'));
  const config = join(dir, 'knockwatch.yaml');
  writeFileSync(config, `rules: ${rules}\nstateDir: ${dir}\nlisteners: ${listeners}\n${channels}`);
  const command = ['node', MAIN, 'run', '--config', config];
  const [program, ...args] = cpus === undefined ? command : ['taskset', '-c', cpus, ...command];
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  return new Promise((fulfil, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`not listening after 10 s: ${log.slice(-500)}`));
    }, 10_000);
    child.on('exit', (code) => reject(new Error(`ended with ${code}: ${log.slice(-500)}`)));
    child.stderr.on('data', (chunk) => {
      log += chunk;
      const port = /listening[^\n]*?"port":(\d+)|"port":(\d+)[^\n]*listening/.exec(log);
      if (port === null || timer.hasRef?.() === false) return;
      clearTimeout(timer);
      timer.unref();
      fulfil({
        port: Number(port[1] ?? port[2]),
        tookMs: performance.now() - began,
        pid: child.pid,
        stop: () =>
          new Promise((done) => {
            child.removeAllListeners('exit');
            child.on('exit', () => {
              rmSync(dir, { recursive: true, force: true });
              done(log);
            });
            child.kill('SIGTERM');
          }),
      });
    });
  });
}

export async function startupRows({ runs }) {
  const rules = rulesFile(100);
  const times = [];
  for (let run = 0; run <= runs; run++) {
    const daemon = await startDaemon({ rules });
    if (run > 0) times.push(daemon.tookMs);
    await daemon.stop();
  }
  return [{ name: 'start to listening with 100 rules, ms', value: median(times), bar: 300 }];
}
