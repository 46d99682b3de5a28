import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { eventually, freePort } from '../support/daemon.ts';
import { docBlocks } from '../support/docs-commands.ts';

/*
 * Somebody who has only the README: from `git clone` to the first mail, with its commands as they stand. What is cloned is
 * the last commit, so this says whether what people will get works.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-newcomer-'));
const clone = join(dir, 'knockwatch');
let started: ChildProcess | undefined;

const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8', timeout: 60_000 });

function whyNot(): string | undefined {
  if (git('-C', ROOT, 'rev-parse', 'HEAD').status !== 0) return 'this is no git clone';
  for (const tool of ['npm', 'logger', 'bash'])
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `there is no ${tool} here`;
  if (spawnSync('npm', ['ping'], { timeout: 20_000 }).status !== 0)
    return 'the registry of npm can not be reached';
  return undefined;
}

const because = whyNot();
if (because !== undefined) console.log(`skipped: a newcomer's first mail, ${because}`);

afterAll(async () => {
  if (started?.exitCode === null) {
    // npm and what it started are a group of their own.
    process.kill(-started.pid!, 'SIGTERM');
    await new Promise((done) => started!.once('exit', done));
  }
  rmSync(dir, { recursive: true, force: true });
});

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer().once('error', () => done(false));
    server.listen(port, () => server.close(() => done(true)));
  });
}

/** The README's port; where it is taken, or this machine has a configuration already, another one and a configuration for it. */
async function portToUse(): Promise<number> {
  const configured = ['/etc', `${process.env['HOME']}/.config`].some((folder) =>
    existsSync(`${folder}/knockwatch/knockwatch.yaml`),
  );
  if (!configured && (await isFree(5_514)) && (await isFree(8_514))) return 5_514;
  const port = await freePort();
  const listeners = ['udp', 'tcp'].map((protocol) => `{ protocol: ${protocol}, port: ${port} }`).join(', ');
  writeFileSync(join(clone, 'knockwatch.yaml'), `listeners: [${listeners}]\nweb: { port: 0 }\n`);
  return port;
}

function command(part: string): string {
  const block = docBlocks(join(clone, 'README.md'), 'sh').find(({ text }) => text.includes(part));
  expect(block, `a block of the README with ${part}`).toBeDefined();
  return block!.text;
}

describe.runIf(because === undefined)('a newcomer with nothing but the README', () => {
  it('gets from git clone to the first mail', { timeout: 420_000 }, async () => {
    expect(git('clone', '--quiet', '--depth', '1', `file://${ROOT}`, clone)).toMatchObject({ status: 0 });
    const port = await portToUse();
    const start = command('npm start')
      .split('\n')
      .find((line) => line.includes('npm start'))!;
    started = spawn('bash', ['-c', start], {
      cwd: clone,
      detached: true,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] ?? dir },
    });
    let log = '';
    for (const stream of [started.stdout!, started.stderr!])
      stream.on('data', (chunk) => {
        log += chunk;
      });
    await eventually(
      'the daemon to listen',
      () => log.includes('listening on tcp') || started!.exitCode !== null,
      300_000,
    );
    expect(log.slice(-2_000)).toContain('listening on tcp');

    const knock = command('logger -n').replaceAll('5514', String(port));
    const { status, stdout, stderr } = spawnSync('bash', ['-euc', knock], {
      cwd: clone,
      encoding: 'utf8',
      timeout: 60_000,
      // With a socket for its standard input, which is what Node's pipes are, bash takes itself for a remote shell and reads a bashrc.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Subject: \[knockwatch\] Probe: 198\.51\.100\.7 tried imap on 3 watched hosts/m);
    expect(readdirSync(join(clone, 'var/mail'))).toHaveLength(1);
    expect(existsSync(join(clone, 'dist/main.js'))).toBe(true);
  });
});
