import { describe, expect, it } from 'vitest';
import type { SenderEvent } from '../../src/daemon/sender-health.ts';
import { senderNotices } from '../../src/daemon/sender-notices.ts';
import { noticeAlert } from '../../src/notify/notice.ts';

const T0 = Date.UTC(2026, 0, 24, 17, 47, 46);
const quiet = (n: number): SenderEvent => ({
  kind: 'sender-quiet',
  sender: `192.0.2.${n}`,
  sentence: `192.0.2.${n} has sent nothing for 16 min.`,
});

describe('senderNotices()', () => {
  it('nothing happened, nothing is said', () => {
    expect(senderNotices([], T0)).toEqual([]);
  });

  it('is one notice for each kind, however many senders it befell', () => {
    const events = [
      ...Array.from({ length: 100 }, (_, i) => quiet(i)),
      { kind: 'sender-recovered', sender: 'x', sentence: 'x is heard again.' } as const,
    ];
    const notices = senderNotices(events, T0);
    expect(notices.map(({ reason, severity, headline }) => [reason, severity, headline])).toEqual([
      ['sender-quiet', 'medium', 'Quiet: 100 senders have stopped sending'],
      ['sender-recovered', 'low', 'Recovered: x'],
    ]);
  });
});

describe('noticeAlert()', () => {
  const [notice] = senderNotices(
    [quiet(1), { ...quiet(2), sample: 'a\x1b[2J\n<script>alert(1)</script>' }],
    T0,
  );
  const alert = noticeAlert(notice!, { hostName: 'collector', zone: 'Europe/Berlin' });

  it('says what happened, why it is told, and what to do', () => {
    expect(alert.subject).toBe('[knockwatch] Quiet: 2 senders have stopped sending');
    expect(alert.text).toContain('  192.0.2.1 has sent nothing for 16 min.\n  192.0.2.2');
    expect(alert.text).toContain('sender-quiet: the configuration says');
    expect(alert.text).toContain('knockwatch on collector, Sat 24 Jan 2026 18:47:46');
    expect(alert).toMatchObject({ reason: 'sender-quiet', incidentIds: [], severity: 'medium' });
  });

  it('lets nothing out of a line', () => {
    expect(alert.text).toContain('  a\\x1b[2J\\x0a<script>');
    expect(alert.html).not.toContain('<script>');
    expect(alert.html).toContain('&#60;script&#62;');
  });

  it('has bounds', () => {
    const [many] = senderNotices(
      Array.from({ length: 1_000 }, (_, i) => ({ ...quiet(i), sample: 'x'.repeat(10_000) })),
      T0,
    );
    const { text } = noticeAlert(many!, { hostName: 'collector', zone: 'UTC' });
    expect(text).toContain('and 960 more');
    expect(text.length).toBeLessThan(20_000);
  });
});
