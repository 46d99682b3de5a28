import { describe, expect, it } from 'vitest';
import { AllowList } from '../../src/receive/allow-list.ts';

describe('AllowList', () => {
  it.each([
    '',
    'fw1',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/08',
    '192.0.2.0/',
    '192.0.2.0/24/8',
    '192.0.2.0/24 ',
    '192.0.2',
    '192.0.02.1',
    '2001:db8::/129',
    '::ffff:192.0.2.0/95',
    'fe80::1%eth0',
    '*',
  ])('refuses %j, naming it', (entry) => {
    expect(() => new AllowList(['192.0.2.1', entry])).toThrow(`"${entry}" is not an address or network`);
  });

  it.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['192.0.2.0/24', '2001:db8::1', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:DB8:0:0::1', '2001:db8::1', true],
    ['::ffff:192.0.2.0/120', '192.0.2.9', true],
    ['::ffff:192.0.2.0/120', '192.0.3.9', false],
    ['::ffff:c000:207', '192.0.2.7', true],
  ])('%s and a sender %s: %s', (entry, sender, answer) => {
    const list = new AllowList([entry]);
    expect(list.allows(sender)).toBe(answer);
    expect(list.allows(sender)).toBe(answer);
  });

  it('allows everybody when it is empty', () => {
    const list = new AllowList([]);
    expect([list.allows('203.0.113.9'), list.allows('2001:db8::1')]).toEqual([true, true]);
  });

  it('judges senders that take turns each by itself', () => {
    const list = new AllowList(['192.0.2.7', '2001:db8::/64']);
    const turns = ['192.0.2.7', '192.0.2.8', '2001:db8::1', '192.0.2.8', '192.0.2.7'];
    expect(turns.map((sender) => list.allows(sender))).toEqual([true, false, true, false, true]);
  });
});
