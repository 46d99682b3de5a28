import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import { denied } from '../support/timeline.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-tune-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = (name: string, text: string) => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const config = file('knockwatch.yaml', 'zone: UTC\ncorrelation: { quiet: 5m }\n');
const rule = (id: string, detect: string, ports = 'imap') =>
  `  - id: ${id}\n    watch: { hosts: 192.0.2.0/24, ports: [${ports}] }\n    detect: ${detect}\n`;
const scan = (hosts: number, within: string) => `{ address-scan: { hosts: ${hosts}, within: ${within} } }`;
const rules = file('rules.yaml', `rules:\n${rule('probe', scan(3, '60s'))}`);

/** Sources that try 2 to 9 hosts at paces of 1 to 60 seconds, some lines out of order, and packets to nobody. */
const START = Date.parse('2026-01-24T17:00:00Z');
const events: [atMs: number, line: string][] = [];
for (let i = 0; i < 60; i++) {
  for (let h = 0; h < 2 + (i % 8); h++) {
    const atMs = START + i * 20_000 + h * (1 + ((i * 7) % 60)) * 1_000;
    events.push([atMs + ((i * h) % 3) * 900, denied(`198.51.100.${i}`, `192.0.2.${h}`, 143)(atMs)]);
  }
}
for (let n = 0; n < 500; n++)
  events.push([START + n * 3_000, denied('203.0.113.1', '10.0.0.1', 22)(START + n * 3_000)]);
const lines = events.sort((a, b) => a[0] - b[0]).map(([, line]) => `${line}\n`);
const log = file('router.log', lines.join(''));

const tune = (...args: string[]) => runForTest(['tune', '--config', config, '--rules', rules, ...args]);

describe('knockwatch tune', () => {
  it('counts what a replay with each setting counts', { timeout: 60_000 }, async () => {
    const { exitCode, stdout } = await tune('--hosts', '2..6', '--within', '10s..10m', '--json', log);
    expect(exitCode).toBe(0);
    const { settings, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      rule: 'probe',
      kind: 'address-scan',
      lines: lines.length,
      hits: lines.length - 500,
    });
    expect(settings).toHaveLength(5 * 7);
    const counts = new Set<number>();
    for (const { hosts, within, incidents, today } of settings) {
      const other = file('other.yaml', `rules:\n${rule('probe', scan(hosts, within))}`);
      const replayed = await runForTest(['replay', '--config', config, '--rules', other, '--json', log]);
      expect(incidents, `${hosts} hosts within ${within}`).toBe(replayed.stdout.split('\n').length - 1);
      expect(today).toBe(hosts === 3 && within === '1m');
      counts.add(incidents);
    }
    expect(counts.size).toBeGreaterThan(10);
  });

  it('counts today what a replay counts of a rule that has slower detectors too', {
    timeout: 60_000,
  }, async () => {
    const both =
      '{ address-scan: { hosts: 3, within: 10s }, port-scan: { ports: 2, within: 2h }, repeat: { count: 3, within: 10s } }';
    const two = file('two.yaml', `rules:\n${rule('probe', both, '"1-1024"')}`);
    // Three hosts within seconds, and again half an hour later: one incident, since two hours of silence end it.
    const twice = [0, 1_800].flatMap((second) =>
      [1, 2, 3].map((host) => {
        const atMs = START + (second + host) * 1_000;
        return `${denied('198.51.100.7', `192.0.2.${host}`, 143)(atMs)}\n`;
      }),
    );
    const path = file('twice.log', twice.join(''));
    const replayed = await runForTest(['replay', '--config', config, '--rules', two, '--json', path]);
    const kinds = replayed.stdout
      .trim()
      .split('\n')
      .filter((line) => line.includes('"address-scan"'));
    expect(kinds).toHaveLength(1);
    const tuned = await runForTest([
      'tune',
      '--config',
      config,
      '--rules',
      two,
      '--hosts',
      '3',
      '--within',
      '10s',
      '--json',
      path,
    ]);
    expect(JSON.parse(tuned.stdout).settings).toEqual([
      { hosts: 3, within: '10s', incidents: 1, today: true },
    ]);
  });

  it('chooses whole seconds around a window that has no sixth of them', async () => {
    const ten = file('ten.yaml', `rules:\n${rule('probe', scan(3, '10s'))}`);
    const { exitCode, stdout, stderr } = await runForTest([
      'tune',
      '--config',
      config,
      '--rules',
      ten,
      '--hosts',
      '3',
      '--json',
      log,
    ]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const spans = JSON.parse(stdout).settings.map(({ within }: { within: string }) => within);
    expect(spans).toEqual(['2s', '5s', '10s', '20s', '30s', '1m', '2m', '5m', '10m']);
  });

  it('prints a table with the setting of today in brackets and the counts shaded', async () => {
    const { stdout } = await tune('--hosts', '2,3', '--within', '10s,60s', log);
    expect(stdout).toMatch(
      /^probe, address-scan: incidents by hosts and window, from \d+ matching lines of \d+\n\nhosts +10s +1m\n +2 +\d+ [.:+#] +\d+ #\n +3 +\d+ [.:+#] +\[\d+\][.:+#]\n\n\[ \] is the setting of today; from few to many: \. : \+ #\n$/,
    );
  });

  it('paints the cells where there is colour', async () => {
    const { stdout } = await runForTest(
      ['tune', '--config', config, '--rules', rules, '--hosts', '2..6', '--within', '1m', log],
      {
        FORCE_COLOR: '1',
      },
    );
    expect(stdout).toContain('\x1b[41m');
    expect(stdout).not.toContain('#');
  });

  it('shows the setting of today though nobody asked for it, and steps around it when nothing was asked for', async () => {
    const { stdout } = await tune('--hosts', '5..6', '--within', '10s', '--json', log);
    expect(JSON.parse(stdout).settings.filter((setting: { today: boolean }) => setting.today)).toHaveLength(
      1,
    );
    const all = JSON.parse((await tune('--json', log)).stdout).settings as {
      hosts: number;
      within: string;
    }[];
    expect([...new Set(all.map(({ hosts }) => hosts))]).toEqual([2, 3, 4, 5, 6]);
    expect(new Set(all.map(({ within }) => within)).size).toBeGreaterThan(5);
  });

  it('tunes the other detectors by their own thresholds', async () => {
    const several = file(
      'several.yaml',
      `rules:\n${rule('probe', scan(3, '60s'))}${rule('ports', '{ port-scan: { ports: 5, within: 60s }, repeat: { count: 9, within: 60s } }', 'any')}${rule('trap', '{ any: {} }', '22')}`,
    );
    const run = (...args: string[]) =>
      runForTest(['tune', '--config', config, '--rules', several, '--json', ...args, log]);
    expect(JSON.parse((await run('--ports', '2..5')).stdout)).toMatchObject({
      rule: 'ports',
      kind: 'port-scan',
    });
    expect(JSON.parse((await run('--count', '2..5')).stdout)).toMatchObject({
      rule: 'ports',
      kind: 'repeat',
    });
    const unclear = await run();
    expect(unclear.exitCode).toBe(2);
    expect(unclear.stderr).toContain(
      '--rule probe --hosts (address-scan), or --rule ports --ports (port-scan), or --rule ports --count (repeat)',
    );
    expect((await run('--rule', 'nobody')).stderr).toContain(
      'no rule is called nobody; there are probe, ports, trap',
    );
    expect((await run('--rule', 'trap')).stderr).toContain('`any` has no threshold');
    expect((await run('--sources', '2..3')).stderr).toContain('nothing is detected by sources');
    expect((await run('--hosts', '2', '--ports', '2')).stderr).toContain(
      'one threshold at a time: --hosts or --ports',
    );
  });

  it.each([
    ['--hosts', '6..2'],
    ['--hosts', '0..2'],
    ['--hosts', 'x'],
    ['--hosts', '2..4..6'],
    ['--within', '10'],
    ['--within', '1h..10s'],
    ['--within', '99d'],
  ])('refuses %s %s', async (option, value) => {
    const { exitCode, stdout, stderr } = await tune(option, value, log);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(value.includes('..') ? '' : value);
  });

  it('refuses a threshold no rule can have, and names a file that is not there', async () => {
    expect((await tune('--hosts', '1..3', log)).stderr).toContain('--hosts begins at 2');
    const missing = await tune(join(dir, 'nowhere.log'));
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toContain('nowhere.log');
  });
});
