import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, jsonLine, oneLine, visible } from '../../src/lib/escape.ts';
import { costMs } from '../support/cpu-time.ts';

const UNSAFE_INSIDE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('visible()', () => {
  it.each([
    ['\n', '\\x0a'],
    ['\r\n', '\\x0d\\x0a'],
    ['\t', '\\x09'],
    ['\x0b\x0c', '\\x0b\\x0c'],
    ['\0', '\\x00'],
    ['\x1b]0;pwn\x07', '\\x1b]0;pwn\\x07'],
    ['\x1b[2J', '\\x1b[2J'],
    ['\x1bP0\x1b\\', '\\x1bP0\\x1b\\'],
    ['\x9b31m', '\\x9b31m'],
    ['\x7f', '\\x7f'],
    ['\x85', '\\x85'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['\u202eevil\u202c', '\\u202eevil\\u202c'],
    ['\u2066x\u2069', '\\u2066x\\u2069'],
    ['a\u200bb\u200d\ufeff', 'a\\u200bb\\u200d\\ufeff'],
    ['\u00ad', '\\xad'],
    ['\u115f\u3164', '\\u115f\\u3164'],
    ['\ud800', '\\ud800'],
    ['x\udc00y', 'x\\udc00y'],
    ['\u{e0041}', '\\u{e0041}'],
  ])('shows %j as %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves what people write alone', () => {
    const text = 'Büro 7 "x" <y> C:\\dir 日本 😀 é';
    expect(visible(text)).toBe(text);
  });

  it('bounds its result and never ends in half an escape or half a character', () => {
    expect(visible('abcdef', 6)).toBe('abcdef');
    expect(visible('abcdefg', 6)).toBe('abcde…');
    expect(visible('abc\x1b', 6)).toBe('abc…');
    expect(visible('abc\u202e', 8)).toBe('abc…');
    expect(visible('abc\u{e0041}', 10)).toBe('abc…');
    expect(visible('abc😀😀', 5)).toBe('abc…');
    expect(visible('abc', 0)).toBe('');
  });

  it('lets nothing unsafe through, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        expect(visible(text)).not.toMatch(UNSAFE_INSIDE);
        const short = visible(text, max);
        expect(short).not.toMatch(UNSAFE_INSIDE);
        expect(short.length).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('looks at no more than it shows', () => {
    const text = '\x1b'.repeat(10_000_000);
    expect(costMs(() => visible(text, 100))).toBeLessThan(50);
  });
});

describe('oneLine()', () => {
  it('turns white space of every kind into single spaces', () => {
    expect(oneLine(' a\r\n b\t\u2028c\u00a0 d ', 80)).toBe('a b c d');
  });

  it('still shows controls and keeps its bound', () => {
    expect(oneLine('a\x1b[2Jb', 80)).toBe('a\\x1b[2Jb');
    expect(oneLine('word '.repeat(1000), 20)).toHaveLength(20);
  });
});

describe('html()', () => {
  it('quotes everything that means something in an element or attribute', () => {
    expect(html('<a href="x" b=\'y\'>&`')).toBe('&#60;a href=&#34;x&#34; b=&#39;y&#39;&#62;&#38;&#96;');
  });
});

describe('jsonLine()', () => {
  it('is JSON, on one line, with nothing unsafe in it', () => {
    const value = { a: 'x\n\u2028\u202e\x7f\x85\ud800\u{e0041}', 'k\u200b': [1, '"\\'] };
    const line = jsonLine(value);
    expect(line).not.toMatch(UNSAFE_INSIDE);
    expect(JSON.parse(line)).toEqual(value);
  });
});
