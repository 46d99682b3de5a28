import { describe, expect, it } from 'vitest';
import { serviceName } from '../../src/lib/services.ts';
import { heldOf } from '../../src/notify/alerts.ts';
import { Ledger, type NotedAlert } from '../../src/notify/ledger.ts';
import { decide } from '../../src/notify/reason.ts';
import type { Decision, Incident } from '../../src/types.ts';
import { incident, T0 } from '../support/notify.ts';

const FLOOD = 30_000;
const story = (i: number): Incident => incident({ id: `k${i}`, sources: [`10.0.${i >> 8}.${i & 255}`] });
const SENT: Decision = { send: true, reason: 'first-sight', because: 'first' };
const OVER: Decision = { send: false, reason: 'over-budget', because: 'budget' };

/** A ledger after a flood: the first incident was mailed about, thirty thousand others went into a digest. */
function flooded(): Ledger {
  const ledger = new Ledger();
  const note = (one: Incident, decision: Decision, alert?: NotedAlert) =>
    ledger.note(one, decision, heldOf(one, serviceName), alert, T0);
  note(story(0), SENT, { id: 'k0.first', channels: ['ops'] });
  for (let i = 1; i <= FLOOD; i++) note(story(i), OVER);
  return ledger;
}

describe('Ledger', () => {
  it('forgets nothing about an incident that was mailed about, while others come and go', () => {
    expect(flooded().get('k0')).toMatchObject({ last: { severity: 'high' }, threadId: 'k0.first' });
  });

  it('keeps the last decision where the record had to go: an incident told in a digest is not told again when it closes', () => {
    const ledger = flooded();
    expect(ledger.get('k1')).toBeUndefined();
    for (const i of [1, 2_000, FLOOD]) {
      expect(decide(story(i), 'closed', ledger.history(story(i), ['ops']), ['ops'])).toMatchObject({
        send: false,
        reason: 'over-budget',
      });
    }
  });

  it('knows nothing of an incident that has closed', () => {
    const ledger = flooded();
    ledger.close('k1');
    ledger.close('k0');
    expect(ledger.history(story(1), ['ops'])).toEqual({});
    expect(ledger.history(story(0), ['ops'])).toEqual({});
  });

  it('knows of another incident of the source only what all these channels were told', () => {
    const ledger = flooded();
    const other = { ...story(0), id: 'x1', ruleId: 'other' };
    expect(ledger.history(other, ['ops']).other).toMatchObject({ incidentId: 'k0' });
    expect(ledger.history(other, ['security']).other).toBeUndefined();
    expect(ledger.history(other, ['ops', 'security']).other).toBeUndefined();
    // What an earlier release wrote down does not say whom it told.
    const { channels: _, ...record } = ledger.get('k0')!;
    expect(new Ledger([record]).history(other, ['security']).other).toMatchObject({ incidentId: 'k0' });
  });
});
