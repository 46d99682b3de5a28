import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-report-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const rules = file(
  'rules.yaml',
  'rules:\n  - id: probe\n    severity: high\n    watch: { hosts: [192.0.2.0/24], ports: [imap, http] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n',
);
const deny = (minute: number, second: number, host: number, source: string, port = 143) =>
  `2026-01-24T${String(10 + Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:${String(second).padStart(2, '0')}Z gw1 %SEC-6-IPACCESSLOGP: list 101 denied tcp ${source}(31337) -> 192.0.2.${host}(${port}), 1 packet\n`;
const scan = (minute: number, source: string) =>
  [10, 11, 12].map((host, i) => deny(minute, i, host, source)).join('');
const config = (text: string) => file('knockwatch.yaml', `zone: UTC\n${text}`);
const replay = async (log: string, settings = '') =>
  (await runForTest(['replay', '--config', config(settings), '--rules', rules, log])).stdout;

describe('the report of knockwatch replay', () => {
  it('lists the mails that would have been sent, with time, severity and verdict', async () => {
    const stdout = await replay(file('one.log', scan(0, '198.51.100.7')));
    expect(stdout).toContain('  1 would have been sent:\n');
    expect(stdout).toMatch(
      / 2026-01-24T10:00:02Z +high +198\.51\.100\.7 tried imap on 3 watched hosts in 2 s\n/,
    );
  });

  it('says what each rule caught, and what to try when there would be too many mails', async () => {
    const few = await replay(
      file('rules.log', `${scan(0, '198.51.100.7')}${deny(9, 0, 10, '198.51.100.9')}`),
    );
    expect(few).toMatch(/RULE +SEVERITY +HITS +INCIDENTS +MAILS\n {2}probe +high +4 +1 +1\n\nMails/);
    const log = Array.from({ length: 30 }, (_, i) => scan(i, `198.51.100.${i + 1}`)).join('');
    const many = await replay(file('too-many.log', log), 'budget: { perChannel: { mails: 4, per: 1h } }\n');
    expect(many).toMatch(
      /probe +high +90 +30 +\d\n {2}More than the budget allows: knockwatch tune --rule probe/,
    );
  });

  it('one source under two rules is one mail at the end of a log, too', async () => {
    const two = file(
      'two.yaml',
      ['probe', 'same']
        .map(
          (id) =>
            `  - { id: ${id}, severity: high, watch: { hosts: any, ports: [imap] }, detect: { address-scan: { hosts: 3, within: 60s } } }\n`,
        )
        .reduce((text, rule) => text + rule, 'rules:\n'),
    );
    const log = file('end.log', scan(0, '198.51.100.7'));
    const { stdout } = await runForTest(['replay', '--config', config(''), '--rules', two, log]);
    expect(stdout).toContain('  1 would have been sent:');
    expect(stdout).toContain('Not mailed: 1 about a source that was mailed about already.');
  });

  it('lists mails in the order they go out', async () => {
    const log = file(
      'order.log',
      `${deny(0, 0, 10, '198.51.100.7')}${deny(0, 1, 11, '198.51.100.7')}${deny(0, 2, 12, '198.51.100.7')}${scan(1, '198.51.100.8')}`,
    );
    const times = (await replay(log)).match(/^ {4}2026-\S+/gm)!;
    expect(times).toHaveLength(2);
    expect(times).toEqual([...times].sort());
  });

  it('says so when there would have been none', async () => {
    const stdout = await replay(file('typo.log', deny(0, 0, 10, '198.51.100.7')));
    expect(stdout).toContain('None would have been sent.');
    expect(stdout).toContain('1 source knocked (1 line) and made no incident.');
  });

  it('holds to the budget, by the time in the logs, and counts the digest', async () => {
    const log = file(
      'many.log',
      Array.from({ length: 30 }, (_, i) => scan(i, `198.51.100.${i + 1}`)).join(''),
    );
    const stdout = await replay(log, 'budget: { perChannel: { mails: 4, per: 1h } }\n');
    const mails = stdout.split('\n').filter((line) => /^ {4}2026-/.test(line));
    expect(mails.length).toBeLessThan(10);
    expect(mails.some((line) => line.includes('incidents that were over the budget (digest)'))).toBe(true);
    expect(stdout).toMatch(/Not mailed: 2\d over the budget, told in a digest\./);
  });

  it('has room in the budget again when the logs say that an hour has gone by', async () => {
    const log = file(
      'slow.log',
      Array.from({ length: 4 }, (_, i) => scan(i * 90, `198.51.100.${i + 1}`)).join(''),
    );
    expect(await replay(log, 'budget: { perChannel: { mails: 2, per: 1h } }\n')).toContain(
      '4 would have been sent',
    );
  });

  it('names who was denied most without making an incident', async () => {
    const noise = Array.from({ length: 5 }, (_, i) => deny(20 + i, 0, 200, '203.0.113.9', 80)).join('');
    const stdout = await replay(file('noise.log', scan(0, '198.51.100.7') + noise));
    expect(stdout).toContain('8 denied lines, 8 at watched hosts and ports.');
    expect(stdout).toContain('1 source knocked (5 lines) and made no incident.');
    expect(stdout).toMatch(/Most from: +203\.0\.113\.9 5\n/);
    expect(stdout).toMatch(/Most tried: http \(80\/tcp\) 5, imap \(143\/tcp\) 3\n/);
  });

  it('lets no escape sequence of a log through', async () => {
    const evil =
      '2026-01-24T10:00:00Z gw1 imapd[1]: refused connect from \u001b]0;evil\u0007host.example.net\n';
    expect(await replay(file('evil.log', evil.repeat(3)))).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });

  it('is not part of --json', async () => {
    const { stdout } = await runForTest([
      'replay',
      '--json',
      '--config',
      config(''),
      '--rules',
      rules,
      file('json.log', scan(0, '198.51.100.7')),
    ]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout).kind).toBe('address-scan');
  });
});
