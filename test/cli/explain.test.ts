import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';

const SCENARIOS = resolve(import.meta.dirname, '../../fixtures/scenarios');
const SCAN = join(SCENARIOS, 'same-port-on-three-hosts-alerts-once/input.log');
const LINES = readFileSync(SCAN, 'utf8').trimEnd().split('\n');
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-explain-'));
afterAll(() => rmSync(dir, { recursive: true }));
const config = join(dir, 'knockwatch.yaml');
writeFileSync(config, 'zone: UTC\n');
const rules = join(dir, 'rules.yaml');
writeFileSync(
  rules,
  `hosts: { lisa: 192.0.2.10 }
rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
  - id: web
    watch: { hosts: lisa, ports: [http] }
    detect: { any: {} }
`,
);
const explain = (...args: string[]) => runForTest(['explain', '--config', config, '--rules', rules, ...args]);
async function json(...args: string[]) {
  const { stdout } = await explain('--json', ...args);
  return JSON.parse(stdout);
}

describe('knockwatch explain LINE', () => {
  it('says what every stage makes of it', async () => {
    const { exitCode, stdout, stderr } = await explain(LINES[0]!);
    expect(exitCode).toBe(0);
    for (const part of [
      /^envelope +rfc3164, user\.notice \(the priority is missing\), host gw1, sequence 312, relayed by gw1$/m,
      /^stamp +\d{4}-01-24T18:47:46\.815Z \(the zone is assumed, the year is inferred\)$/m,
      /^format +cisco-ios \(Cisco IOS\)$/m,
      /^fields +denied {2}tcp {2}198\.51\.100\.7:31337 -> 192\.0\.2\.10:143 {2}rule 101$/m,
      /^time +\d{4}-01-24T18:47:46\.815Z, the device's stamp$/m,
      /^rule probe +yes: lisa \(192\.0\.2\.10\) and port 143\/tcp \(imap\) are watched, and denied counts$/m,
      /^ +address-scan: 1 of 3 watched hosts within 1 min so far$/m,
      /^rule web +no: port 143\/tcp \(imap\) is not watched$/m,
      /^decision +no mail \(condition-not-met\): /m,
    ])
      expect(stdout).toMatch(part);
    expect(stderr).toContain('--log FILE');
  });

  it('takes a line without a stamp for one that comes right after the log', async () => {
    const log = join(dir, 'two-hosts.log');
    writeFileSync(log, `${LINES.slice(0, 2).join('\n')}\n`);
    const bare = '%SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.77(143), 1 packet';
    const { stdout } = await explain(bare, '--log', log);
    expect(stdout).toMatch(/^ +address-scan: 3 of 3 watched hosts within 1 min so far$/m);
    expect(stdout).toMatch(/^time +\d{4}-01-24T18:47:.*, the time so far/m);
    expect(stdout).toMatch(/^decision +a mail \(first-sight\)/m);
  });

  it('says why a line is no attempt', async () => {
    expect(await json('hello world')).toMatchObject({
      parsed: false,
      reason: 'no parser knows this format',
      decision: { send: false, reason: 'no-attempt' },
    });
    const cut = await json(
      'Jan 24 18:47:55 fw1 kernel: [UFW BLOCK] IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.80 LEN=60 PROTO=TCP',
    );
    expect(cut).toMatchObject({ parsed: false, reason: expect.stringContaining('malformed iptables') });
  });

  it('says that nobody watches it', async () => {
    expect(await json(LINES[0]!.replace('(143)', '(22)'))).toMatchObject({
      decision: { send: false, reason: 'no-match' },
      rules: [
        { rule: 'probe', matched: false, because: 'port 22/tcp (ssh) is not watched' },
        { rule: 'web', matched: false },
      ],
    });
  });

  it('lets nothing in the line reach the terminal', async () => {
    const { stdout } = await explain(`${LINES[0]!}\x1b[31m\u202e`);
    expect(stdout).not.toContain('\x1b');
    expect(stdout).not.toContain('\u202e');
    expect(stdout).toContain('\\x1b[31m');
  });

  it('one hit is enough for a rule that asks for one', async () => {
    const explanation = await json(LINES[2]!);
    expect(explanation).toMatchObject({
      decision: { send: true, reason: 'first-sight' },
      incidents: [{ kind: 'any' }],
    });
    expect(explanation.rules[1]).toMatchObject({
      rule: 'web',
      matched: true,
      windows: ['any: one hit is enough'],
    });
  });
});

describe('knockwatch explain FILE:LINE', () => {
  it('fills the windows with the lines before it', async () => {
    const second = await json(`${SCAN}:2`);
    expect(second).toMatchObject({
      line: { text: LINES[1], number: 2 },
      decision: { reason: 'condition-not-met' },
    });
    expect(second.rules[0].windows).toEqual(['address-scan: 2 of 3 watched hosts within 1 min so far']);
  });

  it('says that this line brings the mail', async () => {
    const fourth = await json(`${SCAN}:4`);
    expect(fourth.rules[0].windows).toEqual(['address-scan: 3 of 3 watched hosts within 1 min so far']);
    expect(fourth.decision).toEqual({
      send: true,
      reason: 'first-sight',
      because: 'first mail about this source under this rule',
    });
    expect(fourth.incidents).toMatchObject([{ kind: 'address-scan', event: { count: 3 } }]);
  });

  it('says that a mail about it was sent already, when the line comes after it', async () => {
    const log = join(dir, 'late.log');
    writeFileSync(log, `${LINES.join('\n')}\n`);
    appendFileSync(log, `${LINES[3]!.replace('18:47:55', '18:48:30')}\n`);
    expect((await json(`${log}:6`)).decision).toMatchObject({ send: false, reason: 'already-alerted' });
  });

  it('says that there is no such line', async () => {
    for (const line of [99, 6]) {
      const { exitCode, stderr } = await explain(`${SCAN}:${line}`);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`has no line ${line}`);
    }
  });

  it('reads the file once when it is among the logs', async () => {
    for (const name of [SCAN, SCAN.replace('/input.log', '/./input.log')]) {
      const second = await json(`${SCAN}:2`, '--log', name);
      expect(second.rules[0].windows).toEqual(['address-scan: 2 of 3 watched hosts within 1 min so far']);
      expect(second.decision).toMatchObject({ send: false, reason: 'condition-not-met' });
    }
  });

  it('reads other logs up to the time of the line', async () => {
    const one = join(dir, 'gw1.log');
    const other = join(dir, 'gw2.log');
    writeFileSync(one, `${LINES[1]}\n`);
    writeFileSync(other, `${LINES[0]}\n${LINES[3]}\n`);
    expect((await json(`${one}:1`, '--log', other)).rules[0].windows).toEqual([
      'address-scan: 2 of 3 watched hosts within 1 min so far',
    ]);
  });

  it.each([
    ['a file without a line', SCAN, `${SCAN}: which line of it? Write ${SCAN}:NUMBER`],
    ['line 0', `${SCAN}:0`, `${SCAN}: lines are counted from 1. Write`],
    ['a file that is not there', join(dir, 'gone.log'), 'gone.log: there is no such file'],
  ])('takes %s for no log line', async (_, argument, told) => {
    const { exitCode, stderr } = await explain(argument);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(told) });
  });

  it('reads rotated files first with --log', async () => {
    const older = join(dir, 'router.log.1');
    const newer = join(dir, 'router.log');
    writeFileSync(older, `${LINES.slice(0, 2).join('\n')}\n`);
    writeFileSync(newer, `${LINES.slice(2).join('\n')}\n`);
    expect((await json(`${newer}:2`)).decision).toMatchObject({ send: false });
    expect((await json(`${newer}:2`, '--log', older)).decision).toMatchObject({
      send: true,
      reason: 'first-sight',
    });
  });
});

describe('knockwatch explain -', () => {
  it('takes the first line of standard input, and does not wait for more', async () => {
    const main = resolve(import.meta.dirname, '../../dist/main.js');
    const child = spawn(process.execPath, [main, 'explain', '--config', config, '--rules', rules, '-']);
    const printed: string[] = [];
    child.stdout.on('data', (chunk) => printed.push(String(chunk)));
    // The input stays open, as that of `tail -f` does.
    child.stdin.write(`\n${LINES[1]}\n${LINES[0]}\n`);
    const [exitCode] = await once(child, 'close');
    expect(exitCode).toBe(0);
    expect(
      printed
        .join('')
        .replace(/^line +/, '')
        .split('\n', 1),
    ).toEqual([LINES[1]]);
  });
});

describe('knockwatch explain LINE --log FILE', () => {
  it('stops at the line when it is in the file, else it comes after all of it', async () => {
    const inside = await json(LINES[1]!, '--log', SCAN);
    expect(inside.rules[0].windows).toEqual(['address-scan: 2 of 3 watched hosts within 1 min so far']);
    const after = await json(
      LINES[3]!.replace('192.0.2.80', '192.0.2.99').replace('18:47:55', '18:47:59'),
      '--log',
      SCAN,
    );
    expect(after.rules[0].windows).toEqual(['address-scan: 4 of 3 watched hosts within 1 min so far']);
    expect(after.incidents).toMatchObject([{ event: { count: 5 } }]);
  });

  it('says which file can not be read', async () => {
    const { exitCode, stderr } = await explain(LINES[0]!, '--log', join(dir, 'nowhere.log'));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('nowhere.log');
  });
});
