import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { netfilter, RECEIVED_MS, watch } from '../support/threats.ts';

/* What many lines, and lines at odd moments, must not do. */

const H = ['192.0.2.10', '192.0.2.11', '192.0.2.12'];
/** A line stamped with the second it is sent in. */
function at(seconds: number, source: string, host: string, port = 143): [string, number] {
  const ms = RECEIVED_MS + seconds * 1_000;
  return [netfilter(source, host, port).replace('Nov 23 03:00:00', new Date(ms).toISOString()), ms];
}

/** A million sources, one line each, with a real probe in between; says how much memory that took and whom it found. */
const FLOOD = `
import { pipelineOptions } from '../../dist/cli/pipeline-options.js';
import { configSchema } from '../../dist/config/config.js';
import { Pipeline } from '../../dist/pipeline.js';
import { loadRules } from '../../dist/rules/load.js';
const { ruleSet } = await loadRules('../../rules/classic-probe.yaml');
const config = { ...configSchema.parse({ zone: 'UTC' }), rules: 'rules' };
const sources = new Set();
const pipeline = new Pipeline({
  ...pipelineOptions(config, ruleSet, 'live'),
  onTransition: (incident) => incident.sources.forEach((source) => sources.add(source)),
});
const startMs = Date.parse('2026-11-23T03:00:00Z');
function send(ms, source, host) {
  const bytes = Buffer.from('<4>' + new Date(ms).toISOString() + ' fw kernel: [1.0] DENY IN=eth0 OUT= SRC=' + source + ' DST=192.0.2.' + host + ' LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=1 DF PROTO=TCP SPT=40000 DPT=143 WINDOW=64240 RES=0x00 SYN URGP=0 ');
  pipeline.process({ bytes, receivedAtMs: ms, peer: { address: '192.0.2.1' }, transport: 'udp' });
}
const base = process.memoryUsage().rss;
let most = 0;
for (let i = 0; i < 1_000_000; i++) {
  const ms = startMs + i / 50;
  send(ms, [1 + (i >>> 16), (i >>> 8) & 255, i & 255, 7].join('.'), 10 + (i % 3));
  if (i === 0 || i === 300_000 || i === 900_000) send(ms, '203.0.113.10', 10 + (i > 0) + (i > 300_000));
  if (i % 50_000 === 0) most = Math.max(most, process.memoryUsage().rss - base);
}
pipeline.advance(startMs + 60_000);
console.log(JSON.stringify({ grewMiB: Math.round(most / 2 ** 20), sources: [...sources], keys: pipeline.stats().keys }));
`;

it('S1 S2 C12: a million forged sources fit a heap of 192 MiB and do not hide a real probe', {
  timeout: 120_000,
}, async () => {
  const child = spawn(process.execPath, ['--max-old-space-size=192', '--input-type=module', '-e', FLOOD], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  expect((await once(child, 'exit'))[0]).toBe(0);
  const { grewMiB, sources, keys } = JSON.parse(output);
  expect(sources).toEqual(['203.0.113.10']);
  expect(keys).toBeGreaterThan(100_000);
  expect(grewMiB).toBeLessThan(256);
});

it('S3: one source on every port of 254 hosts is one incident of bounded size', {
  timeout: 60_000,
}, async () => {
  const lines = await watch(
    {},
    'rules:\n  - id: all\n    watch: { hosts: [192.0.2.0/24], ports: ["1-65535"] }\n    detect: { address-scan: { hosts: 3, within: 60s, by: [source] } }\n',
  );
  for (let i = 0; i < 100_000; i++)
    lines.send(...at(i / 10_000, '203.0.113.9', `192.0.2.${i % 254}`, 1 + (i % 65_535)));
  const incidents = lines.incidents();
  expect(incidents).toHaveLength(1);
  expect(incidents[0]!.targets.length).toBeLessThanOrEqual(20_000);
  expect(incidents[0]!.count).toBe(100_000);
});

it.each([
  [60, 0],
  [59.999, 1],
])(
  'S7: with the third host %i s after the first, the window of 60 s gives %i incidents',
  async (last, expected) => {
    const lines = await watch();
    lines.send(...at(0, '203.0.113.9', H[0]!));
    lines.send(...at(30, '203.0.113.9', H[1]!));
    lines.send(...at(last, '203.0.113.9', H[2]!));
    lines.send('tick', RECEIVED_MS + 70_000);
    expect(lines.incidents()).toHaveLength(expected);
  },
);

it('S8: order does not matter, and one host three times is one host', async () => {
  const lines = await watch({ correlation: { lateness: '60s' } });
  for (const [seconds, host] of [
    [50, 0],
    [10, 1],
    [30, 2],
  ] as const) {
    lines.send(at(seconds, '203.0.113.9', H[host]!)[0], RECEIVED_MS + 51_000);
    lines.send(at(seconds, '203.0.113.10', H[0]!)[0], RECEIVED_MS + 51_000);
  }
  lines.send('tick', RECEIVED_MS + 200_000);
  expect(lines.incidents().map(({ sources }) => sources)).toEqual([['203.0.113.9']]);
});

it('S10: three hosts within 59 s over the end of a minute are a probe', async () => {
  const lines = await watch();
  for (const [i, seconds] of [54, 56, 113 - 1].entries()) lines.send(...at(seconds, '203.0.113.9', H[i]!));
  expect(lines.incidents()).toHaveLength(1);
});

it('S12: one hit every 25 s for ten hours on one host leaves nothing behind', async () => {
  const lines = await watch();
  for (let i = 0; i < 1_440; i++) lines.send(...at(i * 25, '203.0.113.9', H[0]!));
  expect(lines.incidents()).toEqual([]);
});

it.each([3_600, -3_600, 10 * 365 * 86_400, -50 * 365 * 86_400])(
  'S13: our clock jumps by %i s: no crash, no storm, the next probe is seen',
  async (jump) => {
    const lines = await watch();
    for (let i = 0; i < 50; i++) lines.send(...at(i, `203.0.113.${i}`, H[i % 3]!));
    const before = lines.incidents().length;
    const atMs = (seconds: number) => RECEIVED_MS + (jump + seconds) * 1_000;
    for (const [i, host] of H.entries()) lines.send(netfilter('198.51.100.7', host, 143), atMs(60 + i));
    lines.send('tick', atMs(70));
    const sources = lines.incidents().flatMap((incident) => incident.sources);
    expect(sources.filter((source) => source === '198.51.100.7')).toHaveLength(1);
    expect(lines.incidents().length - before).toBeLessThanOrEqual(2);
  },
);

it.each([-600, -3_600, -10 * 365 * 86_400])(
  'S13: our clock is set back by %i s: a long scan is one incident, and one that had begun before is seen',
  async (jump) => {
    const lines = await watch(
      {},
      'rules:\n  - id: probe\n    watch: { hosts: [192.0.2.0/24], ports: [143] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n',
    );
    for (const host of H.slice(0, 2)) lines.send(...at(0, '203.0.113.9', host));
    for (let i = 0; i < 60; i++) lines.send(...at(jump + i, '198.51.100.7', `192.0.2.${10 + i}`));
    for (const [i, host] of H.entries()) lines.send(...at(jump + 60 + i, '203.0.113.9', host));
    const scans = lines.incidents();
    expect(scans.map(({ sources }) => sources)).toEqual([['198.51.100.7'], ['203.0.113.9']]);
    expect(scans[1]).toMatchObject({ count: 3, state: 'open' });
    expect(scans[0]!.state).toBe('growing');
  },
);

it('S14: five minutes of lines at once after a pause are judged as if they had come in time', async () => {
  const lines = await watch();
  const late = RECEIVED_MS + 300_000;
  for (const [i, host] of H.entries()) lines.send(at(i * 10, '203.0.113.9', host)[0], late);
  for (const [i, host] of H.entries()) lines.send(at(i * 100, '203.0.113.10', host)[0], late);
  lines.send('tick', late + 10_000);
  expect(lines.incidents().map(({ sources }) => sources)).toEqual([['203.0.113.9']]);
});
