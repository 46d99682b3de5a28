import PostalMime from 'postal-mime';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Daemon,
  eventually,
  freePort,
  listening,
  sendTcp,
  sendUdp,
  startDaemon,
} from '../support/daemon.ts';

const HOSTS = ['192.0.2.10', '192.0.2.11', '192.0.2.12'];
const deny = (host: string) =>
  `<190>45: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> ${host}(143), 1 packet`;

const config = (port: number, host = '127.0.0.1') => `
listeners:
  - { protocol: udp, host: "${host}", port: ${port} }
  - { protocol: tcp, host: "${host}", port: ${port} }
correlation: { lateness: 100ms, settle: 1s }
zone: Europe/Warsaw
hostName: collector
`;

let daemon: Daemon;
afterEach(() => daemon?.stop());

async function start(host?: string): Promise<number> {
  const port = await freePort();
  daemon = startDaemon(config(port, host));
  await listening(daemon);
  return port;
}

describe('the daemon', () => {
  it.each([
    ['UDP', sendUdp],
    ['TCP', sendTcp],
  ])('mails once for three hosts over %s, and the mail says what happened', async (_, send) => {
    const port = await start();
    await send(port, HOSTS.map(deny));
    const [raw] = await eventually('a mail', () => daemon.mails().length > 0 && daemon.mails());
    const mail = await PostalMime.parse(raw!);
    expect(mail.subject).toMatch(
      /^\[knockwatch\] Probe: 198\.51\.100\.7 tried imap on 3 watched hosts in \d+ s$/,
    );
    for (const expected of [
      'Source:       198.51.100.7',
      'port 31337',
      HOSTS.join(', '),
      'imap (143/tcp)',
      'list 101',
      'classic-probe',
      'Packets: 3',
      deny(HOSTS[1]!),
    ]) {
      expect(mail.text!.replace(/\s+/g, ' ')).toContain(expected.replace(/\s+/g, ' '));
    }
    expect(daemon.mails()).toHaveLength(1);
  });

  it('over IPv6 too, on every interface', async () => {
    const port = await start('*');
    await sendUdp(port, HOSTS.slice(0, 2).map(deny));
    await sendUdp(port, HOSTS.slice(2).map(deny), '::1').catch(() => sendUdp(port, HOSTS.slice(2).map(deny)));
    await eventually('a mail', () => daemon.mails().length > 0);
  });

  it('stays silent for two hosts', async () => {
    const port = await start();
    await sendUdp(port, HOSTS.slice(0, 2).map(deny));
    await new Promise((done) => setTimeout(done, 2_500));
    expect(daemon.mails()).toEqual([]);
  });

  it('ends on SIGTERM with exit code 0, and loses no incident that was about to settle', async () => {
    const port = await start();
    await sendTcp(port, HOSTS.map(deny));
    await new Promise((done) => setTimeout(done, 300));
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit).toBe(0);
    expect(daemon.mails()).toHaveLength(1);
  });
});

describe('the daemon refuses to start', () => {
  it('on a taken port, within two seconds, and says what to do', async () => {
    const port = await start();
    const second = startDaemon(config(port));
    const startedMs = Date.now();
    expect(await second.exit).toBe(1);
    expect(Date.now() - startedMs).toBeLessThan(4_000);
    expect(second.log()).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*(taken|in use)`));
    await second.stop();
  });

  it.each([
    ['a configuration with an unknown key', 'listners: []\n', {}, /knockwatch\.yaml:1:1: error: .*listeners/],
    [
      'a rule with an unknown service',
      'rules: r.yaml\n',
      { 'r.yaml': 'rules:\n  - id: a\n    watch: { hosts: any, ports: [imapp] }\n    detect: { any: {} }\n' },
      /r\.yaml:3:\d+: error: .*imap/,
    ],
  ])('with %s: exit code 2, file, line and column', async (_, text, files, message) => {
    daemon = startDaemon(text, files);
    expect(await daemon.exit).toBe(2);
    expect(daemon.log()).toMatch(message);
  });
});
