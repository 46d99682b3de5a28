import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Coverage } from '../../src/cli/coverage.ts';
import { EvidenceArchive } from '../../src/store/archive.ts';
import { archiveDirectory } from '../../src/store/places.ts';
import { runForTest } from '../support/cli.ts';
import { freePort, sendUdp } from '../support/daemon.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-verify-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const rules = file(
  'rules.yaml',
  `hosts: { lisa: 192.0.2.10, ns1: "2001:db8::53", dmz-web: 198.51.100.0/28 }
rules:
  - id: office
    watch: { hosts: [lisa, ns1, dmz-web], ports: [143/tcp, 6000-6063/tcp] }
    detect: { address-scan: { hosts: 3, within: 60s } }
  - id: everywhere
    watch: { hosts: any, ports: [telnet] }
    detect: { any: {} }
`,
);
const config = file('knockwatch.yaml', 'zone: UTC\n');
const deny = (minute: number, to: string, port: number, device = 'gw1') =>
  `2026-01-24T10:${String(minute).padStart(2, '0')}:00Z ${device} %${to.includes(':') ? 'IPV6_ACL-6-ACCESSLOGP' : 'SEC-6-IPACCESSLOGP'}: list 101 denied tcp ${to.includes(':') ? '2001:db8:1::7' : '203.0.113.7'}(31337) -> ${to}(${port}), 1 packet\n`;
const LOG = file(
  'router.log',
  [
    deny(1, '192.0.2.10', 143),
    deny(3, '192.0.2.10', 143, 'gw2'),
    deny(2, '192.0.2.10', 143),
    deny(4, '198.51.100.3', 6_001),
    deny(5, '198.51.100.4', 6_001),
    deny(6, '198.51.100.4', 6_002),
    deny(7, '2001:db8::53', 143),
    deny(8, '203.0.113.1', 23),
  ].join(''),
);
const verify = (...args: string[]) => runForTest(['verify', '--config', config, '--rules', rules, ...args]);

describe('knockwatch verify', () => {
  it.each([
    ['nothing, when nothing is archived yet', [], /nothing is archived .* yet; give log files, or --listen/],
    ['both', ['--listen', '5s', LOG], /one of the two/],
    ['a span without a unit', ['--listen', '5'], /90s, 5m, 2h/],
    ['a month', ['--listen', '31d'], /between 1s and 7d/],
  ])('%s: exit code 2 and what to do', async (_, args, message) => {
    const { exitCode, stderr } = await verify(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says of every watched host and port when it was last logged, and by which device', async () => {
    const { exitCode, stdout, stderr } = await verify(LOG);
    expect(exitCode).toBe(0);
    const table = stdout.replaceAll(/ {2,}/g, ' | ').trim().split('\n');
    expect(table).toEqual([
      'RULE | HOST | PORT | LAST LOGGED | BY | LINES | OF IT',
      'office | lisa (192.0.2.10) | imap (143/tcp) | 2026-01-24T10:03:00Z | gw2 | 3',
      'office | lisa (192.0.2.10) | 6000-6063/tcp | never',
      'office | ns1 (2001:db8::53) | imap (143/tcp) | 2026-01-24T10:07:00Z | gw1 | 1',
      'office | ns1 (2001:db8::53) | 6000-6063/tcp | never',
      'office | dmz-web (198.51.100.0/28) | imap (143/tcp) | never',
      'office | dmz-web (198.51.100.0/28) | 6000-6063/tcp | 2026-01-24T10:06:00Z | gw1 | 3 | 2 hosts, 2 ports',
      'everywhere | any host | telnet (23) | 2026-01-24T10:08:00Z | gw1 | 1 | 1 host',
    ]);
    expect(stderr).toContain('4 of 7 watched hosts and ports were logged, 3 never; 8 lines read');
  });

  it('says it in JSON too', async () => {
    const { stdout } = await verify('--json', LOG);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(7);
    expect(rows[0]).toEqual({
      rule: 'office',
      host: '192.0.2.10',
      name: 'lisa',
      port: { from: 143, to: 143, transport: 'tcp' },
      logged: true,
      lines: 3,
      last: '2026-01-24T10:03:00.000Z',
      device: 'gw2',
    });
    expect(rows[4]).toMatchObject({ host: '198.51.100.0/28', logged: false, lines: 0, hosts: 0 });
  });

  it('--fail-on-never: exit code 3', async () => {
    expect((await verify('--fail-on-never', LOG)).exitCode).toBe(3);
  });

  it('without files asks the archive, also while it is being written', async () => {
    const stateDir = join(dir, 'state');
    const archive = await EvidenceArchive.open({
      directory: archiveDirectory(stateDir),
      onEvent: () => {},
      flushMs: 60_000,
    });
    for (const [i, line] of [deny(1, '192.0.2.10', 143), deny(2, '198.51.100.3', 6_001, 'gw2')].entries())
      archive.append({
        bytes: Buffer.from(line.trim()),
        receivedAtMs: Date.parse('2026-01-24T10:05:00Z') + i * 86_400_000,
        peer: { address: '192.0.2.1', port: 514 },
        transport: 'udp',
      });
    await archive.flush();
    await archive.compressed();
    const [file1] = readdirSync(archiveDirectory(stateDir)).filter((name) => name.endsWith('25.jsonl'));
    appendFileSync(join(archiveDirectory(stateDir), file1!), '{"seq":3,"receivedAt":"2026-01-25T1');
    const own = file('own.yaml', `zone: UTC\nstateDir: ${stateDir}\n`);
    const { exitCode, stdout, stderr } = await runForTest(['verify', '--config', own, '--rules', rules]);
    await archive.close();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: '2 of 7 watched hosts and ports were logged, 5 never; 2 lines read\n',
    });
    expect(stdout).toMatch(/lisa \(192\.0\.2\.10\) +imap \(143\/tcp\) +2026-01-24T10:01:00Z +gw1 +1/);
    expect(stdout).toMatch(/6000-6063\/tcp +2026-01-2\S+ +gw2 +1 +1 host, 1 port/);
  });

  it('--listen takes what arrives, and ends', async () => {
    const port = await freePort();
    const listening = file(
      'listening.yaml',
      `zone: UTC\nlisteners: [{ protocol: udp, host: 127.0.0.1, port: ${port} }]\n`,
    );
    const run = runForTest(['verify', '--config', listening, '--rules', rules, '--listen', '2s', '--json']);
    const sending = setInterval(
      () => void sendUdp(port, [deny(1, '192.0.2.10', 143).trim()]).catch(() => {}),
      100,
    );
    const { stdout, stderr } = await run;
    clearInterval(sending);
    expect(stderr).toContain(`listening for 2 s on udp 127.0.0.1:${port}`);
    expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({
      host: '192.0.2.10',
      logged: true,
      device: 'gw1',
    });
  });
});

describe('Coverage', () => {
  it('tells a rule with very many hosts as one row a port', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
    expect(new Coverage(ruleSet([rule('big', hosts(...many), ports(143))])).rows).toMatchObject([
      { host: '3000 hosts', many: true },
    ]);
  });
});
