import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/cli.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { loadRules } from '../../src/rules/load.ts';
import { runForTest } from '../support/cli.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'knockwatch-init-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const configFile = () => join(dir, 'knockwatch.yaml');
const rulesFile = () => join(dir, 'rules/my-network.yaml');

/** Runs `init` with these lines typed. */
async function init(typed: readonly string[], ...args: string[]) {
  const out: string[] = [];
  const write = (text: string) => out.push(text) > 0;
  const exitCode = await runCli(['--config', configFile(), 'init', ...args], {
    stdout: { write },
    stderr: { write },
    env: { NO_COLOR: '1' },
    stdin: Readable.from([typed.map((line) => `${line}\n`).join('')]),
  });
  return { exitCode, text: out.join('') };
}

/** What `check` says, and what the two files mean. */
async function written() {
  expect(await runForTest(['--config', configFile(), 'check'])).toMatchObject({ exitCode: 0, stderr: '' });
  const { config } = loadConfig(configFile(), {});
  const { ruleSet } = await loadRules(rulesFile());
  return { config: config!, rule: ruleSet!.rules[0]!, names: ruleSet!.names };
}

describe('knockwatch init', () => {
  it('asks, and writes what passes check', async () => {
    const { exitCode, text } = await init([
      'lisa=192.0.2.10, ns1=192.0.2.53+2001:db8::53 198.51.100.0/28',
      'imap smb/139, 6000-6063',
      'noc@example.net',
      'smtp://watch@mail.example.net:587',
    ]);
    expect(exitCode).toBe(0);
    expect(text).toContain('self-test');
    const { config, rule, names } = await written();
    expect(config.channels).toMatchObject([
      {
        kind: 'email',
        via: 'smtp://watch@mail.example.net:587',
        to: ['noc@example.net'],
        from: 'knockwatch@example.net',
      },
    ]);
    expect(rule).toMatchObject({
      id: 'my-network',
      hosts: { addresses: ['192.0.2.10', '192.0.2.53', '2001:db8::53'], networks: ['198.51.100.0/28'] },
      detect: [{ kind: 'address-scan', hosts: 3, withinMs: 60_000 }],
    });
    expect(rule.ports.ranges).toHaveLength(3);
    expect(names.get('192.0.2.10')).toBe('lisa');
  });

  it('asks again when an answer can not be used, and says why', async () => {
    const { exitCode, text } = await init(['lisa=192.0.2.300', 'any', 'imapp', 'imap', 'nobody', '', '']);
    expect(exitCode).toBe(0);
    expect(text).toMatch(/192\.0\.2\.300.*is not an IP address/);
    expect(text).toMatch(/unknown service `imapp`/);
    expect(text).toContain('"nobody" is not a mail address');
    await written();
  });

  it('says which other rule files hold, and where the password of the mail server goes', async () => {
    mkdirSync(join(dir, 'rules'));
    writeFileSync(join(dir, 'rules/classic-probe.yaml'), 'rules: []\n');
    writeFileSync(join(dir, 'rules/notes.txt'), '');
    const args = ['--yes', '--mail-to', 'noc@example.net', '--smtp', 'smtp://watch@mail.example.net:587'];
    const { text } = await init([], ...args);
    expect(text).toContain(`Read as well, from ${join(dir, 'rules')}: classic-probe.yaml. Move away`);
    expect(text).toContain('$KNOCKWATCH_SMTP_PASSWORD');
    expect((await init([], '--force', '--yes')).text).not.toContain('PASSWORD');
  });

  it('gives up on somebody who never answers right', async () => {
    expect(await init(['x', 'x', 'x', 'x', 'x', 'x'])).toMatchObject({ exitCode: 2 });
    expect(existsSync(configFile())).toBe(false);
  });

  it('takes an empty answer, and the end of input, as the default', async () => {
    expect(await init([])).toMatchObject({ exitCode: 0 });
    const { config, rule } = await written();
    expect(rule.hosts.any).toBe(true);
    expect(config.channels).toMatchObject([{ via: 'mailbox' }]);
  });

  it.each([
    [
      'one host: several ports make a probe',
      'lisa=192.0.2.10',
      'imap, login, http',
      { kind: 'port-scan', ports: 3 },
    ],
    ['one host and port: so does the first sight', '192.0.2.10', 'telnet', { kind: 'any' }],
    ['two hosts: both', 'a=192.0.2.10 b=192.0.2.11', 'imap', { kind: 'address-scan', hosts: 2 }],
    ['a network: three of it', '192.0.2.0/24', 'imap', { kind: 'address-scan', hosts: 3 }],
    [
      'no=192.0.2.1 is a name, not a boolean',
      'no=192.0.2.1 on=192.0.2.2',
      'imap',
      { kind: 'address-scan', hosts: 2 },
    ],
  ])('%s', async (_, hosts, ports, detect) => {
    expect(await init([], '--yes', '--hosts', hosts, '--ports', ports)).toMatchObject({ exitCode: 0 });
    expect((await written()).rule.detect).toMatchObject([detect]);
  });

  it.each([
    ['--hosts', 'a=192.0.2.1 a=192.0.2.2', /named twice/],
    ['--hosts', 'a"b=192.0.2.1', /is not a name/],
    ['--ports', '', /at least one port/],
    ['--mail-to', 'x@y z', /is not a mail address/],
    ['--smtp', 'mail.example.net', /smtp:\/\//],
    ['--smtp', 'smtp://user:secret@mail.example.net', /KNOCKWATCH_SMTP_PASSWORD/],
  ])('refuses %s %s from a script at once', async (flag, value, message) => {
    const { exitCode, text } = await init([], '--yes', flag, value);
    expect(exitCode).toBe(2);
    expect(text).toMatch(message);
    expect(existsSync(configFile())).toBe(false);
  });

  it('replaces nothing unless somebody says so', async () => {
    mkdirSync(join(dir, 'rules'));
    writeFileSync(rulesFile(), '# mine\n');
    expect(await init([], '--yes')).toMatchObject({
      exitCode: 1,
      text: expect.stringContaining('left as it was'),
    });
    expect(await init([''])).toMatchObject({ exitCode: 1 });
    expect(await init(['no'])).toMatchObject({ exitCode: 1 });
    expect(readFileSync(rulesFile(), 'utf8')).toBe('# mine\n');
    expect(existsSync(configFile())).toBe(false);
    expect(await init(['maybe', 'yes'])).toMatchObject({ exitCode: 0 });
    expect(await init([], '--yes', '--force', '--ports', 'telnet')).toMatchObject({ exitCode: 0 });
    await written();
  });
});
