import { describe, expect, it } from 'vitest';
import { type LineKind, SenderHealth } from '../../src/daemon/sender-health.ts';
import type { Frame } from '../../src/types.ts';

const T0 = Date.UTC(2026, 0, 24);
const MINUTE = 60_000;

function frame(address: string, atMs: number): Frame {
  return { bytes: Buffer.alloc(0), receivedAtMs: atMs, peer: { address, port: 514 }, transport: 'udp' };
}

function lines(
  health: SenderHealth,
  count: number,
  kind: LineKind,
  atMs: number,
  text = 'odd line',
  address = '192.0.2.1',
): void {
  for (let i = 0; i < count; i++) health.observe(frame(address, atMs), 'gw1', kind, text);
}

const kinds = (health: SenderHealth, atMs: number) => health.check(atMs).map(({ kind }) => kind);

describe('D1: a sender that is expected', () => {
  it('is missed in time after the clock was set back', () => {
    const health = new SenderHealth([{ address: '192.0.2.1', everyMs: 15 * MINUTE }], T0);
    lines(health, 1, 'attempt', T0 + 60 * MINUTE);
    expect(kinds(health, T0)).toEqual([]);
    expect(kinds(health, T0 + 15 * MINUTE)).toEqual([]);
    expect(kinds(health, T0 + 15 * MINUTE + 1)).toEqual(['sender-quiet']);
  });

  it('raises one alarm when it falls silent, and one when it is heard again', () => {
    const health = new SenderHealth([{ address: '192.0.2.1', everyMs: 15 * MINUTE }], T0);
    lines(health, 1, 'attempt', T0 + MINUTE);
    expect(kinds(health, T0 + 16 * MINUTE)).toEqual([]);
    const [alarm] = health.check(T0 + 16 * MINUTE + 1);
    expect(alarm).toMatchObject({ kind: 'sender-quiet', sender: '192.0.2.1 (gw1)' });
    expect(alarm!.sentence).toBe(
      '192.0.2.1 (gw1) has sent nothing for 15 min; a line is expected every 15 min.',
    );
    expect(kinds(health, T0 + 60 * MINUTE)).toEqual([]);
    expect(health.report()[0]).toMatchObject({ state: 'quiet' });
    lines(health, 1, 'unknown', T0 + 61 * MINUTE);
    expect(kinds(health, T0 + 61 * MINUTE)).toEqual(['sender-recovered']);
    expect(kinds(health, T0 + 62 * MINUTE)).toEqual([]);
  });

  it('that never spoke is awaited, then quiet', () => {
    const health = new SenderHealth([{ address: '192.0.2.9', everyMs: MINUTE }], T0);
    expect(health.report()).toMatchObject([{ address: '192.0.2.9', state: 'waiting', read: 0 }]);
    expect(kinds(health, T0 + 2 * MINUTE)).toEqual(['sender-quiet']);
    expect(health.report()).toMatchObject([{ state: 'quiet' }]);
  });

  it('is heard under any host name', () => {
    const health = new SenderHealth([{ address: '192.0.2.1', everyMs: MINUTE }], T0);
    for (let i = 1; i < 10; i++) {
      health.observe(frame('192.0.2.1', T0 + i * 30_000), `gw${i}`, 'attempt', '');
      expect(kinds(health, T0 + i * 30_000)).toEqual([]);
    }
  });

  it('is heard when its lines are only counted', () => {
    const health = new SenderHealth([{ address: '192.0.2.1', everyMs: MINUTE }], T0);
    health.observePassedOver('192.0.2.1', 500, T0 + MINUTE);
    expect(kinds(health, T0 + 2 * MINUTE)).toEqual([]);
    lines(health, 60, 'attempt', T0 + 2 * MINUTE);
    health.observePassedOver('192.0.2.1', 500, T0 + 3 * MINUTE);
    expect(kinds(health, T0 + 4 * MINUTE)).toEqual([]);
    expect(health.report()).toMatchObject([
      { hostname: 'gw1', read: 560, recentRead: 60, recentUnderstood: 60 },
    ]);
  });

  it('nobody expects anything of the others', () => {
    const health = new SenderHealth([], T0);
    lines(health, 1, 'attempt', T0);
    expect(kinds(health, T0 + 1e9)).toEqual([]);
  });
});

describe('a sender whose lines can not be read any more', () => {
  function fallen(good: number, bad: number): SenderHealth {
    const health = new SenderHealth([], T0);
    lines(health, good, 'attempt', T0);
    health.check(T0 + 1_000);
    health.check(T0 + 6 * MINUTE);
    lines(health, bad, 'unknown', T0 + 6 * MINUTE);
    return health;
  }

  it('raises one alarm with a line, and one when it is over', () => {
    const health = fallen(100, 60);
    const events = health.check(T0 + 6 * MINUTE + 1);
    expect(events).toMatchObject([{ kind: 'sender-unparsed', sample: 'odd line' }]);
    expect(events[0]!.sentence).toBe(
      'Only 0 % of the last 60 lines of 192.0.2.1 (gw1) could be read; it was over 80 % before.',
    );
    expect(kinds(health, T0 + 7 * MINUTE)).toEqual([]);
    health.check(T0 + 13 * MINUTE);
    lines(health, 100, 'ignored', T0 + 13 * MINUTE);
    expect(kinds(health, T0 + 13 * MINUTE + 1)).toEqual(['sender-recovered']);
  });

  it('raises none on few lines', () => {
    expect(kinds(fallen(100, 49), T0 + 6 * MINUTE + 1)).toEqual([]);
  });

  it('raises none when they were never understood: a server logs a lot that is not for us', () => {
    expect(kinds(fallen(0, 500), T0 + 6 * MINUTE + 1)).toEqual([]);
  });

  it('raises none at half', () => {
    const health = fallen(100, 60);
    lines(health, 60, 'attempt', T0 + 6 * MINUTE);
    expect(kinds(health, T0 + 6 * MINUTE + 1)).toEqual([]);
  });

  it('lines that are known and not ours are understood', () => {
    const health = new SenderHealth([], T0);
    lines(health, 40, 'attempt', T0);
    lines(health, 40, 'ignored', T0);
    lines(health, 20, 'loss', T0);
    expect(health.report()[0]).toMatchObject({ read: 100, recentRead: 100, recentUnderstood: 100 });
  });
});

describe('report()', () => {
  it('counts by what became of the lines, for address and host name', () => {
    const health = new SenderHealth([], T0);
    lines(health, 3, 'attempt', T0);
    lines(health, 2, 'malformed', T0 + 1);
    lines(health, 1, 'unknown', T0 + 2);
    health.observe(frame('192.0.2.1', T0 + 5), undefined, 'ignored', '');
    health.observeLoss(frame('192.0.2.1', T0 + 5), 'gw1', 38, 'rate-limited\x1b[2J');
    const [bare, named] = health.report();
    expect(bare).toMatchObject({ read: 1, ignored: 1 });
    expect(bare).not.toHaveProperty('hostname');
    expect(named).toMatchObject({
      hostname: 'gw1',
      read: 6,
      parsed: 3,
      malformed: 2,
      unknown: 1,
      lost: 38,
      lastSeenMs: T0 + 2,
    });
    expect(named!.lastLoss).toBe('rate-limited\\x1b[2J');
  });

  it('forgets what is older than the window, whatever the pace of the checks', () => {
    for (const step of [1_000, 30_000, 45_000, 3_600_000]) {
      const health = new SenderHealth([], T0);
      lines(health, 10, 'attempt', T0);
      for (let ms = T0; ms <= T0 + 6 * MINUTE; ms += step) health.check(ms);
      health.check(T0 + 6 * MINUTE);
      expect(health.report()[0], String(step)).toMatchObject({ read: 10, recentRead: 0 });
    }
  });

  it('keeps a line of each shape, five at most, safe to print', () => {
    const health = new SenderHealth([], T0);
    const odd = [
      'user 17 from 192.0.2.4',
      'user 18 from 198.51.100.200',
      'said "hello"',
      'said "good bye"',
      'a\x1b]0;pwn\x07',
      'c',
      'd',
      'e',
      `long ${'x'.repeat(10_000)}`,
    ];
    for (const [i, text] of odd.entries())
      health.observe(frame('192.0.2.1', T0 + i * 1_000), undefined, 'unknown', text);
    const { samples } = health.report()[0]!;
    expect(samples).toHaveLength(5);
    expect(samples[0]).toBe('a\\x1b]0;pwn\\x07');
    expect(samples[4]!.length).toBeLessThanOrEqual(300);
  });

  it('a flood of odd lines is looked at twenty times a second at most', () => {
    const health = new SenderHealth([], T0);
    const startedMs = performance.now();
    for (let i = 0; i < 200_000; i++)
      health.observe(frame('192.0.2.1', T0 + i / 1_000), 'gw1', 'unknown', 'x'.repeat(300));
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

describe('bounds', () => {
  it('a hundred thousand addresses leave ten thousand, the talkative among them', () => {
    const health = new SenderHealth([], T0);
    for (let i = 0; i < 100_000; i++) {
      health.observe(frame(`203.0.${i >> 8}.${i & 255}`, T0 + i), undefined, 'unknown', 'x');
      if (i % 100 === 0) lines(health, 1, 'attempt', T0 + i);
    }
    expect(health.size).toBe(10_000);
    expect(health.evicted).toBe(90_001);
    expect(health.report().find(({ hostname }) => hostname === 'gw1')).toMatchObject({ read: 1_000 });
  });

  it('one address that mints host names does not push the others out', () => {
    const health = new SenderHealth([], T0);
    lines(health, 5, 'attempt', T0, '', '192.0.2.2');
    for (let i = 0; i < 50_000; i++)
      health.observe(frame('198.51.100.66', T0 + i), `host-${i}`, 'attempt', '');
    expect(health.size).toBe(1_001);
    expect(health.evicted).toBe(0);
    expect(health.report().reduce((sum, { read }) => sum + read, 0)).toBe(50_005);
  });
});
