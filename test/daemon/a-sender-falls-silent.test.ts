import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import { type Daemon, eventually, freePort, listening, sendTcp, startDaemon } from '../support/daemon.ts';
import { ask } from '../support/http.ts';

let daemon: Daemon | undefined;
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

it('a sender that falls silent is one mail, and one more when it is heard again; page and status say it, too', async () => {
  const [port, web] = [await freePort(), await freePort()];
  daemon = startDaemon(`listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
web: { port: ${web} }
hostName: collector
senders: [{ address: 127.0.0.1, expect: every 2s }]
`);
  const { mails, dir } = daemon;
  const about = (reason: string) => mails().filter((mail) => mail.includes(`X-Knockwatch-Reason: ${reason}`));
  await listening(daemon);
  const line = '<189>1: %SYS-5-CONFIG_I: Configured from console by vty0 (192.0.2.200)';
  await sendTcp(port, [line]);
  const quiet = await eventually('the mail about silence', () => about('sender-quiet')[0], 20_000);
  expect(quiet).toContain('Subject: [knockwatch] Quiet: 127.0.0.1 has stopped sending');

  const config = ['--config', join(dir, 'knockwatch.yaml')];
  expect((await runForTest([...config, 'status'])).stdout).toMatch(/127\.0\.0\.1 +QUIET/);
  expect((await runForTest([...config, 'status', '--quiet'])).exitCode).toBe(0);
  const base = `http://127.0.0.1:${web}`;
  expect((await ask(base, '/readyz')).status).toBe(200);
  expect((await ask(base, '/')).body).toContain('<script type="module" src="/main.js">');
  expect((await ask(base, '/vendor/preact.js')).status).toBe(200);
  expect((await ask(base, '/metrics')).body).toContain('knockwatch_senders_in_alarm{state="quiet"} 1');

  // Heard until the next look at the senders, which comes within five seconds.
  await eventually(
    'the mail about recovery',
    () => {
      void sendTcp(port, [line]).catch(() => {});
      return about('sender-recovered')[0];
    },
    20_000,
  );
  expect(about('sender-quiet')).toHaveLength(1);
  expect(about('sender-recovered')).toHaveLength(1);
}, 60_000);

it('a page that can not listen is told, and the watch goes on', async () => {
  const [port, other] = [await freePort(), await freePort()];
  daemon =
    startDaemon(`listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }, { protocol: tcp, host: 127.0.0.1, port: ${other} }]
web: { port: ${other} }
`);
  await listening(daemon);
  await eventually('the log line', () => daemon!.log().includes('there is no page'));
  expect(daemon.log()).toContain('choose another web.port');
  await sendTcp(port, ['<13>hello']);
}, 30_000);

it('a page that others could reach without a token is no page, and no daemon', async () => {
  daemon = startDaemon(`listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${await freePort()} }]
web: { host: 0.0.0.0, port: ${await freePort()} }
`);
  expect(await daemon.exit).toBe(2);
  expect(daemon.log()).toContain('a token is needed');
}, 30_000);
