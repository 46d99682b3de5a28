import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentsIn } from '../src/cli/rule-tests.ts';
import type { RuleSet } from '../src/rule.ts';
import { loadRules } from '../src/rules/load.ts';
import type { Incident } from '../src/types.ts';
import {
  appDirectory,
  remembered,
  removeAppDirectory,
  startApp,
  stopApp,
  type TestApp,
} from './support/app.ts';
import { testConfig } from './support/config.ts';
import { tcpClient, udpSender, until } from './support/net-sockets.ts';
import { denied } from './support/timeline.ts';

/*
 * One log, several ways in, the same incidents: correlation goes by the time in the lines, whichever way and however fast
 * they come. The log is a minute long; live it is fed in six seconds and ends now.
 */
const RULES = `rules:
  - id: probe
    quiet: 10s
    watch: { hosts: 192.0.2.0/24, ports: [imap, http, login] }
    detect:
      address-scan: { hosts: 3, within: 10s }
      distributed-scan: { sources: 6, hosts: 4, within: 2s }
  - id: ports
    quiet: 10s
    severity: low
    watch: { hosts: 192.0.2.0/24, ports: any }
    detect: { port-scan: { ports: 5, within: 5s }, stealth-scan: { packets: 2, within: 5s }, repeat: { count: 25, within: 10s } }
`;
const SECONDS = 60;
const SPEED = 10;
/** All incidents are told of once, in the end: what is compared is the whole of each. */
const CORRELATION = { settle: '1h', lateness: '2s' };

interface Line {
  readonly atMs: number;
  readonly text: string;
}

/** Repeatable chance (Lehmer). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A minute of a perimeter that ends at `endMs`: scans of every kind, near misses, strangers, and the same strangers again. */
function logUntil(endMs: number): Line[] {
  const random = chance(20_261_123);
  const lines: Line[] = [];
  const knock = (second: number, source: string, host: number, port: number, flags?: string) => {
    // Whole milliseconds, each once: what happened at the same instant has no order to agree on.
    const offsetMs = Math.round(second * 1_000);
    const atMs = endMs - SECONDS * 1_000 + offsetMs;
    const packet = { sourcePort: 1_024 + offsetMs, ...(flags === undefined ? {} : { flags }) };
    lines.push({ atMs, text: denied(source, `192.0.2.${host}`, port, packet)(atMs) });
  };
  for (let i = 0; i < 40; i++) {
    const source = `198.51.100.${i + 1}`;
    const start = random() * 50;
    const hosts = 2 + Math.floor(random() * 4);
    for (let h = 0; h < hosts; h++)
      knock(start + h * (0.5 + random() * 4), source, 10 + h, [143, 80, 513][i % 3]!);
  }
  for (let i = 0; i < 10; i++)
    for (let p = 0; p < 4 + (i % 3); p++) knock(3 + i * 5 + p * 0.7, `203.0.113.${i + 1}`, 20, 1_000 + p);
  // The same two again, after a silence that ends their first incident.
  for (const start of [4, 44]) for (let h = 0; h < 4; h++) knock(start + h, '203.0.113.100', 30 + h, 143);
  for (const start of [9, 39])
    for (let n = 0; n < 3; n++) knock(start + n * 0.9, '203.0.113.101', 40, 22, 'FIN');
  for (let s = 0; s < 8; s++) knock(30 + s * 0.15, `203.0.113.${150 + s}`, 50 + (s % 4), 513);
  for (let n = 0; n < 30; n++) knock(15 + n * 0.31, '203.0.113.200', 60, 25);
  for (let n = 0; n < 600; n++)
    knock(random() * 59.9, `10.${n % 7}.${n % 200}.${n % 250}`, 1 + (n % 250), 2_000 + (n % 999));
  const taken = new Set<number>();
  return lines.filter(({ atMs }) => !taken.has(atMs) && taken.add(atMs)).sort((a, b) => a.atMs - b.atMs);
}

/** What must be equal: everything but how the lines came to us, and what only the end of a run decides. */
function comparable(incidents: Iterable<Incident>, startMs: number): object[] {
  return [...incidents]
    .map(
      ({
        id,
        state,
        resume,
        lines,
        observers,
        openedAtMs,
        firstSeenMs,
        lastSeenMs,
        targets,
        remarks,
        ...rest
      }) => ({
        ...rest,
        openedAt: openedAtMs - startMs,
        firstSeen: firstSeenMs - startMs,
        lastSeen: lastSeenMs - startMs,
        lines: lines.map(({ bytes }) => bytes.toString().replace(/\S+Z /, '')),
        observers: observers.map(({ hostname, product, rule }) => ({ hostname, product, rule })),
        targets: targets.map((target) => ({ ...target, firstSeenMs: target.firstSeenMs - startMs })),
        // Remarks may name another incident; its name comes from when it was.
        remarks: remarks.map((remark) => remark.replace(/incident [0-9a-f]{12}/, 'incident *')),
      }),
    )
    .sort((a, b) => a.openedAt - b.openedAt || (a.identifier < b.identifier ? -1 : 1));
}

/** Sends lines at ten times their speed, each when it is due. */
async function feed(lines: readonly Line[], send: (text: string) => unknown): Promise<void> {
  const startedMs = Date.now();
  const firstMs = lines[0]!.atMs;
  for (const { atMs, text } of lines) {
    const dueMs = startedMs + (atMs - firstMs) / SPEED;
    if (dueMs - Date.now() > 1) await sleep(dueMs - Date.now());
    await send(text);
  }
}

/** The log as it would be if it were fed from now on: it ends with the last line sent. */
const freshLog = () => logUntil(Date.now() + (SECONDS * 1_000) / SPEED);
const startOf = (lines: readonly Line[]) => lines[0]!.atMs;

async function taken(test: TestApp, count: number): Promise<void> {
  expect(
    await until(() => test.telemetry.lineCount === count, 10_000),
    `${test.telemetry.lineCount} of ${count} lines`,
  ).toBe(true);
}

describe('one log, the same incidents', () => {
  const dir = appDirectory(RULES);
  const config = testConfig({ correlation: CORRELATION });
  let ruleSet: RuleSet;
  let wanted: object[];

  async function replayed(lines: readonly Line[], name: string): Promise<object[]> {
    const path = join(dir, name);
    writeFileSync(path, lines.map(({ text }) => `${text}\n`).join(''));
    return comparable(await incidentsIn(path, config, ruleSet), Math.min(...lines.map(({ atMs }) => atMs)));
  }

  beforeAll(async () => {
    ruleSet = (await loadRules(join(dir, 'rules.yaml'))).ruleSet!;
    wanted = await replayed(logUntil(Date.now()), 'in-order.log');
  });
  afterAll(() => removeAppDirectory(dir));

  it('replayed in order: scans of every kind, and two strangers who come twice', () => {
    const found = wanted as { kind: string; sources: string[] }[];
    const kinds = new Map<string, number>();
    for (const { kind } of found) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    expect([...kinds.keys()].sort()).toEqual([
      'address-scan',
      'distributed-scan',
      'port-scan',
      'repeat',
      'stealth-scan',
    ]);
    expect(kinds.get('address-scan')).toBeGreaterThan(15);
    for (const twice of ['203.0.113.100', '203.0.113.101']) {
      expect(
        found.filter(({ kind, sources }) => kind !== 'repeat' && sources.includes(twice)),
        twice,
      ).toHaveLength(2);
    }
  });

  it.each([1, 2, 3])('shuffled within the lateness (%i)', async (seed) => {
    const random = chance(seed * 7_919);
    const shuffled = logUntil(Date.now())
      .map((line) => ({ line, at: line.atMs + random() * 1_900 }))
      .sort((a, b) => a.at - b.at)
      .map(({ line }) => line);
    expect(await replayed(shuffled, 'shuffled.log')).toEqual(wanted);
  });

  it('live over UDP at ten times the speed', { timeout: 30_000 }, async () => {
    const test = await startApp(appDirectory(RULES), 'udp', { correlation: CORRELATION });
    const sender = await udpSender('127.0.0.1');
    const lines = freshLog();
    await feed(lines, (text) => sender.send(Buffer.from(text), test.port));
    await taken(test, lines.length);
    sender.close();
    await stopApp(test);
    removeAppDirectory(test.dir);
    expect(comparable(test.telemetry.incidents.values(), startOf(lines))).toEqual(wanted);
  });

  it('live over TCP at ten times the speed', { timeout: 30_000 }, async () => {
    const test = await startApp(appDirectory(RULES), 'tcp', { correlation: CORRELATION });
    const client = await tcpClient(test.port);
    const lines = freshLog();
    await feed(lines, (text) => client.write(`${text}\n`));
    await taken(test, lines.length);
    client.destroy();
    await stopApp(test);
    removeAppDirectory(test.dir);
    expect(comparable(test.telemetry.incidents.values(), startOf(lines))).toEqual(wanted);
  });

  it('in two halves around a restart', { timeout: 30_000 }, async () => {
    const times = wanted as { firstSeen: number; openedAt: number; lastSeen: number }[];
    const middle = (SECONDS * 1_000) / 2;
    // Open ones that go on, and windows that only both halves fill.
    expect(
      times.filter(({ openedAt, lastSeen }) => openedAt < middle && lastSeen > middle).length,
    ).toBeGreaterThan(0);
    expect(
      times.filter(({ firstSeen, openedAt }) => firstSeen < middle && openedAt > middle).length,
    ).toBeGreaterThan(0);
    const home = appDirectory(RULES);
    const lines = freshLog();
    const half = lines.findIndex(({ atMs }) => atMs > startOf(lines) + middle);
    for (const part of [lines.slice(0, half), lines.slice(half)]) {
      const test = await startApp(home, 'tcp', { correlation: CORRELATION });
      const client = await tcpClient(test.port);
      await feed(part, (text) => client.write(`${text}\n`));
      await taken(test, part.length);
      client.destroy();
      await stopApp(test);
      if (part[0] === lines[half]) expect(comparable(await remembered(test), startOf(lines))).toEqual(wanted);
    }
    removeAppDirectory(home);
  });
});
