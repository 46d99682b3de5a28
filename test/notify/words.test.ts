import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { andList, asSentence, hardWrap, listOf, longDuration, plural, wrap } from '../../src/notify/words.ts';

describe('words', () => {
  it('plural() counts', () => {
    expect([plural(0, 'host'), plural(1, 'host'), plural(2, 'host'), plural(2, 'try', 'tries')]).toEqual([
      '0 hosts',
      '1 host',
      '2 hosts',
      '2 tries',
    ]);
  });

  it('listOf() says how many it leaves out', () => {
    expect(listOf(['a', 'b', 'c'], 3)).toBe('a, b, c');
    expect(listOf(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
  });

  it('andList() joins as one speaks', () => {
    expect([andList([]), andList(['a']), andList(['a', 'b']), andList(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });

  it('asSentence() begins large and ends in a full stop', () => {
    expect([asSentence('the same TTL'), asSentence('Done!'), asSentence(' ')]).toEqual([
      'The same TTL.',
      'Done!',
      '',
    ]);
  });

  it.each([
    [0, '1 second'],
    [9_000, '9 seconds'],
    [60_000, '1 minute'],
    [250_000, '4 minutes 10 seconds'],
    [7_500_000, '2 hours 5 minutes'],
    [90_000_000, '1 day 1 hour'],
    [86_400_000 * 400, '400 days'],
  ])('longDuration(%i) is %s', (ms, text) => {
    expect(longDuration(ms)).toBe(text);
  });

  it('wrap() breaks at spaces and leaves long words whole', () => {
    expect(wrap('one two three', 9, '- ', '  ')).toEqual(['- one two', '  three']);
    expect(wrap('x'.repeat(30), 9)).toEqual(['x'.repeat(30)]);
  });

  it('hardWrap() bounds the octets of every line and loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const wrapped = hardWrap(text, 20);
        for (const line of wrapped.split('\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(20);
        expect(wrapped.replaceAll('\n', '')).toBe(text.replaceAll('\n', ''));
      }),
    );
  });
});
