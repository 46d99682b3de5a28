import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, describe, expect, it } from 'vitest';
import { type Daemon, eventually, freePort, listening, sendTcp, startDaemon } from '../support/daemon.ts';

/* A disk of one megabyte that is really full, in a mount namespace of its own. */

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const RULES = `rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;
const deny = (source: string, host: number) =>
  `<190>45: %SEC-6-IPACCESSLOGP: list 101 denied tcp ${source}(31337) -> 192.0.2.${host}(143), 1 packet`;
const probe = (source: string, hosts = 3) => Array.from({ length: hosts }, (_, i) => deny(source, 10 + i));

const canMount =
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' }).status === 0;
if (!canMount) console.log('skipped: a disk that is really full, nobody may mount one here');

let daemon: Daemon | undefined;
let holder: ChildProcess | undefined;
afterEach(async () => {
  await daemon?.stop();
  holder?.kill('SIGKILL');
  daemon = undefined;
  holder = undefined;
});

/** Fills a file system to its last octet; undone by removing the file. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (const size of [65_536, 1_024, 1])
      for (;;) {
        try {
          writeSync(fd, Buffer.alloc(size));
        } catch {
          break;
        }
      }
  } finally {
    closeSync(fd);
  }
}

describe.runIf(canMount)('C7: a full disk', () => {
  it('costs no alert: the mail says so, and everything is on the disk once there is room', {
    timeout: 90_000,
  }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'knockwatch-full-'));
    mkdirSync(join(dir, 'var'));
    holder = spawn(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        `mount -t tmpfs -o size=1m,mode=0700 tmpfs '${dir}/var' && echo mounted && exec sleep 300`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    await new Promise((done) => holder!.stdout!.once('data', done));
    const inside = ['nsenter', '--mount', '--target', String(holder.pid), `--wd=${dir}`];
    const disk = `/proc/${holder.pid}/root${dir}/var`;
    const port = await freePort();
    const config = `rules: rules.yaml
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
correlation: { lateness: 100ms, settle: 300ms }
channels: [{ kind: email, mailbox: box }]
web: { enabled: false }
`;
    daemon = startDaemon(config, { 'rules.yaml': RULES }, {}, dir, inside);
    await listening(daemon);
    const box = join(dir, 'box');
    const mailed = (count: number) =>
      eventually(
        `${count} mails`,
        () => existsSync(box) && readdirSync(box).filter((name) => name.endsWith('.eml')).length >= count,
        20_000,
      );

    await sendTcp(port, probe('198.51.100.1'));
    await mailed(1);
    fill(join(disk, 'ballast'));
    // More than fits the rest of a page that is there already.
    await sendTcp(port, probe('198.51.100.2', 60));
    await mailed(2);
    const second = readdirSync(box)
      .map((name) => readFileSync(join(box, name), 'utf8'))
      .find((mail) => mail.includes('198.51.100.2'));
    const { text } = await PostalMime.parse(second!);
    expect(text).toMatch(/not on disk: .*full/s);
    for (const kind of ['store-degraded', 'archive-failing'])
      await eventually(kind, () => daemon!.log().includes(kind));

    rmSync(join(disk, 'ballast'));
    await eventually('the store to come back', () => daemon!.log().includes('store-recovered'), 30_000);
    await eventually('the archive to come back', () => daemon!.log().includes('archive-recovered'), 30_000);
    await sendTcp(port, probe('198.51.100.3'));
    await mailed(3);
    await new Promise((done) => setTimeout(done, 1_000));
    await daemon.end('SIGKILL');

    const verb = (...args: string[]) => {
      const [program = '', ...rest] = [...inside, process.execPath, MAIN, ...args];
      return execFileSync(program, rest, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    };
    const incidents = verb('incidents', '--json')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).source.ip[0]);
    expect(incidents.sort()).toEqual(['198.51.100.1', '198.51.100.2', '198.51.100.3']);
    expect(verb('archive', 'verify')).toMatch(/^66 sound records in 1 file/);
  });
});
