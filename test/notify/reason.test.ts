import { describe, expect, it } from 'vitest';
import { decide, type History, type Mark, withinBudget } from '../../src/notify/reason.ts';
import { incident, T0, target } from '../support/notify.ts';

const told: Mark = { atMs: T0, severity: 'high', count: 3, targets: 3, sources: 1 };
const other = (severity: 'low' | 'high' | 'critical'): History => ({
  other: { incidentId: 'k1', ruleId: 'port-scan', severity },
});

describe('decide()', () => {
  it('waits for the sweep when an incident opens', () => {
    expect(decide(incident(), 'opened', {}, ['ops'])).toMatchObject({ send: false, reason: 'settling' });
  });

  it('mails at first sight, once', () => {
    expect(decide(incident(), 'settled', {}, ['ops'])).toMatchObject({ send: true, reason: 'first-sight' });
    expect(decide(incident(), 'settled', { last: told }, ['ops'])).toMatchObject({
      send: false,
      reason: 'already-alerted',
    });
  });

  it.each(['opened', 'settled', 'escalated', 'closed'] as const)(
    'sends nothing on %s without a channel',
    (transition) => {
      expect(decide(incident(), transition, {}, [])).toEqual({
        send: false,
        reason: 'no-channel',
        because: 'rule classic-probe names no channel that is configured',
      });
    },
  );

  it('sends nothing below the least severity', () => {
    expect(decide(incident({ severity: 'low' }), 'settled', {}, ['ops'], 'medium')).toMatchObject({
      send: false,
      reason: 'below-threshold',
    });
    expect(decide(incident({ severity: 'medium' }), 'settled', {}, ['ops'], 'medium').send).toBe(true);
  });

  it('says nothing about a second incident of a source that was mailed about, unless it is graver', () => {
    expect(decide(incident(), 'settled', other('high'), ['ops'])).toEqual({
      send: false,
      reason: 'source-already-alerted',
      because: 'this source was mailed about already: incident k1 of rule port-scan (high) is still open',
    });
    expect(decide(incident(), 'settled', other('critical'), ['ops']).reason).toBe('source-already-alerted');
    expect(decide(incident(), 'settled', other('low'), ['ops'])).toMatchObject({
      send: true,
      reason: 'first-sight',
    });
  });

  it('mails when the severity rises, and says by how much', () => {
    const grown = incident({
      severity: 'critical',
      count: 10,
      targets: [...incident().targets, target('192.0.2.99', 143, 60)],
    });
    expect(decide(grown, 'escalated', { last: told }, ['ops'])).toEqual({
      send: true,
      reason: 'escalated',
      because: 'rose from high to critical; 7 packets and 1 target more',
    });
    expect(decide(incident(), 'escalated', { last: told }, ['ops'])).toMatchObject({
      send: false,
      reason: 'already-alerted',
    });
  });

  it('lets a rise in severity end the silence about an incident nobody heard of', () => {
    const history: History = { previous: 'source-already-alerted', ...other('high') };
    expect(decide(incident({ severity: 'critical' }), 'escalated', history, ['ops'])).toMatchObject({
      send: true,
      reason: 'escalated',
    });
    expect(decide(incident({ severity: 'high' }), 'escalated', history, ['ops']).reason).toBe(
      'source-already-alerted',
    );
    expect(decide(incident(), 'escalated', { previous: 'over-budget' }, ['ops']).send).toBe(true);
  });

  it('sums up at the end only when something is new since the last mail', () => {
    expect(decide(incident(), 'closed', { last: told }, ['ops'])).toEqual({
      send: false,
      reason: 'already-alerted',
      because: 'closed; nothing new since the last mail',
    });
    expect(decide(incident({ count: 203 }), 'closed', { last: told }, ['ops'])).toEqual({
      send: true,
      reason: 'closing-summary',
      because: 'closed; 200 packets more since the last mail',
    });
  });

  it('keeps its reason when an incident closes without a mail of its own', () => {
    expect(decide(incident(), 'closed', { previous: 'over-budget' }, ['ops'])).toMatchObject({
      send: false,
      reason: 'over-budget',
    });
    expect(decide(incident(), 'closed', { previous: 'source-already-alerted' }, ['ops']).reason).toBe(
      'source-already-alerted',
    );
  });

  it('does not lose an incident that closes before it settled', () => {
    expect(decide(incident(), 'closed', {}, ['ops'])).toMatchObject({ send: true, reason: 'first-sight' });
  });

  it('leaves an incident that waits in a digest there', () => {
    expect(decide(incident(), 'settled', { previous: 'over-budget' }, ['ops'])).toMatchObject({
      send: false,
      reason: 'over-budget',
    });
  });
});

describe('withinBudget()', () => {
  const yes = { send: true, reason: 'first-sight', because: 'x' } as const;
  const over = [
    { channel: 'a', because: 'the budget is spent' },
    { channel: 'b', because: 'the budget is spent' },
  ];

  it('keeps a mail that one channel may carry', () => {
    expect(withinBudget(yes, { allowed: ['a'], over })).toBe(yes);
  });

  it('turns one that none may carry into a digest entry, saying why once', () => {
    expect(withinBudget(yes, { allowed: [], over })).toEqual({
      send: false,
      reason: 'over-budget',
      because: 'the budget is spent; it goes into the next digest',
    });
  });

  it('does not touch a decision not to send', () => {
    const no = { ...yes, send: false };
    expect(withinBudget(no, { allowed: [], over: [] })).toBe(no);
  });
});
