import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-replay-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const rules = file(
  'rules.yaml',
  'rules:\n  - id: probe\n    severity: high\n    watch: { hosts: [192.0.2.0/24], ports: [imap, http] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n',
);
/** One denied packet as a router's syslog writes it. */
const deny = (second: number, host: number, port = 143, source = '198.51.100.7') =>
  `Jan 24 18:${String(47 + Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')} gw1 4501: %SEC-6-IPACCESSLOGP: list 101 denied tcp ${source}(31337) -> 192.0.2.${host}(${port}), 1 packet\n`;
const scan = (start: number, source?: string, port?: number) =>
  [10, 11, 12].map((host, i) => deny(start + i * 2, host, port, source)).join('');
const replay = (...args: string[]) => runForTest(['replay', '--rules', rules, '--config', config, ...args]);
const config = file('knockwatch.yaml', 'zone: UTC\n');
const year =
  new Date().getUTCFullYear() -
  (new Date() < new Date(`${new Date().getUTCFullYear()}-01-25T00:00:00Z`) ? 1 : 0);

describe('knockwatch replay --json', () => {
  it('prints one object per incident and nothing else; totals go to stderr', async () => {
    const { exitCode, stdout, stderr } = await replay('--json', file('one.log', scan(0)));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'address-scan',
      rule: { id: 'probe' },
      source: { ip: ['198.51.100.7'] },
      destination: { ip: ['192.0.2.10', '192.0.2.11', '192.0.2.12'], port: [143] },
      network: { transport: 'tcp' },
      event: { start: `${year}-01-24T18:47:00.000Z`, end: `${year}-01-24T18:47:04.000Z`, count: 3 },
      severity: 'high',
      reason: expect.stringContaining('3 watched hosts within 4 s'),
    });
    expect(stderr).toContain('3 attempts (cisco-ios 3), 3 on watched hosts and ports, 1 incident');
  });

  it('prints incidents in order of opening', async () => {
    // The first to open goes on for longest, so it is the last to close.
    const log = [
      scan(0, '203.0.113.1'),
      scan(20, '203.0.113.2'),
      deny(400, 13, 143, '203.0.113.1'),
      scan(500, '203.0.113.3'),
    ].join('');
    const { stdout } = await replay('--json', file('order.log', log));
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).source.ip[0]),
    ).toEqual(['203.0.113.1', '203.0.113.2', '203.0.113.3']);
  });

  it('prints nothing for two hosts', async () => {
    expect(await replay('--json', file('two.log', deny(0, 10) + deny(1, 11)))).toMatchObject({
      exitCode: 0,
      stdout: '',
    });
  });

  it('reads gzip by its content, whatever its name, and a log whatever its', async () => {
    expect((await replay('--json', file('packed.log', gzipSync(scan(0))))).stdout).toContain('"count":3');
    expect((await replay('--json', file('text.log.gz', scan(0)))).stdout).toContain('"count":3');
  });

  it('merges files by time, in whatever order they are given', async () => {
    const odd = file('odd.log', deny(0, 10) + deny(40, 12));
    const even = file('even.log', deny(20, 11));
    for (const order of [
      [odd, even],
      [even, odd],
    ])
      expect((await replay('--json', ...order)).stdout).toContain('"count":3');
  });

  it('reads rotated files in any order without a false alarm', async () => {
    const older = file('syslog.1', deny(0, 10) + deny(10, 11));
    const newer = file('syslog', deny(80, 12));
    expect((await replay('--json', newer, older)).stdout).toBe('');
  });

  it('takes the last line without a line end, CR LF, empty lines and a line of a megabyte', async () => {
    const log = `${'A'.repeat(3 << 20)}\n\n${scan(0).replaceAll('\n', '\r\n').trimEnd()}`;
    const { stdout, stderr } = await replay('--json', file('odd-lines.log', log));
    expect(stdout).toContain('"count":3');
    expect(stderr).toContain('lines cut at the size limit');
  });

  it('goes over the end of a year, and knows February 29', async () => {
    const log = `Dec 31 23:59:58 gw1 %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(1) -> 192.0.2.10(143), 1 packet
Dec 31 23:59:59 gw1 %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(1) -> 192.0.2.11(143), 1 packet
Jan  1 00:00:01 gw1 %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(1) -> 192.0.2.12(143), 1 packet
`;
    const { stdout } = await replay('--json', file('new-year.log', log));
    const { start, end } = JSON.parse(stdout).event;
    expect(Date.parse(end) - Date.parse(start)).toBe(3_000);
  });

  it('counts what a summary line stands for', async () => {
    const log = scan(0) + deny(5, 12).replace('1 packet', '57 packets');
    expect(JSON.parse((await replay('--json', file('summary.log', log))).stdout).event.count).toBe(60);
  });

  it('multiplies by "last message repeated", and it is still one host', async () => {
    const log = `${deny(0, 10)}Jan 24 18:47:01 gw1 last message repeated 42 times\n`;
    expect((await replay('--json', file('repeated.log', log))).stdout).toBe('');
    expect(
      JSON.parse((await replay('--json', file('repeated2.log', log + deny(2, 11) + deny(3, 12)))).stdout)
        .event.count,
    ).toBe(45);
  });
});

describe('knockwatch replay for people', () => {
  it('prints a table', async () => {
    const { stdout } = await replay(file('table.log', scan(0) + scan(10, '203.0.113.9', 80)));
    expect(stdout.split('\n')[0]).toMatch(/^OPENED +SEVERITY +KIND +SOURCE +PORTS +HOSTS +PACKETS +RULE$/);
    expect(stdout).toMatch(/high +address-scan +198\.51\.100\.7 +imap +3 +3 +probe/);
    expect(stdout).toMatch(/203\.0\.113\.9 +http /);
  });

  it('says which prefix has no verdict, and what to do', async () => {
    const log =
      'Jan 24 18:47:00 fw1 kernel: [1.000000] MYFW: IN=eth0 OUT= MAC= SRC=198.51.100.7 DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=1 DF PROTO=TCP SPT=40000 DPT=143 WINDOW=64240 RES=0x00 SYN URGP=0\n';
    expect((await replay(file('verdict.log', log))).stderr).toMatch(
      /1 line without a verdict.*prefixes.*MYFW/,
    );
  });

  it('--fail-on-incident: exit code 3', async () => {
    expect(await replay('--fail-on-incident', file('fail.log', scan(0)))).toMatchObject({ exitCode: 3 });
    expect(await replay('--fail-on-incident', file('ok.log', deny(0, 10)))).toMatchObject({ exitCode: 0 });
  });
});

describe('knockwatch replay misused', () => {
  it.each([
    ['without a file', ['replay'], 2, /missing required argument/],
    ['with a file that is not there', ['replay', 'nowhere.log'], 2, /nowhere\.log/],
    ['with a directory', ['replay', dir], 2, /is a directory/],
    ['with rules that are not there', ['replay', '--rules', join(dir, 'none'), config], 2, /does not exist/],
    ['with an unknown option', ['replay', '--ruels', rules, config], 2, /--rules/],
    ['a verb that does not exist', ['replya'], 2, /Did you mean replay/],
  ])('%s: exit code 2 and what to do', async (_, args, exitCode, message) => {
    const run = await runForTest(args);
    expect(run.exitCode).toBe(exitCode);
    expect(run.stderr).toMatch(message);
  });

  it.each([
    ['xz', Buffer.from('\xfd7zXZ\0\0\x04', 'latin1'), 'xzcat'],
    ['bzip2', Buffer.from('BZh91AY&SY\x8b', 'latin1'), 'bzcat'],
    ['zstd', Buffer.from('\x28\xb5\x2f\xfd\x04', 'latin1'), 'zstdcat'],
  ])('a log packed with %s: how to unpack it', async (by, bytes, unpack) => {
    const path = join(dir, `packed.${by}`);
    writeFileSync(path, bytes);
    const { exitCode, stderr } = await runForTest(['replay', path]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining(
        `${path} is packed with ${by}; unpack it: ${unpack} ${path} | knockwatch replay -`,
      ),
    });
  });

  it('a gzip file that ends too early: what could be read is judged, then exit code 1', async () => {
    const packed = gzipSync(
      Array.from({ length: 2_000 }, (_, i) => deny(i % 600, 200, 25, `203.0.113.${i % 250}`)).join('') +
        scan(0),
    );
    const { exitCode, stderr } = await replay(
      '--json',
      file('torn.log.gz', packed.subarray(0, packed.length - 30)),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/torn\.log\.gz: unpacking stopped after \d+ bytes/);
  });

  it('a gzip file of several members, as rotation and cat make it, is read to its end', async () => {
    const members = [deny(0, 10), deny(2, 11), deny(4, 12)].map((line) => gzipSync(line));
    const { exitCode, stdout } = await replay('--json', file('members.log.gz', Buffer.concat(members)));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('"count":3');
  });

  it('a gzip file with a wrong checksum: what could be read is judged, then exit code 1', async () => {
    const packed = gzipSync(scan(0));
    packed[packed.length - 8]! ^= 1;
    const { exitCode, stdout, stderr } = await replay('--json', file('crc.log.gz', packed));
    expect(exitCode).toBe(1);
    expect(stdout).toContain('"count":3');
    expect(stderr).toMatch(/crc\.log\.gz: unpacking stopped after \d+ bytes: incorrect data check/);
  });

  it('garbage behind a gzip file takes nothing away from it', async () => {
    for (const garbage of [Buffer.alloc(100), Buffer.from('garbage'), Buffer.from('1f8b00', 'hex')]) {
      const packed = file('garbage.log.gz', Buffer.concat([gzipSync(scan(0)), garbage]));
      expect((await replay('--json', packed)).stdout).toContain('"count":3');
    }
  });

  it('a gzip bomb is refused', async () => {
    const { exitCode, stderr } = await replay('--json', file('bomb.gz', gzipSync(Buffer.alloc(300 << 20))));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('grows more than');
  });
});
