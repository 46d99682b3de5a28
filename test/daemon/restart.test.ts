import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import PostalMime from 'postal-mime';
import { afterEach, describe, expect, it } from 'vitest';
import { type Daemon, eventually, freePort, listening, sendTcp, startDaemon } from '../support/daemon.ts';

const RULES = `rules:
  - id: probe
    quiet: 6s
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 6s } }
`;
const deny = (host: number, source = '198.51.100.7') =>
  `<190>45: %SEC-6-IPACCESSLOGP: list 101 denied tcp ${source}(31337) -> 192.0.2.${host}(143), 1 packet`;

const config = (port: number, more = '') => `
rules: rules.yaml
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
correlation: { lateness: 100ms, settle: 300ms }
web: { enabled: false }
${more}
`;
/** A batch is on disk within 250 ms. */
const WRITTEN_MS = 600;

let daemon: Daemon;
afterEach(() => daemon?.stop());

async function start(port: number, more = '', rules = RULES, dir?: string): Promise<void> {
  daemon = startDaemon(config(port, more), { 'rules.yaml': rules }, {}, dir);
  await listening(daemon);
  expect(daemon.child.exitCode, daemon.log()).toBeNull();
}

async function again(port: number, signal: NodeJS.Signals, more = '', rules = RULES): Promise<void> {
  await daemon.end(signal);
  await start(port, more, rules, daemon.dir);
}

const mailed = (count: number) =>
  eventually(`${count} mails`, () => daemon.mails().length >= count && daemon.mails());

describe.each(['SIGTERM', 'SIGKILL'] as const)('after %s', (signal) => {
  it('two hosts before and one after are a probe, with all three lines', async () => {
    const port = await freePort();
    await start(port);
    await sendTcp(port, [deny(10), deny(11)]);
    await sleep(WRITTEN_MS);
    await again(port, signal);
    await sendTcp(port, [deny(12)]);
    const [mail] = await mailed(1);
    const { subject, text } = await PostalMime.parse(mail!);
    expect(subject).toMatch(/198\.51\.100\.7 tried imap on 3 of 254|198\.51\.100\.7 tried imap on 3/);
    for (const host of [10, 11, 12]) expect(text).toContain(deny(host));
  });

  it('what was mailed is not mailed again; more of it is told in the same thread when it is over', async () => {
    const port = await freePort();
    await start(port);
    await sendTcp(port, [deny(10), deny(11), deny(12)]);
    const first = await PostalMime.parse((await mailed(1))[0]!);
    await sleep(WRITTEN_MS);
    await again(port, signal);
    await sendTcp(port, [deny(13), deny(14)]);
    await sleep(1_500);
    expect(daemon.mails()).toHaveLength(1);
    const mails = await Promise.all((await mailed(2)).map((mail) => PostalMime.parse(mail)));
    const closing = mails.find(({ messageId }) => messageId !== first.messageId)!;
    expect(closing.references).toContain(first.messageId);
    expect(closing.text).toContain('192.0.2.14');
    await sleep(500);
    expect(daemon.mails()).toHaveLength(2);
  }, 30_000);
});

describe('a restart', () => {
  it('without the rule of an open incident closes it, and says so once', async () => {
    const port = await freePort();
    await start(port);
    await sendTcp(port, [deny(10), deny(11), deny(12)]);
    await mailed(1);
    await sendTcp(port, [deny(13)]);
    await sleep(1_500);
    const other = RULES.replace('probe', 'another');
    await again(port, 'SIGTERM', '', other);
    const mails = await Promise.all((await mailed(2)).map((mail) => PostalMime.parse(mail)));
    expect(mails.some(({ text }) => text!.includes('Rule probe is not in force any more'))).toBe(true);
    await again(port, 'SIGTERM', '', other);
    await sleep(500);
    expect(daemon.mails()).toHaveLength(2);
  }, 20_000);

  it('opens nothing again that was over, though hits of slower rules are still remembered', async () => {
    const port = await freePort();
    const two = `${RULES.replaceAll('6s', '1s')}  - id: slow
    watch: { hosts: 192.0.2.0/24, ports: [telnet] }
    detect: { address-scan: { hosts: 3, within: 1h } }
`;
    const opened = () => daemon.log().split('incident opened').length - 1;
    await start(port, '', two);
    await sendTcp(port, [deny(10), deny(11), deny(12)]);
    await eventually('the end', () => daemon.log().includes('incident closed'));
    await sleep(WRITTEN_MS);
    expect(opened()).toBe(1);
    await again(port, 'SIGTERM', '', two);
    await sleep(2_500);
    expect(opened()).toBe(0);
    expect(daemon.mails()).toHaveLength(1);
  }, 20_000);

  it('with the store off begins afresh', async () => {
    const port = await freePort();
    const off = 'store: { enabled: false }\narchive: { enabled: false }';
    await start(port, off);
    await sendTcp(port, [deny(10), deny(11)]);
    await sleep(WRITTEN_MS);
    await again(port, 'SIGTERM', off);
    await sendTcp(port, [deny(12)]);
    await sleep(1_200);
    expect(daemon.mails()).toEqual([]);
    expect(readdirSync(join(daemon.dir, 'var')).filter((name) => /db|archive/.test(name))).toEqual([]);
  });
});

describe('the state directory', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'by %s grants no mail more than the budget has: those about what is over count, and a digest waits',
    async (signal) => {
      const port = await freePort();
      const budget = 'budget: { perChannel: { mails: 1, per: 1h } }';
      const brief = RULES.replaceAll('6s', '1s');
      const scan = (source: string) =>
        sendTcp(
          port,
          [10, 11, 12].map((host) => deny(host, source)),
        );
      const decided = (count: number) =>
        eventually(`${count} decisions`, () => daemon.log().split('next digest').length > count);
      await start(port, budget, brief);
      await scan('198.51.100.7');
      await mailed(1);
      await scan('198.51.100.8');
      await decided(1);
      await eventually('both ends', () => daemon.log().split('incident closed').length > 2);
      await sleep(WRITTEN_MS);
      await again(port, signal, budget, brief);
      await scan('198.51.100.9');
      await decided(1);
      await again(port, signal, budget, brief);
      await sleep(500);
      expect(daemon.mails()).toHaveLength(1);
    },
    20_000,
  );

  it('has one daemon: a second one ends with exit code 1 and the number of the first', async () => {
    const port = await freePort();
    await start(port);
    const second = startDaemon(
      config(await freePort()),
      { 'rules.yaml': RULES },
      { KNOCKWATCH_STATE_DIR: join(daemon.dir, 'var') },
    );
    expect(await second.exit).toBe(1);
    expect(second.log()).toContain(`in use by process ${daemon.child.pid}`);
    await second.stop();
  });

  it('that can not be made: the mail comes from memory and says so', async () => {
    const port = await freePort();
    const box = 'channels: [{ kind: email, mailbox: box }]\nstateDir: /proc/knockwatch';
    await start(port, box);
    await sendTcp(port, [deny(10), deny(11), deny(12)]);
    const box1 = join(daemon.dir, 'box');
    const name = await eventually(
      'a mail',
      () => existsSync(box1) && readdirSync(box1).find((entry) => entry.endsWith('.eml')),
    );
    const { text } = await PostalMime.parse(readFileSync(join(box1, name), 'utf8'));
    expect(text).toMatch(/not on disk: .*\/proc\/knockwatch/s);
    expect(daemon.log()).toContain('store-degraded');
  });
});
