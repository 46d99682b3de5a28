import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import { type Daemon, eventually, freePort, sendUdp, startDaemon } from '../support/daemon.ts';

/*
 * A real scan: what `knockwatch router` writes is loaded into a network namespace, nmap scans it from another one over a
 * veth pair, the kernel's log of the packets it dropped goes to the daemon, and there is one mail. No packet leaves the
 * two namespaces; the daemon listens on loopback.
 */
const SCANNER = `kws${process.pid}`;
const TARGET = `kwt${process.pid}`;
const SOURCE = '198.51.100.7';
const HOSTS = ['192.0.2.10', '192.0.2.11', '192.0.2.12'];
const PORTS = [143, 139, 513, 80];
const GROUP = 9;

const RULES = `
hosts: { lisa: 192.0.2.10, ns1: 192.0.2.11, dmz-web: 192.0.2.12 }
rules:
  - id: office-probe
    watch: { hosts: [lisa, ns1, dmz-web], ports: [${PORTS.map((port) => `${port}/tcp`).join(', ')}] }
    detect: { address-scan: { hosts: 3, within: 60s } }
    severity: high
`;

/** In a namespace other than the first the kernel's ring is closed, unless somebody has opened it. */
const kernelRing = readIf('/proc/sys/net/netfilter/nf_log_all_netns').trim() === '1';

function readIf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function run(command: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${error ?? ''}`);
  return stdout;
}

const inside = (namespace: string, command: string, args: readonly string[], input?: string) =>
  run('ip', ['netns', 'exec', namespace, command, ...args], input);

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'it takes root to make network namespaces';
  const wanted = ['ip', 'nmap', 'iptables-restore', 'nft', ...(kernelRing ? [] : ['ulogd'])];
  for (const tool of wanted)
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `there is no ${tool} here`;
  try {
    run('ip', ['netns', 'add', SCANNER]);
    run('ip', ['netns', 'add', TARGET]);
    run('ip', [
      'link',
      'add',
      'scan0',
      'netns',
      SCANNER,
      'type',
      'veth',
      'peer',
      'name',
      'wan0',
      'netns',
      TARGET,
    ]);
    inside(TARGET, 'nft', ['list', 'ruleset']);
    return undefined;
  } catch (error) {
    return `network namespaces are not to be had: ${(error as Error).message.trim()}`;
  } finally {
    removeNamespaces();
  }
}

function removeNamespaces(): void {
  for (const namespace of [SCANNER, TARGET]) spawnSync('ip', ['netns', 'del', namespace]);
}

const because = whyNot();
if (because !== undefined) console.log(`skipped: a real scan, ${because}`);

let dir: string;
let daemon: Daemon | undefined;
let ulogd: ChildProcess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'knockwatch-scan-'));
});
afterEach(async () => {
  ulogd?.kill('SIGTERM');
  removeNamespaces();
  await daemon?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function makeNamespaces(): void {
  run('ip', ['netns', 'add', SCANNER]);
  run('ip', ['netns', 'add', TARGET]);
  run('ip', [
    'link',
    'add',
    'scan0',
    'netns',
    SCANNER,
    'type',
    'veth',
    'peer',
    'name',
    'wan0',
    'netns',
    TARGET,
  ]);
  inside(SCANNER, 'ip', ['address', 'add', `${SOURCE}/24`, 'dev', 'scan0']);
  inside(TARGET, 'ip', ['address', 'add', '198.51.100.1/24', 'dev', 'wan0']);
  for (const host of HOSTS) inside(TARGET, 'ip', ['address', 'add', `${host}/32`, 'dev', 'wan0']);
  for (const [namespace, device] of [
    [SCANNER, 'scan0'],
    [TARGET, 'wan0'],
  ] as const)
    for (const name of ['lo', device]) inside(namespace, 'ip', ['link', 'set', name, 'up']);
  inside(SCANNER, 'ip', ['route', 'add', '192.0.2.0/24', 'via', '198.51.100.1']);
}

/** Has the target's packets written to a file, as the kernel's ring would hold them. */
async function startUlogd(): Promise<string> {
  const log = join(dir, 'packets.log');
  const plugins = run('sh', ['-c', 'find /usr/lib -path "*ulogd/ulogd_*.so"']).trim().split('\n');
  const wanted = [
    'inppkt_NFLOG',
    'raw2packet_BASE',
    'filter_IFINDEX',
    'filter_IP2STR',
    'filter_PRINTPKT',
    'output_LOGEMU',
  ];
  writeFileSync(
    join(dir, 'ulogd.conf'),
    `[global]
logfile="${join(dir, 'ulogd.log')}"
${plugins
  .filter((path) => wanted.some((name) => path.endsWith(`ulogd_${name}.so`)))
  .map((path) => `plugin="${path}"`)
  .join('\n')}
stack=knock:NFLOG,base:BASE,if:IFINDEX,str:IP2STR,print:PRINTPKT,emu:LOGEMU
[knock]
group=${GROUP}
[emu]
file="${log}"
sync=1
`,
  );
  ulogd = spawn('ip', ['netns', 'exec', TARGET, 'ulogd', '-c', join(dir, 'ulogd.conf')], { stdio: 'ignore' });
  await eventually('ulogd', () => existsSync(log));
  return log;
}

async function configuration(device: 'iptables' | 'nftables', port: number): Promise<string> {
  writeFileSync(join(dir, 'rules.yaml'), RULES);
  const { exitCode, stdout, stderr } = await runForTest([
    ...['router', '--for', device, '--collector', `127.0.0.1:${port}`, '--interface', 'wan0'],
    ...['--rules', join(dir, 'rules.yaml'), ...(kernelRing ? [] : ['--nflog', String(GROUP)])],
  ]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout;
}

/** Loads it the way its own comments say. */
function load(device: 'iptables' | 'nftables', text: string): void {
  if (device === 'nftables') {
    inside(TARGET, 'nft', ['-f', '-'], text);
    return;
  }
  inside(TARGET, 'iptables-restore', ['--noflush'], text);
  inside(TARGET, 'ip6tables-restore', ['--noflush'], text);
  const once = text.split('\n').filter((line) => / -C (INPUT|FORWARD) /.test(line));
  expect(once).toHaveLength(4);
  for (const line of once) inside(TARGET, 'sh', ['-c', line.slice(1)]);
}

describe.runIf(because === undefined)('a real scan of a real packet filter', () => {
  it.each(['iptables', 'nftables'] as const)(
    'as `router --for %s` sets it up, is one mail',
    { timeout: 90_000 },
    async (device) => {
      makeNamespaces();
      const port = await freePort();
      daemon = startDaemon(
        `rules: rules.yaml\nlisteners: [{ protocol: udp, host: 127.0.0.1, port: ${port} }]\ncorrelation: { lateness: 100ms, settle: 5s }\nweb: { enabled: false }\n`,
        { 'rules.yaml': RULES },
      );
      load(device, await configuration(device, port));
      const log = kernelRing ? undefined : await startUlogd();
      const lines = () =>
        (log === undefined ? run('dmesg', []) : readFileSync(log, 'utf8'))
          .split('\n')
          .filter((line) => line.includes('KNOCKWATCH DROP') && line.includes('IN=wan0'));
      const before = lines().length;
      inside(SCANNER, 'nmap', [
        ...['-Pn', '-n', '-sS', '--max-retries', '1', '--host-timeout', '30s'],
        ...['-p', PORTS.join(','), ...HOSTS],
      ]);
      const logged = await eventually('the packets in the log', () => {
        const fresh = lines().slice(before);
        return (
          HOSTS.every((host) =>
            PORTS.every((dpt) =>
              fresh.some((line) => line.includes(`DST=${host} `) && line.includes(`DPT=${dpt} `)),
            ),
          ) && fresh
        );
      });

      await eventually(
        'the daemon',
        () => daemon!.log().includes('listening on udp') || daemon!.child.exitCode !== null,
      );
      await sendUdp(port, logged);
      await eventually('a mail', () => daemon!.mails().length > 0);
      await new Promise((done) => setTimeout(done, 2_000));
      expect(daemon.mails()).toHaveLength(1);
      const mail = await PostalMime.parse(daemon.mails()[0]!);
      expect(mail.subject).toContain(SOURCE);
      for (const name of ['lisa', 'ns1', 'dmz-web', 'imap', 'login']) expect(mail.text).toContain(name);
    },
  );

  it('what is not watched still gets through', { timeout: 60_000 }, async () => {
    makeNamespaces();
    load('nftables', await configuration('nftables', 5_514));
    const open = inside(SCANNER, 'nmap', ['-Pn', '-n', '-sS', '-oG', '-', '-p', '22,143', HOSTS[0]!]);
    expect(open).toMatch(/22\/closed/);
    expect(open).toMatch(/143\/filtered/);
  });
});
