import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { appDirectory, removeAppDirectory, startApp, stopApp } from '../support/app.ts';
import { tcpClient, until } from '../support/net-sockets.ts';
import { denied } from '../support/timeline.ts';

const PROBE = `rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;
/** Half of the rule files are good: the same rule, among others that come and go. */
const OTHER = (i: number) => `${PROBE}  - id: other-${i}
    watch: { hosts: 192.0.2.0/24, ports: [${1_000 + i}] }
    detect: { any: {} }
`;
const SOURCES = 1_000;
const LINES = 60_000;
const RELOADS = 1_000;

const dir = appDirectory(PROBE);
afterAll(() => removeAppDirectory(dir));

it('a thousand reloads, half of them refused, under 10,000 lines a second lose no line, forget no window and open no incident twice', {
  timeout: 60_000,
}, async () => {
  const test = await startApp(dir, 'tcp', { correlation: { lateness: '100ms', settle: '1s' } });
  const client = await tcpClient(test.port);
  // Every source knocks on three hosts, a third of the stream apart; everything else is a packet to nobody.
  const sending = (async () => {
    for (let i = 0; i < LINES; i++) {
      const third = Math.floor((i * 3) / LINES);
      const source = `10.${(i % SOURCES) >> 8}.${(i % SOURCES) & 255}.9`;
      const isFirst = i % (LINES / 3) < SOURCES;
      const host = isFirst ? `192.0.2.${10 + third}` : '203.0.113.1';
      client.write(`${denied(source, host, 143)(Date.now())}\n`);
      if (i % 100 === 99) await sleep(10);
    }
  })();
  const outcomes = { changed: 0, unchanged: 0, refused: 0 };
  for (let i = 0; i < RELOADS; i++) {
    writeFileSync(test.rulesPath, i % 2 === 0 ? OTHER(i) : 'rules: [');
    outcomes[(await test.app.reload('test')).outcome]++;
  }
  await sending;
  expect(await until(() => test.telemetry.lineCount === LINES, 20_000)).toBe(true);
  client.destroy();
  await stopApp(test);
  expect(outcomes.refused).toBe(RELOADS / 2);
  expect(outcomes.changed).toBe(RELOADS / 2);
  const opened = test.telemetry.transitions.filter(({ transition }) => transition === 'opened');
  const sources = new Set(opened.flatMap(({ incident }) => incident.sources));
  expect(opened).toHaveLength(SOURCES);
  expect(sources.size).toBe(SOURCES);
});
