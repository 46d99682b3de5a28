import { describe, expect, it } from 'vitest';
import { BackgroundCounts } from '../../src/notify/background-counts.ts';
import { attempt, withoutTransport } from '../support/rule-sets.ts';

const T0 = Date.parse('2026-11-23T06:00:00Z');
const DAY = 86_400_000;

const from = (ip: string, port = 143) => attempt({ source: { ip }, destination: { ip: '192.0.2.10', port } });

describe('BackgroundCounts', () => {
  it('counts what was denied or failed, and nothing that was let through', () => {
    const counts = new BackgroundCounts(T0);
    counts.add(from('198.51.100.7'));
    counts.add(attempt({ action: 'failed', kind: 'login', destination: { port: 22 } }));
    counts.add(attempt({ action: 'allowed' }));
    counts.add(attempt({ action: 'unknown' }));
    counts.add(
      withoutTransport(attempt({ destination: { ip: '192.0.2.10' }, source: { name: 'host7.example.net' } })),
    );
    expect(counts.take(T0 + DAY)).toEqual({
      fromMs: T0,
      untilMs: T0 + DAY,
      lines: 3,
      sources: [{ key: '198.51.100.7', count: 2 }],
      ports: [
        { key: '143/tcp', count: 1 },
        { key: '22/tcp', count: 1 },
        { key: 'no port', count: 1 },
      ],
      observers: [{ key: 'gw1', count: 3 }],
      error: 0,
    });
  });

  it('compares with the day before, and only with that', () => {
    const counts = new BackgroundCounts(T0);
    for (let i = 0; i < 5; i++) counts.add(from('198.51.100.7'));
    counts.take(T0 + DAY / 2);
    for (let i = 0; i < 2; i++) counts.add(from('198.51.100.7'));
    counts.add(from('198.51.100.8', 139));
    const second = counts.take(T0 + DAY);
    expect(second).toMatchObject({
      fromMs: T0 + DAY / 2,
      lines: 3,
      linesBefore: 5,
      lengthBeforeMs: DAY / 2,
      sources: [
        { key: '198.51.100.7', count: 2, before: 5 },
        { key: '198.51.100.8', count: 1 },
      ],
    });
    expect(second.ports[1]).toEqual({ key: '139/tcp', count: 1 });
    expect(counts.take(T0 + 2 * DAY)).toMatchObject({ lines: 0, linesBefore: 3, sources: [] });
  });

  it('keeps the ten most frequent, whoever else knocks', () => {
    const counts = new BackgroundCounts(T0);
    for (let i = 0; i < 200_000; i++) {
      counts.add(from(`2001:db8::${(i % 65_536).toString(16)}:${Math.floor(i / 65_536)}`));
      if (i % 100 === 0) counts.add(from('198.51.100.7', 139));
    }
    const { error, lines, ports, sources } = counts.take(T0 + DAY);
    expect([lines, sources.length, ports.length]).toEqual([202_000, 10, 2]);
    expect(sources[0]!.key).toBe('198.51.100.7');
    expect(2_000 - sources[0]!.count).toBeLessThanOrEqual(error);
  });
});
