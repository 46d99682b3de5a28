import { describe, expect, it } from 'vitest';
import { serviceName } from '../../src/lib/services.ts';
import { backgroundAlert, renderBackground } from '../../src/notify/background.ts';
import type { BackgroundReport } from '../../src/notify/background-counts.ts';

const T0 = Date.parse('2026-11-23T06:00:00Z');
const DAY = 86_400_000;
const site = { zone: 'Europe/Berlin', hostName: 'mon1', serviceName };

function report(more: Partial<BackgroundReport> = {}): BackgroundReport {
  return {
    fromMs: T0,
    untilMs: T0 + DAY,
    lines: 1_120,
    linesBefore: 1_000,
    lengthBeforeMs: DAY,
    sources: [
      { key: '198.51.100.7', count: 700, before: 650 },
      { key: '2001:db8::7', count: 40 },
    ],
    ports: [
      { key: '143/tcp', count: 900, before: 800 },
      { key: 'icmp', count: 3 },
      { key: '48999/udp', count: 1 },
    ],
    observers: [{ key: 'gw1', count: 1_120, before: 1_000 }],
    error: 0,
    ...more,
  };
}

describe('renderBackground()', () => {
  it('tells what was heard, who, where, and how it was the day before', () => {
    const { subject, text, html } = renderBackground(report(), site);
    expect(subject).toBe(
      '[knockwatch] Background: 1120 lines denied or failed, 12 % more than the day before',
    );
    expect(text).toContain('1120 lines denied or failed in 1 day, 12 % more than the day before.');
    expect(text).toContain('Mon 23 Nov 2026');
    expect(text).toMatch(/^ {2}Source +Lines +Yesterday$/m);
    expect(text).toMatch(/^ {2}198\.51\.100\.7 +700 +650$/m);
    expect(text).toMatch(/^ {2}2001:db8::7 +40 +new$/m);
    expect(text).toMatch(/imap \(143\/tcp\) +900 +800$/m);
    expect(text).toMatch(/^ {2}icmp +3 +new$/m);
    expect(text).toMatch(/^ {2}gw1 +1120 +1000$/m);
    for (const word of ['198.51.100.7', 'imap (143/tcp)', '12 % more', 'Yesterday'])
      expect(html).toContain(word);
  });

  it('the first day compares with nothing', () => {
    const { linesBefore: _, lengthBeforeMs: __, ...first } = report();
    const { subject, text } = renderBackground(
      { ...first, sources: [{ key: '198.51.100.7', count: 700 }] },
      site,
    );
    expect(subject).toBe('[knockwatch] Background: 1120 lines denied or failed');
    expect(text).not.toMatch(/Yesterday$|new$/m);
  });

  it('compares by the hour: a day before that began at noon was half as long', () => {
    const half = { linesBefore: 560, lengthBeforeMs: DAY / 2 };
    expect(renderBackground(report(half), site).subject).toContain('as many as the day before');
    expect(renderBackground(report({ linesBefore: 2_240 }), site).subject).toContain(
      '50 % less than the day before',
    );
    expect(renderBackground(report({ linesBefore: 10 }), site).subject).toContain('112 times as many');
    expect(renderBackground(report({ linesBefore: 0 }), site).subject).not.toContain('day before');
  });

  it('silence is worth a question', () => {
    const silent = renderBackground(report({ lines: 0, sources: [], ports: [], observers: [] }), site);
    expect(silent.text).toContain('Do your devices still send their logs?');
    expect(silent.text).not.toContain('Source');
    expect(silent.text).not.toContain('Nothing has to be done');
  });

  it('says by how much counts may be too low', () => {
    expect(renderBackground(report({ error: 37 }), site).text).toContain('up to 37 too low');
  });

  it('shows a device’s name without letting it do anything', () => {
    const name = '<script>\x1b[2J\r\nBcc: x\u202e';
    const { text, html } = renderBackground(report({ observers: [{ key: name, count: 1 }] }), site);
    expect(text).not.toMatch(/\x1b|\r|\u202e|^Bcc/m);
    expect(html).not.toContain('<script>');
  });
});

describe('backgroundAlert()', () => {
  it('is a digest of its own, with the day in its id', () => {
    expect(backgroundAlert(report(), site)).toMatchObject({
      id: 'background.mon1.Tue-24-Nov-2026',
      incidentIds: [],
      severity: 'low',
      reason: 'digest',
    });
  });
});
