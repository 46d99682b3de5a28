import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../src/lib/nearest.ts';

describe('nearest', () => {
  it.each([
    ['port', 'ports'],
    ['impa', 'imap'],
    ['severty', 'severity'],
    ['HIHG', 'high'],
    ['adress-scan', 'address-scan'],
    ['wacth', 'watch'],
  ])('nearest() takes `%s` for `%s`', (word, meant) => {
    expect(nearest(word, ['watch', 'severity', 'address-scan', 'ports', 'imap', 'high'])).toBe(meant);
  });

  it.each(['xyz', 'a', '', 'completely-different', 'x'.repeat(10_000)])(
    'nearest() finds nothing near %j',
    (word) => {
      expect(nearest(word, ['watch', 'ports', 'imap'])).toBeUndefined();
    },
  );

  it('nearest() prefers fewer edits, then the first candidate', () => {
    expect(nearest('telnett', ['telnets', 'telnet'])).toBe('telnets');
    expect(nearest('telnet1x', ['telnetx', 'telnet1'])).toBe('telnetx');
    expect(nearest('posgres', ['postgresql', 'postgres'])).toBe('postgres');
  });

  it('nearest() looks through a hundred thousand words at once', () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `host-${i}.example.net`);
    const started = performance.now();
    expect(nearest('hots-99999.example.net', words)).toBe('host-99999.example.net');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

it('didYouMean() is empty when nothing is near', () => {
  expect(didYouMean('port', ['ports'])).toBe(' - did you mean `ports`?');
  expect(didYouMean('zzz', ['ports'])).toBe('');
});
