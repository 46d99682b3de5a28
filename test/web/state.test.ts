import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/types.ts';
import { HitGrid } from '../../src/web/hit-grid.ts';
import { IncidentBook } from '../../src/web/incident-book.ts';
import { Rates } from '../../src/web/rates.ts';
import { RecentLines } from '../../src/web/recent-lines.ts';
import { Tops } from '../../src/web/tops.ts';
import { hit } from '../support/hits.ts';
import { incident } from '../support/notify.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';

const T0 = Date.UTC(2026, 0, 24, 12);
const noName = () => undefined;

describe('Rates', () => {
  it('tells what came in each second and minute, and in between', () => {
    const rates = new Rates(T0);
    for (let second = 0; second < 150; second++) {
      rates.lines += 10;
      if (second % 2 === 0) rates.hits++;
      rates.turn(T0 + (second + 1) * 1_000);
    }
    expect(rates.totals).toMatchObject({ lines: 1_500, hits: 75 });
    expect(rates.perSecond()).toMatchObject({ lines: 10, hits: 0.5, unknown: 0 });
    expect(rates.recent().lines.slice(-3)).toEqual([10, 10, 10]);
    expect(rates.recent().lines.slice(0, 3)).toEqual([0, 0, 0]);
    expect(rates.minutes(60)).toMatchObject({ times: [T0, T0 + 60_000], lines: [600, 600], hits: [30, 30] });
  });

  it('a pause leaves zeros, also one longer than is remembered', () => {
    for (const pauseMs of [10_000, 301_000, 90_000_000]) {
      const rates = new Rates(T0);
      rates.lines += 100;
      rates.turn(T0 + 1_000);
      rates.turn(T0 + pauseMs);
      rates.lines += 7;
      rates.turn(T0 + pauseMs + 1_000);
      expect(rates.recent().lines.at(-1), String(pauseMs)).toBe(7);
      expect(rates.recent().lines.slice(-9, -1), String(pauseMs)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    }
  });

  it('a clock that goes backwards changes nothing', () => {
    const rates = new Rates(T0);
    rates.turn(T0 + 5_000);
    rates.turn(T0 - 3_600_000);
    rates.lines++;
    rates.turn(T0 + 6_000);
    expect(rates.recent().lines.at(-1)).toBe(1);
  });
});

describe('Tops', () => {
  it('counts ports by transport and sources, step by step', () => {
    const tops = new Tops(T0);
    for (let i = 0; i < 5; i++) tops.add('198.51.100.7', 23, 'tcp');
    tops.add('198.51.100.8', 53, 'udp');
    tops.turn(T0 + 600_000);
    tops.add('198.51.100.8', 23, undefined);
    tops.add('198.51.100.8', undefined, 'icmp');
    tops.add(undefined, undefined, undefined);
    expect(tops.times(24)).toEqual([T0, T0 + 600_000]);
    expect(tops.top('ports', 5, 24, (key) => key)).toMatchObject([
      { key: '23/tcp', total: 6, counts: [5, 1], error: 0 },
      { key: '53/udp', total: 1, counts: [1, 0] },
    ]);
    expect(tops.top('sources', 1, 24, (key) => key)).toMatchObject([{ key: '198.51.100.7', total: 5 }]);
    expect(tops.ofSource('198.51.100.8')).toBe(3);
  });

  it('forgets what is older than a day', () => {
    const tops = new Tops(T0);
    tops.add('198.51.100.7', 23, 'tcp');
    for (let step = 1; step <= 146; step++) tops.turn(T0 + step * 600_000);
    expect(tops.top('ports', 5, 24, (key) => key)).toEqual([]);
    expect(tops.times(24).length).toBeLessThanOrEqual(145);
  });
});

describe('RecentLines', () => {
  it('keeps few of many ordinary lines, and room for those that matter', () => {
    const lines = new RecentLines();
    for (let i = 0; i < 1_000; i++) {
      if (lines.wants(i % 100 === 99, T0))
        lines.add({
          atMs: T0,
          sender: 's',
          kind: 'attempt',
          text: String(i),
          because: '',
          rules: i % 100 === 99 ? ['r'] : [],
        });
    }
    const kept = lines.list();
    expect(kept.filter(({ rules }) => rules.length > 0)).toHaveLength(10);
    expect(kept).toHaveLength(20);
    expect(lines.list(kept[14]!.id).map(({ id }) => id)).toEqual(kept.slice(15).map(({ id }) => id));
  });

  it('is bounded', () => {
    const lines = new RecentLines();
    for (let i = 0; i < 1_000; i++)
      if (lines.wants(false, T0 + i * 1_000))
        lines.add({ atMs: T0, sender: 's', kind: 'unknown', text: '', because: '', rules: [] });
    expect(lines.list()).toHaveLength(200);
    expect(lines.lastId).toBe(1_000);
  });
});

describe('HitGrid', () => {
  const rules = ruleSet([rule('r', hosts('192.0.2.10', '192.0.2.9'), ports(143, 80))], {
    names: new Map([['192.0.2.10', 'lisa']]),
  });

  it('shows what rules name though nothing was hit', () => {
    const { hosts: rows, ports: columns, cells } = new HitGrid().picture(rules, [], noName);
    expect(rows).toEqual([
      { ip: '192.0.2.10', name: 'lisa', watched: true },
      { ip: '192.0.2.9', watched: true },
    ]);
    expect(columns.map(({ port }) => port)).toEqual([80, 143]);
    expect(cells).toEqual([]);
  });

  it('a cell counts packets, warms with each hit, and knows its incident', () => {
    const grid = new HitGrid();
    grid.add(hit('198.51.100.7', '192.0.2.10', 143, 0, { count: 3 }), T0);
    grid.add(hit('198.51.100.8', '192.0.2.10', 143, 0), T0 + 600_000);
    const open: Incident = incident({
      id: 'k1',
      severity: 'high',
      targets: [{ ip: '192.0.2.10', port: 143, count: 1, firstSeenMs: T0 }],
    });
    const { cells } = grid.picture(rules, [open], noName);
    expect(cells).toEqual([
      {
        host: 0,
        port: 1,
        count: 4,
        heat: 1.5,
        lastMs: T0 + 600_000,
        source: '198.51.100.8',
        incident: 'k1',
        severity: 'high',
      },
    ]);
  });

  it('a scan of a thousand ports does not drown those that are watched', () => {
    const grid = new HitGrid();
    for (let port = 1; port <= 1_024; port++) grid.add(hit('198.51.100.7', '192.0.2.10', port, 0), T0 + port);
    for (const host of ['192.0.2.10', '192.0.2.9']) grid.add(hit('198.51.100.8', host, 8_080, 0), T0);
    const { ports: columns, cells } = grid.picture(rules, [], noName);
    expect(columns.map(({ port }) => port)).toEqual([80, 143, 8_080, -2]);
    expect(cells.find(({ host, port }) => host === 0 && port === 3)).toMatchObject({
      count: 1_022,
      lastMs: T0 + 1_024,
    });
  });

  it('is bounded, whatever is hit', () => {
    const grid = new HitGrid();
    for (let i = 0; i < 100_000; i++)
      grid.add(hit('198.51.100.7', `203.0.${i >> 8}.${i & 255}`, 1 + (i % 500), 0), T0 + i);
    const picture = grid.picture(rules, [], noName);
    expect(picture.hosts.length).toBeLessThanOrEqual(400);
    expect(picture.ports.length).toBeLessThanOrEqual(64);
    expect(picture.omitted).toBeGreaterThan(99_000);
  });
});

describe('IncidentBook', () => {
  const book = (live: (identifier: string) => Incident | undefined = noName) =>
    new IncidentBook({
      live,
      serviceName: noName,
      verdict: ({ id }) => ({ word: 'Probe', headline: `headline ${id}` }),
    });
  const all = { offset: 0, limit: 100 };

  it('hears that an open incident has fallen quiet and grows again, and of none that is not told here', () => {
    const incidents = book();
    incidents.moved(incident({ id: 'a' }), 'opened', T0);
    expect(incidents.changed(incident({ id: 'a', count: 9 }))).toBe(false);
    expect(incidents.changed(incident({ id: 'a', state: 'quiet' }))).toBe(true);
    expect(incidents.query(all).rows).toMatchObject([{ id: 'a', state: 'quiet' }]);
    expect(incidents.query({ ...all, state: 'open' }).total).toBe(1);
    expect(incidents.changed(incident({ id: 'a', state: 'growing' }))).toBe(true);
    expect(incidents.changed(incident({ id: 'another' }))).toBe(false);
  });

  it('finds incidents by everything a query may name, the newest first', () => {
    const incidents = book();
    incidents.moved(incident({ id: 'a', severity: 'high' }), 'opened', T0);
    incidents.moved(
      incident({ id: 'b', severity: 'low', ruleId: 'other', sources: ['2001:db8::7'], state: 'closed' }),
      'closed',
      T0,
    );
    const ids = (query: object) => incidents.query({ ...all, ...query }).rows.map(({ id }) => id);
    expect(ids({})).toEqual(['b', 'a']);
    expect(ids({ severity: 'high' })).toEqual(['a']);
    expect(ids({ state: 'closed' })).toEqual(['b']);
    expect(ids({ rule: 'other' })).toEqual(['b']);
    expect(ids({ source: '2001:db8::7' })).toEqual(['b']);
    expect(ids({ host: 'lisa' })).toEqual(['b', 'a']);
    expect(ids({ host: '192.0.2.99' })).toEqual([]);
    expect(ids({ port: 143, rule: 'other' })).toEqual(['b']);
    expect(ids({ port: 144 })).toEqual([]);
    expect(ids({ text: 'HEADLINE A' })).toEqual(['a']);
    expect(incidents.query({ ...all, limit: 1, offset: 1 })).toMatchObject({
      total: 2,
      of: 2,
      rows: [{ id: 'a' }],
    });
    expect(ids({ offset: 5 })).toEqual([]);
  });

  it('tells the story with its reasons, and counts mails', () => {
    const incidents = book();
    incidents.moved(incident(), 'opened', T0);
    incidents.decided(
      { send: true, reason: 'first-sight', because: 'first' },
      ['k7f2', 'unheard-of'],
      T0 + 1,
    );
    incidents.delivered(
      { alertId: 'k7f2.first', channel: 'mail', attempt: 1, outcome: 'delivered', because: '250 ok' },
      T0 + 2,
    );
    incidents.moved(incident({ state: 'closed', count: 9 }), 'closed', T0 + 3);
    const found = incidents.find('k7f2')!;
    expect(found.story.map(({ kind }) => kind)).toEqual(['opened', 'decision', 'delivery', 'closed']);
    expect(found.summary).toMatchObject({ mails: 1, told: 'first-sight', count: 9, state: 'closed' });
    expect(found.incident).toMatchObject({ count: 9 });
    expect(incidents.byRule().get('classic-probe')).toEqual({ incidents: 1, open: 0, mails: 1 });
  });

  it('after a restart shows what was and what was delivered, an alert by two channels as one mail', () => {
    const incidents = book();
    incidents.restore(incident({ id: 'old', state: 'closed', openedAtMs: T0 }));
    incidents.restore(incident({ id: 'open', openedAtMs: T0 + 5 }));
    const delivery = { alertId: 'old.first', attempt: 1, because: '250 ok' } as const;
    incidents.restoreDelivery({ ...delivery, channel: 'chat', outcome: 'retry' }, T0 + 1);
    incidents.restoreDelivery({ ...delivery, channel: 'mail', outcome: 'delivered' }, T0 + 2);
    incidents.restoreDelivery({ ...delivery, channel: 'chat', outcome: 'delivered' }, T0 + 3);
    incidents.restoreDelivery({ ...delivery, alertId: 'gone.first', channel: 'mail', outcome: 'dead' }, T0);
    const found = incidents.find('old')!;
    expect(found.story.map(({ kind, atMs }) => [kind, atMs - T0])).toEqual([
      ['opened', 0],
      ['delivery', 1],
      ['delivery', 2],
      ['delivery', 3],
    ]);
    expect(found.summary).toMatchObject({ mails: 1, told: 'already-alerted', state: 'closed' });
    expect(found.incident).toBeDefined();
    expect(incidents.find('open')!.summary).toMatchObject({ mails: 0, state: 'open' });
  });

  it('shows an open incident as it is now, and not a later one of the same source', () => {
    let now = incident({ count: 3 });
    const incidents = book(() => now);
    incidents.moved(now, 'opened', T0);
    now = incident({ count: 77 });
    expect(incidents.query(all).rows[0]).toMatchObject({ count: 77 });
    now = incident({ id: 'later', count: 1 });
    expect(incidents.query(all).rows[0]).toMatchObject({ id: 'k7f2', count: 77 });
  });

  it('keeps ten thousand in short and the newest in full, however large they are', () => {
    const incidents = book();
    const lines = Array.from({ length: 64 }, () => ({
      bytes: Buffer.alloc(65_536),
      receivedAtMs: T0,
      peer: { address: '192.0.2.1' },
    }));
    for (let i = 0; i < 10_500; i++)
      incidents.moved(incident({ id: `i${i}`, state: 'closed', lines }), 'closed', T0);
    expect(incidents.size).toBe(10_000);
    expect(incidents.find('i499')).toBeUndefined();
    expect(incidents.find('i500')!.incident).toBeUndefined();
    expect(incidents.find('i10499')!.incident!.lines[0]!.bytes).toHaveLength(2_048);
  });

  it('a flood of mild incidents pushes out no grave one', () => {
    const incidents = book();
    incidents.moved(incident({ id: 'grave', severity: 'critical' }), 'opened', T0);
    incidents.moved(incident({ id: 'over', severity: 'critical', state: 'closed' }), 'closed', T0);
    for (let i = 0; i < 10_100; i++)
      incidents.moved(incident({ id: `i${i}`, severity: 'low' }), 'opened', T0 + i);
    expect(incidents.size).toBe(10_000);
    expect(incidents.find('grave')).toBeDefined();
    expect(incidents.find('over')).toBeUndefined();
    expect(incidents.find('i0')).toBeUndefined();
    expect(incidents.openBySeverity()).toMatchObject({ critical: 1, low: 9_999 });
  });

  it('a story that never ends keeps its beginning and its end', () => {
    const incidents = book();
    incidents.moved(incident(), 'opened', T0);
    for (let i = 0; i < 500; i++)
      incidents.decided({ send: false, reason: 'already-alerted', because: String(i) }, ['k7f2'], T0 + i);
    const { story } = incidents.find('k7f2')!;
    expect(story).toHaveLength(64);
    expect(story[0]!.kind).toBe('opened');
    expect(story.at(-1)).toMatchObject({ decision: { because: '499' } });
  });
});
