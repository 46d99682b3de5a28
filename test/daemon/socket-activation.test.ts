import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, freePort, sendTcp, sendUdp } from '../support/daemon.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const HOSTS = ['192.0.2.10', '192.0.2.11', '192.0.2.12'];
const knock = (host: string) =>
  `%SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> ${host}(143), 1 packet`;

const NOBODY = 65_534;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

interface Started {
  readonly child: ChildProcess;
  readonly dir: string;
  readonly log: () => string;
}

/** Runs `command` in a directory of its own with these descriptors from 3 on; `$$` in the shell is the daemon's own process id. */
function start(config: string, command: string[], env: Record<string, string>, fds: number[] = []): Started {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-activated-'));
  writeFileSync(join(dir, 'knockwatch.yaml'), config);
  if (command[0] === 'setpriv') chownSync(dir, NOBODY, NOBODY);
  const child = spawn(command[0]!, command.slice(1), {
    cwd: dir,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...fds],
  });
  const exit = once(child, 'exit');
  let log = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      log += chunk;
    });
  cleanUp.push(async () => {
    child.kill('SIGTERM');
    await exit;
    rmSync(dir, { recursive: true, force: true });
  });
  return { child, dir, log: () => log };
}

const run = [process.execPath, MAIN, 'run'];
const activated = (...more: string[]) => ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...more, ...run];

/** What a service manager does: the parent opens the sockets, the child finds them from descriptor 3 on. */
async function opened(): Promise<{ udp: number; tcp: number; fds: number[]; close: () => void }> {
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  const tcp = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  const handles = Object.getOwnPropertySymbols(udp).map((key) => Reflect.get(udp, key));
  const udpFd = handles.find((state) => state?.handle?.fd > 0).handle.fd as number;
  const tcpFd = (Reflect.get(tcp, '_handle') as { fd: number }).fd;
  return {
    udp: udp.address().port,
    tcp: (tcp.address() as { port: number }).port,
    fds: [udpFd, tcpFd],
    close: () => {
      udp.close();
      tcp.close();
    },
  };
}

function mailsIn(dir: string): string[] {
  try {
    return readdirSync(join(dir, 'var/mail'));
  } catch {
    return [];
  }
}

describe.runIf(process.platform === 'linux')('socket activation', () => {
  it('the daemon listens on the sockets it inherits and on no others, and mails about what comes in', async () => {
    const sockets = await opened();
    const config = 'zone: UTC\ncorrelation: { settle: 100ms, lateness: 0s }\n';
    const { dir, log } = start(config, activated(), { LISTEN_FDS: '2' }, sockets.fds);
    await eventually(`the daemon to listen; it said:\n${log()}`, () =>
      log().includes('listening on tcp fd 4'),
    );
    sockets.close();
    expect(log()).toContain('listening on udp fd 3');
    expect(log()).not.toContain('5514');
    await sendUdp(sockets.udp, HOSTS.slice(0, 2).map(knock));
    await sendTcp(sockets.tcp, [knock(HOSTS[2]!)]);
    await eventually(`a mail; it said:\n${log()}`, () => mailsIn(dir).length > 0);
    expect(readFileSync(join(dir, 'var/mail', mailsIn(dir)[0]!), 'utf8')).toContain('198.51.100.7');
  });

  it('sockets meant for another process are left alone', async () => {
    const sockets = await opened();
    const port = await freePort();
    const config = `listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]\n`;
    const { log } = start(config, run, { LISTEN_FDS: '2', LISTEN_PID: '1' }, sockets.fds);
    await eventually(`the daemon to listen; it said:\n${log()}`, () =>
      log().includes(`listening on tcp 127.0.0.1:${port}`),
    );
    sockets.close();
  });
});

/** Whether ports below 1024 need a privilege here, and this user can give and take it. */
function canTryCapability(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const from = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const has = (BigInt(`0x${bounding}`) >> 10n) & 1n;
  const found = process.env['PATH']!.split(':').some((dir) => readdirSafely(dir).includes('setpriv'));
  if (from > 1 && has === 1n && found) return true;
  console.warn('no way to try a privileged port here: its test is left out');
  return false;
}

function readdirSafely(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

describe.runIf(canTryCapability())('a privileged port', () => {
  const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const config = 'listeners: [{ protocol: tcp, host: 127.0.0.1, port: 514 }]\n';

  it('C13: CAP_NET_BIND_SERVICE alone is enough, without root', async () => {
    const caps = [
      '--inh-caps=-all,+net_bind_service',
      '--ambient-caps=-all,+net_bind_service',
      '--bounding-set=-all,+net_bind_service',
    ];
    const { child, log } = start(config, [...asNobody, ...caps, ...run], {});
    await eventually(`the daemon to listen; it said:\n${log()}`, () =>
      log().includes('listening on tcp 127.0.0.1:514'),
    );
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    expect(/^Uid:\s*(\d+)/m.exec(status)![1]).toBe(String(NOBODY));
    expect(/^Groups:[ \t]*(.*?)\s*$/m.exec(status)![1]).toBe('');
    expect(/^CapEff:\s*([0-9a-f]+)/m.exec(status)![1]).toBe('0000000000000400');
  });

  it('F23: without it the daemon says what to do and ends', async () => {
    const { child, log } = start(config, [...asNobody, '--bounding-set=-all', ...run], {});
    await eventually('the daemon to end', () => child.exitCode !== null);
    expect(child.exitCode).not.toBe(0);
    expect(log()).toContain(
      'needs privilege: use port 5514, grant CAP_NET_BIND_SERVICE, or use systemd socket activation',
    );
  });
});
