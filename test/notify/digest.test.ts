import { describe, expect, it } from 'vitest';
import { renderDigest } from '../../src/notify/digest.ts';
import type { Held } from '../../src/notify/tally.ts';
import { Tally } from '../../src/notify/tally.ts';
import { T0 } from '../support/notify.ts';

const site = {
  zone: 'Europe/Berlin',
  hostName: 'mon1',
  decision: { send: true, reason: 'digest', because: 'these alerts were beyond the mail budget' },
} as const;

function held(i: number, extra: Partial<Held> = {}): Held {
  return {
    incidentId: `k${i}`,
    ruleId: 'classic-probe',
    severity: 'medium',
    headline: `198.51.100.${i} tried imap on 3 watched hosts in 9 s`,
    sources: [`198.51.100.${i}`],
    ports: [143],
    hits: 3,
    firstSeenMs: T0,
    lastSeenMs: T0 + 9000,
    ...extra,
  };
}

describe('renderDigest()', () => {
  it('gives exact counts first and the gravest incident in front', () => {
    const tally = new Tally();
    tally.add(held(1));
    tally.add(held(2, { severity: 'critical', ports: [22, 143], hits: 40 }));
    tally.add(held(3));
    const { subject, text, html } = renderDigest(tally.take(), site);
    expect(subject).toBe('[knockwatch] Digest: 3 incidents from 3 sources (1 critical, 2 medium)');
    expect(text).toBe(`\
What is new about 3 incidents from 3 sources had no mail of its own. The gravest: 198.51.100.2 tried imap on 3 watched
hosts in 9 s.

  Date:         Sat 24 Jan 2026
  Time:         18:47:46 - 18:47:55 (+01:00), 17:47:46Z
  Incidents:    3 (1 critical, 2 medium)
  Sources:      3
  Ports:        2
  Packets:      46

Incidents, the gravest first
  critical  198.51.100.2 tried imap on 3 watched hosts in 9 s, 40 packets  [k2]
  medium    198.51.100.1 tried imap on 3 watched hosts in 9 s, 3 packets  [k1]
  medium    198.51.100.3 tried imap on 3 watched hosts in 9 s, 3 packets  [k3]

Why this mail
  digest: these alerts were beyond the mail budget.

-- 
knockwatch on mon1, digest
`);
    expect(html).toContain('<title>[knockwatch] Digest: 3 incidents');
    expect(html).not.toMatch(/(src|href|url\()/i);
  });

  it('calls what it counts by its name', () => {
    const tally = new Tally();
    tally.add(held(1, { kinds: ['login'], hits: 5 }));
    const logins = renderDigest(tally.take(), site).text;
    expect(logins).toContain('  Logins:       5\n');
    expect(logins).toContain('in 9 s, 5 login attempts  [k1]');
    tally.add(held(1, { kinds: ['login'], hits: 5 }));
    tally.add(held(2));
    tally.add(held(3, { headline: 'Quiet: gw1 has stopped sending', hits: 0 }));
    const mixed = renderDigest(tally.take(), site).text;
    expect(mixed).toContain('  Attempts:     8\n');
    expect(mixed).toContain('in 9 s, 3 packets  [k2]');
    expect(mixed).toContain('stopped sending  [k3]');
  });

  it('lists a hundred and counts the rest, and doubts so many sources', () => {
    const tally = new Tally();
    for (let i = 0; i < 500; i++) tally.add(held(i));
    const { subject, text } = renderDigest(tally.take(), site);
    expect(subject).toContain('500 incidents from 500 sources (500 medium)');
    expect(text.match(/\[k\d+\]$/gm)).toHaveLength(100);
    expect(text).toContain('and 400 more incidents, all of them in the store');
    expect(text).toContain('So many sources are told apart by nothing but');
    expect(text).toContain('Packets:      1500\n');
  });

  it('says at least where it stopped telling apart', () => {
    const tally = new Tally(2);
    for (let i = 0; i < 5; i++) tally.add(held(i));
    const { subject, text } = renderDigest(tally.take(), site);
    expect(subject).toContain('Digest: at least 2 incidents from 2 sources');
    expect(text).toContain('and 3 more alerts beyond what is told apart, counted in the packets');
    expect(text).toContain('Packets:      15\n');
  });

  it('works when it lists nothing at all', () => {
    const tally = new Tally(0);
    tally.add(held(1));
    expect(renderDigest(tally.take(), site).subject).toBe(
      '[knockwatch] Digest: at least 0 incidents from 0 sources',
    );
  });
});
