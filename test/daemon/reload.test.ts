import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readStatusFile } from '../../src/store/status-file.ts';
import { runForTest } from '../support/cli.ts';
import { type Daemon, eventually, freePort, listening, sendTcp, startDaemon } from '../support/daemon.ts';
import { denied } from '../support/timeline.ts';

const rule = (id: string, port: number) => `  - id: ${id}
    settle: 0s
    watch: { hosts: 192.0.2.0/24, ports: [${port}] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;
const rules = (...entries: string[]) => `rules:\n${entries.join('')}`;
const BROKEN = rules(rule('probe', 143)).replace('hosts: 3', 'host: 3');

let daemon: Daemon | undefined;
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

async function start(text: string): Promise<{ daemon: Daemon; port: number; stateDir: string }> {
  const port = await freePort();
  const config = `rules: rules.yaml
zone: UTC
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
correlation: { lateness: 200ms }
`;
  daemon = startDaemon(config, { 'rules.yaml': text });
  return { daemon, port, stateDir: join(daemon.dir, 'var') };
}

const reload = ({ dir }: Daemon, ...more: string[]) =>
  runForTest(['reload', '--config', join(dir, 'knockwatch.yaml'), ...more]);
const knocks = (port: number, source: string, hosts = [10, 11, 12]) =>
  hosts.map((n) => denied(source, `192.0.2.${n}`, port)(Date.now()));

describe('a running daemon', () => {
  it('takes new rules by `knockwatch reload`, keeps its windows, and refuses broken ones with file and line', async () => {
    const { daemon, port, stateDir } = await start(rules(rule('probe', 143)));
    await listening(daemon);
    await eventually('the status file', () => readStatusFile(stateDir)?.state === 'listening');
    await sendTcp(port, knocks(143, '198.51.100.7', [10, 11]));

    writeFileSync(join(daemon.dir, 'rules.yaml'), BROKEN);
    const refused = await reload(daemon);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/rules\.yaml:5:31: .*host/);
    expect(refused.stderr).toContain('the old ones stay');
    expect(daemon.log()).toMatch(/"level":"error".*rules\.yaml:5:31: /);
    expect(readStatusFile(stateDir)?.rules.problems?.[0]).toContain('rules.yaml:5:31: ');

    writeFileSync(join(daemon.dir, 'rules.yaml'), rules(rule('other', 80), rule('probe', 143)));
    const taken = await reload(daemon);
    expect(taken).toMatchObject({ exitCode: 0, stderr: '' });
    expect(taken.stdout).toBe(`ok: 2 rules from 1 file are in force in process ${daemon.child.pid}\n`);
    expect(JSON.parse((await reload(daemon, '--json')).stdout)).toMatchObject({
      pid: daemon.child.pid,
      rules: 2,
    });

    // The third host of the scan that began two rule files ago, and a scan only the new rule sees.
    await sendTcp(port, [...knocks(143, '198.51.100.7', [12]), ...knocks(80, '203.0.113.9')]);
    await eventually('two mails', () => daemon.mails().length >= 2);
    expect(
      daemon.mails().filter((mail) => mail.includes('198.51.100.7 tried imap on 3 of 256')),
    ).toHaveLength(1);
    expect(daemon.mails().filter((mail) => mail.includes('203.0.113.9 tried http on 3 of 256'))).toHaveLength(
      1,
    );
  }, 30_000);

  it('takes a saved file by itself, by SIGHUP too, and leaves no trace of itself when it ends', async () => {
    const { daemon, stateDir } = await start(rules(rule('probe', 143)));
    await listening(daemon);
    await eventually('the status file', () => readStatusFile(stateDir)?.state === 'listening');
    writeFileSync(join(daemon.dir, '.rules.yaml.new'), rules(rule('probe', 143), rule('second', 80)));
    renameSync(join(daemon.dir, '.rules.yaml.new'), join(daemon.dir, 'rules.yaml'));
    await eventually('the saved file to be taken', () => readStatusFile(stateDir)?.rules.rules === 2);
    expect(daemon.log()).toContain('a file has changed');

    daemon.child.kill('SIGHUP');
    const { checkedAtMs } = readStatusFile(stateDir)!.rules;
    await eventually(
      'the signal to be heard',
      () => (readStatusFile(stateDir)?.rules.checkedAtMs ?? 0) > checkedAtMs,
    );

    daemon.child.kill('SIGTERM');
    expect(await daemon.exit).toBe(0);
    expect(existsSync(join(stateDir, 'knockwatch.pid'))).toBe(false);
    expect(readStatusFile(stateDir)?.state).toBe('stopped');
  }, 30_000);

  it('does not start with broken rules', async () => {
    const { daemon } = await start(BROKEN);
    expect(await daemon.exit).toBe(2);
    expect(daemon.log()).toContain('rules.yaml:5:31: error');
  });
});

describe('knockwatch reload', () => {
  it('says so when there is nobody to tell, and signals nobody for a stale file', async () => {
    const { daemon, stateDir } = await start(rules(rule('probe', 143)));
    await listening(daemon);
    const pidFile = join(stateDir, 'knockwatch.pid');
    await eventually('the pid file', () => existsSync(pidFile));
    const text = readFileSync(pidFile, 'utf8');
    daemon.child.kill('SIGKILL');
    await daemon.exit;
    for (const stale of [text, text.replace(/^\d+/, String(process.pid))]) {
      writeFileSync(pidFile, stale);
      const { exitCode, stderr } = await reload(daemon);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`no daemon is running on the state directory ${stateDir}`);
    }
  });
});
