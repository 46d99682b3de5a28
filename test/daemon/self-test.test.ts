import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, describe, expect, it } from 'vitest';
import { type Daemon, freePort, listening, startDaemon } from '../support/daemon.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');

let daemon: Daemon | undefined;
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

const config = (port: number, more = '') => `
rules: rules.yaml
listeners:
  - { protocol: udp, host: 127.0.0.1, port: ${port} }
  - { protocol: tcp, host: 127.0.0.1, port: ${port} }
correlation: { lateness: 100ms, settle: 500ms }
web: { enabled: false }
${more}`;
const RULES = `
hosts: { lisa: 192.0.2.10, ns1: 192.0.2.11, dmz-web: 192.0.2.12 }
rules:
  - id: office
    watch: { hosts: [lisa, ns1, dmz-web], ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
  - id: knock
    watch: { hosts: [lisa], ports: [telnet] }
    detect: { any: {} }
`;

async function selfTest(dir: string, ...args: string[]) {
  const child = spawn(process.execPath, [MAIN, 'self-test', ...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'] },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exitCode = await new Promise<number | null>((done) => child.once('exit', done));
  return { exitCode, stdout, stderr };
}

async function start(more = ''): Promise<Daemon> {
  daemon = startDaemon(config(await freePort(), more), { 'rules.yaml': RULES });
  await listening(daemon);
  return daemon;
}

describe('knockwatch self-test', () => {
  it.each(['udp', 'tcp'])('brings about a real mail over %s, and says where it is', async (via) => {
    const { dir } = await start();
    const { exitCode, stdout, stderr } = await selfTest(dir, '--via', via);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const path = /The mail is there: (.*\.eml)/.exec(stdout)![1]!;
    const mail = await PostalMime.parse(readFileSync(path));
    expect(mail.text).toContain('knockwatch-self-test');
    expect(mail.text).toContain('lisa');
    expect(mail.subject).toMatch(/(198\.51\.100|203\.0\.113)\.\d+ tried imap on 3 of 3 watched hosts/);
  });

  it('trips the rule it is told to', async () => {
    const { dir, mails } = await start();
    expect(await selfTest(dir, '--rule', 'knock')).toMatchObject({ exitCode: 0 });
    expect(mails()[0]).toContain('telnet');
    expect(await selfTest(dir, '--rule', 'knok')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no rule is called knok - did you mean `knock`?'),
    });
  });

  it('says so when nobody listens', async () => {
    const { dir, child } = await start();
    child.kill('SIGTERM');
    await daemon!.exit;
    const { exitCode, stderr } = await selfTest(dir, '--via', 'tcp');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /No daemon has left word.*\n.*nobody answers on tcp 127\.0\.0\.1:\d+.*knockwatch run/,
    );
  });

  it('says on which channels that really send it was delivered', async () => {
    const { dir } = await start(
      'channels: [{ kind: email }, { kind: stdout }, { kind: exec, command: [/bin/true] }]\n',
    );
    const { exitCode, stdout } = await selfTest(dir);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The mail is there: ');
    expect(stdout).toMatch(/^channel stdout: delivered: /m);
    expect(stdout).toMatch(/^channel exec: delivered: /m);
    expect(stdout).toMatch(/The alert names (198\.51\.100|203\.0\.113)\.\d+ and knockwatch-self-test/);
  });

  it('says why it was not, and fails', { timeout: 60_000 }, async () => {
    const { dir } = await start(
      'channels: [{ kind: email, via: "smtp://127.0.0.1:1", to: [noc@example.net] }]\n',
    );
    const { exitCode, stdout, stderr } = await selfTest(dir);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^channel mail: not delivered yet, it is tried again: .*ECONNREFUSED/m);
    expect(stderr).toContain('What to look at');
  });

  it('waits in vain and says what to look at, when the daemon takes nothing from this machine', {
    timeout: 40_000,
  }, async () => {
    const { dir } = await start('allowedSenders: [192.0.2.1]\n');
    const { exitCode, stderr } = await selfTest(dir);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('allowedSenders');
    expect(stderr).toContain("knockwatch explain '<190>1 ");
  });
});
