import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileLinear, type LinearRegex, requiredLiteral } from '../../src/lib/linear-regex.ts';

function compiled(source: string): LinearRegex {
  const result = compileLinear(source);
  if (!result.ok) throw new Error(result.message);
  return result.regex;
}

describe('compileLinear() refuses, and says which part', () => {
  it.each([
    ['a(b', 'missing closing )', 'a(b'],
    ['x(?=y)', 'look-around is Perl and has no linear time', '(?='],
    ['(?<!x)y', 'look-around is Perl and has no linear time', '(?<!x)y'],
    ['(a)\\1', 'back references are Perl and have no linear time', '\\1'],
    ['[z-a]', 'invalid character class range', 'z-a'],
    ['x{1,2000}', 'invalid repeat count', '{1,2000}'],
    ['(?P<a>x)(?P<a>y)', 'duplicate capture group name', 'a'],
  ])('%s', (source, message, part) => {
    expect(compileLinear(source)).toEqual({ ok: false, message, part });
  });
});

describe('compileLinear()', () => {
  it('gives the named groups of the first match that took part', () => {
    const { find, groups } = compiled(
      'login of (?P<user>\\S+) from (?<source>\\S+)(?: port (?P<sourcePort>\\d+))?',
    );
    expect(groups).toEqual(['user', 'source', 'sourcePort']);
    expect([...find('x: login of joe from 192.0.2.7')!]).toEqual([
      ['user', 'joe'],
      ['source', '192.0.2.7'],
    ]);
    expect(find('x: login of joe by 192.0.2.7')).toBeUndefined();
  });

  it.each(['(a+)+$', '(a|aa)+$', '(.*)(.*)(.*)(.*)x', '(?:a?){50}a{50}', '([a-z]*)*!'])(
    'takes linear time where Perl takes for ever: %s',
    (source) => {
      const { find } = compiled(source);
      const line = `${'a'.repeat(8_191)}b`;
      const before = performance.now();
      find(line);
      expect(performance.now() - before).toBeLessThan(1_000);
    },
  );
});

describe('requiredLiteral()', () => {
  it.each([
    ['vpnd: login of (?P<user>\\S+) from (?P<source>\\S+) failed', 'vpnd: login of '],
    ['^\\[auth\\] bad', '[auth] bad'],
    ['colou?rful', 'colo'],
    ['ab😀?cdef', 'cdef'],
    ['abc😀*', 'abc'],
    ['ab+cde', 'cde'],
    ['refused|denied', undefined],
    ['(refused|denied) by', ' by'],
    ['(?i)refused', undefined],
    ['(?i:refused) by me', undefined],
    ['a\\d{3}bcd', 'bcd'],
    ['[[:alpha:]x]]yz', ']yz'],
    ['[]abc]def', 'def'],
    ['\\Qa.b\\E', undefined],
    ['\\x41\\p{Greek}\\x{10FFFF}\\101yes', 'yes'],
    ['\\S+ \\d+', undefined],
    ['abc{0}', undefined],
  ])('of %s is %j', (source, literal) => expect(requiredLiteral(source)).toBe(literal));

  it('is in every text the expression matches', () => {
    const plain = fc.stringMatching(/^[abc]{1,5}$/);
    const piece = fc.oneof(
      plain,
      fc.tuple(plain, fc.constantFrom('?', '*', '+', '{0,2}', '{2}')).map((parts) => parts.join('')),
      fc.tuple(plain, plain).map(([a, b]) => `(${a}|${b})`),
      fc.tuple(plain, plain).map(([a, b]) => `(?:${a}(${b})?)*`),
      fc.constantFrom('[ab]', '[^c]', '\\.', '\\w', '.', '^', '$', '|', '(?P<x>a)', '[]a]', '[\\]b]'),
    );
    const source = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        source,
        fc.array(fc.stringMatching(/^[abc.\]]{0,24}$/), { minLength: 1, maxLength: 10 }),
        (regex, texts) => {
          const result = compileLinear(regex);
          const literal = requiredLiteral(regex);
          if (!result.ok || literal === undefined) return;
          for (const text of texts)
            if (result.regex.find(text) !== undefined) expect(text).toContain(literal);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
