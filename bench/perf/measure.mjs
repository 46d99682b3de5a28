import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a command whole, under GNU time: CPU and wall seconds, peak resident MB, what it wrote. */
export function runOnce(command, { cpus, env } = {}) {
  const report = join(tmpdir(), `knockwatch-bench-${process.pid}`);
  const pinned = cpus === undefined ? command : ['taskset', '-c', cpus, ...command];
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/time', ['-f', '%U %S %e %M', '-o', report, ...pinned], {
      env: { ...process.env, LC_ALL: 'C', ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', () => reject(new Error('GNU time is needed: apt-get install time')));
    child.on('close', (exitCode) => {
      const [user, system, wall, kilobytes] = readFileSync(report, 'utf8')
        .trim()
        .split('\n')
        .at(-1)
        .split(' ')
        .map(Number);
      rmSync(report);
      if (exitCode !== 0)
        reject(new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr.slice(-500)}`));
      else resolve({ cpu: user + system, wall, rss: kilobytes / 1024, stdout, stderr });
    });
  });
}

/**
 * Medians of several commands run in turn, A B A B, so that a slow minute slows all of them; where there are several rounds, after
 * one that does not count.
 */
export async function inTurn(commands, runs) {
  const results = commands.map(() => []);
  for (let run = runs > 1 ? 0 : 1; run <= runs; run++)
    for (const [i, { command, ...options }] of commands.entries()) {
      const result = await runOnce(command, options);
      if (run > 0) results[i].push(result);
    }
  return results.map((each) => ({
    cpu: median(each.map(({ cpu }) => cpu)),
    wall: median(each.map(({ wall }) => wall)),
    rss: Math.max(...each.map(({ rss }) => rss)),
    stdout: each[0].stdout,
  }));
}

export function median(values) {
  return percentile(values, 50);
}

/** Nearest rank; NaN without values. */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** What a running process and its threads have used so far. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  const TICKS_PER_SECOND = 100;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
