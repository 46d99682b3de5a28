import { once } from 'node:events';
import { expect, it } from 'vitest';
import { appDirectory, removeAppDirectory, startApp, stopApp } from '../support/app.ts';
import { tcpClient, until } from '../support/net-sockets.ts';
import { denied } from '../support/timeline.ts';

const RULES = `rules:
  - id: probe
    watch: { hosts: [192.0.2.10, 192.0.2.11, 192.0.2.12], ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;
const LINES = 100_000;

it('a flood of other lines hides no probe: what touches nothing watched is only counted', {
  timeout: 60_000,
}, async () => {
  const test = await startApp(appDirectory(RULES), 'tcp', {});
  const client = await tcpClient(test.port);
  const nowMs = Date.now();
  const flood = denied('203.0.113.200', '192.0.2.200', 23)(nowMs);
  const lines = Array.from({ length: LINES }, () => flood);
  for (const [i, host] of [10, 11, 12].entries())
    lines[(i + 1) * 25_000] = denied('198.51.100.7', `192.0.2.${host}`, 143)(nowMs + i * 10);
  const written = client.write(`${lines.join('\n')}\n`);
  if (!written) await once(client, 'drain');
  const { telemetry } = test;
  expect(await until(() => telemetry.lineCount === LINES, 30_000), `${telemetry.lineCount} lines`).toBe(true);
  expect(telemetry.lines.get('passed-over')).toBeGreaterThan(LINES / 2);
  client.destroy();
  await stopApp(test);
  removeAppDirectory(test.dir);
  expect([...telemetry.incidents.values()]).toMatchObject([{ sources: ['198.51.100.7'], ports: [143] }]);
});
