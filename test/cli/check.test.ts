import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CliRun, runForTest } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-check-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const config = join(dir, 'knockwatch.yaml');
const rules = join(dir, 'office.yaml');
writeFileSync(
  rules,
  'rules:\n  - id: a\n    watch: { hosts: any, ports: [imap] }\n    detect: { any: {} }\n',
);

function run(verb: 'check' | 'run', text: string, ...more: string[]): Promise<CliRun> {
  writeFileSync(config, text);
  return runForTest([verb, '--config', config, '--rules', rules, ...more]);
}

describe('what the daemon can not start with', () => {
  const quiet = 'web: { enabled: false }\n';
  it.each<[what: string, text: string, place: string, message: string]>([
    ['a page for everybody', 'web: { host: 0.0.0.0 }\n', '1:14', 'a token is needed'],
    ['a token file that is not there', 'web: { tokenFile: nope }\n', '1:19', 'there is no such file'],
    [
      'a password file that is not there',
      `${quiet}channels:\n  - { kind: email, passwordFile: /nope }\n`,
      '3:34',
      'passwordFile /nope: there is no such file',
    ],
    [
      'a webhook without address',
      `${quiet}channels:\n  - kind: webhook\n`,
      '3:5',
      'no address: write url or',
    ],
    [
      'a certificate that is not there',
      `${quiet}listeners: [{ protocol: tls, cert: /nope, key: /dev/null }]\n`,
      '2:36',
      'cert /nope: there is no such file',
    ],
    [
      'a log in a directory that is not there',
      `${quiet}listeners: [{ protocol: tail, path: /nope/x.log }]\n`,
      '2:37',
      '/nope: there is no such directory',
    ],
    [
      'a password of Redis that is not there',
      `${quiet}state: redis://127.0.0.1:1\nredis: { passwordFile: nope }\n`,
      '3:24',
      'there is no such file',
    ],
  ])('%s: check and run say so, and where', async (_, text, place, message) => {
    for (const verb of ['check', 'run'] as const) {
      const { exitCode, stderr } = await run(verb, text);
      expect({ verb, exitCode }).toEqual({ verb, exitCode: 2 });
      expect(stderr).toContain(`${config}:${place}: error: `);
      expect(stderr).toContain(message);
    }
    // Whoever starts no daemon needs none of it.
    writeFileSync(join(dir, 'empty.log'), '');
    const replayed = await runForTest([
      'replay',
      '--config',
      config,
      '--rules',
      rules,
      join(dir, 'empty.log'),
    ]);
    expect(replayed).toMatchObject({ exitCode: 0 });
  });

  it('is no problem when the environment or a file has it', async () => {
    const token = join(dir, 'token');
    writeFileSync(token, 'abcdefghijklmnopqrstuvwx\n');
    const text = `web: { host: 0.0.0.0, tokenFile: ${token} }\nchannels: [{ kind: webhook }]\n`;
    writeFileSync(config, text);
    const env = { KNOCKWATCH_WEBHOOK_URL: 'https://chat.example.net/T0' };
    expect(await runForTest(['check', '--config', config, '--rules', rules], env)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `ok: 1 rule and 0 ignores in 1 file (${rules})\n`,
    });
  });
});

describe('knockwatch check', () => {
  it('--json tells problems of the configuration too, in the order of its lines', async () => {
    const { exitCode, stdout, stderr } = await run(
      'check',
      'web: { port: x }\nzone: Mars/Olympus\nlistners: []\n',
      '--json',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told.map(({ file, line, level }) => ({ file, line, level }))).toEqual(
      [1, 2, 3].map((line) => ({ file: config, line, level: 'error' })),
    );
  });

  it('says from where the rules are when nobody named any', async () => {
    writeFileSync(config, '');
    const { stdout } = await runForTest(['check', '--config', config]);
    expect(stdout).toMatch(/^ok: \d+ rules and \d+ ignores? in \d+ files? \(.*rules.*\)\n$/);
  });
});
