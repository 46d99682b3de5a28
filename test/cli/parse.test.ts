import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-parse-'));
afterAll(() => rmSync(dir, { recursive: true }));

const LOG = `<190>112: Mar  1 2026 00:41:07.113 UTC: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 2 packets

Mar  1 00:41:08 fw1 kernel: [7.000001] DROP IN=eth0 OUT= MAC= SRC=2001:db8::7 DST=2001:db8::53 LEN=60 TC=0 HOPLIMIT=51 FLOWLBL=0 PROTO=ICMPv6 TYPE=128 CODE=0 ID=1 SEQ=1
Mar  1 00:41:09 gw1 %SEC-6-IPACCESSLOGRL: access-list logging rate-limited or missed 23 packets
hello
Mar  1 00:41:10 fw1 kernel: [8.000001] DROP IN=eth0 OUT= MAC= SRC=198.51.100.300 DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=1 PROTO=TCP SPT=1 DPT=143 WINDOW=1 RES=0x00 FIN URGP=0
\u001b[2J\u202eevil
`;
const log = join(dir, 'a.log');
writeFileSync(log, LOG);
const config = join(dir, 'knockwatch.yaml');
writeFileSync(config, 'zone: UTC\n');

describe('knockwatch parse --json', () => {
  it('prints one object per line of input, in order, absent fields absent', async () => {
    const { exitCode, stdout } = await runForTest(['parse', '--config', config, '--json', log]);
    expect(exitCode).toBe(0);
    const objects = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(objects.map(({ line, parsed }) => [line, parsed])).toEqual([
      [1, true],
      [2, false],
      [3, true],
      [4, false],
      [5, false],
      [6, false],
      [7, false],
    ]);
    expect(objects[0]).toEqual({
      line: 1,
      parsed: true,
      '@timestamp': '2026-03-01T00:41:07.113Z',
      event: { action: 'denied', kind: 'event', category: 'network' },
      network: { transport: 'tcp', iana_number: '6' },
      source: { ip: '198.51.100.7', port: 31_337 },
      destination: { ip: '192.0.2.10', port: 143 },
      observer: { vendor: 'Cisco', product: 'IOS' },
      rule: { name: '101' },
      knockwatch: { parser: 'cisco-ios', count: 2, timeSource: 'device' },
    });
    expect(objects[2]).toMatchObject({
      source: { ip: '2001:db8::7' },
      network: { transport: 'ipv6-icmp', iana_number: '58' },
      observer: { hostname: 'fw1', ingress: { interface: { name: 'eth0' } } },
      knockwatch: { icmp: { type: 128, code: 0 } },
    });
    expect(objects[2].source).not.toHaveProperty('port');
    expect(objects[3].reason).toMatch(/loss.*rate-limited/);
    expect(objects[4].reason).toBe('no parser knows this format');
    expect(objects[5].reason).toMatch(/malformed iptables/);
  });

  it('lets no control character or bidirectional mark through, to a pipe either', async () => {
    for (const args of [[], ['--json']]) {
      const { stdout } = await runForTest(['parse', ...args, log]);
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    }
  });
});

describe('knockwatch parse', () => {
  it('says on one line what each line is read as', async () => {
    const { stdout } = await runForTest(['parse', '--config', config, log]);
    expect(stdout.split('\n')[0]).toBe(
      '2026-03-01T00:41:07.113Z  cisco-ios  denied  tcp  198.51.100.7:31337 -> 192.0.2.10:143  rule 101  x2',
    );
  });
});

describe('knockwatch version', () => {
  it('prints the version', async () => {
    expect((await runForTest(['version'])).stdout).toMatch(/^knockwatch \d+\.\d+\.\d+\n$/);
    expect(JSON.parse((await runForTest(['version', '--json'])).stdout)).toHaveProperty('node');
  });
});

describe('knockwatch check', () => {
  it('says ok for what ships', async () => {
    expect(await runForTest(['check', '--rules', 'rules'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^ok: \d+ rules/),
    });
  });

  it('exit code 2, with file, line, column and the nearest valid word', async () => {
    const rules = join(dir, 'bad.yaml');
    writeFileSync(
      rules,
      'rules:\n  - id: a\n    watch: { hosts: any, port: [imap] }\n    detect: { any: {} }\n',
    );
    const plain = await runForTest(['check', '--rules', rules]);
    expect(plain.exitCode).toBe(2);
    expect(plain.stderr).toMatch(/bad\.yaml:3:26: error: .*`port`.*`ports`/);
    const json = await runForTest(['check', '--json', '--rules', rules]);
    expect(JSON.parse(json.stdout.split('\n')[0]!)).toMatchObject({
      file: rules,
      line: 3,
      column: 26,
      level: 'error',
    });
  });
});

describe('knockwatch --help', () => {
  it('names every verb, and each has examples', async () => {
    const { stdout, exitCode } = await runForTest(['--help']);
    expect(exitCode).toBe(0);
    for (const verb of ['run', 'replay', 'parse', 'check', 'version']) {
      expect(stdout).toContain(verb);
      expect((await runForTest([verb, '--help'])).exitCode).toBe(0);
    }
  });
});
