import { describe, expect, it } from 'vitest';
import { positionOf, readYaml } from '../../src/lib/yaml-file.ts';

/** The first fault as `line:column message`. */
function firstFault(text: string): string | undefined {
  const fault = readYaml(text).faults[0];
  return fault && `${fault.line}:${fault.column} ${fault.message}`;
}

describe('readYaml() refuses, with the place', () => {
  it.each<[string, string, RegExp]>([
    ['an unclosed list', 'a: [1, 2\nb: 3\n', /^[12]:\d+ not valid YAML near `/],
    ['an unclosed quote', 'a: "b\n', /^1:4 not valid YAML near `a: "b`: .*quote/],
    [
      'an unclosed quote that swallows the rest, where it opens',
      'rules:\n  - id: "a\n    watch: { hosts: any }\n  - id: b\n\n\n',
      /^2:9 not valid YAML near `- id: "a`: .*quote/,
    ],
    ['a tab as indentation', 'a:\n\tb: 1\n', /^2:\d+ not valid YAML near `b: 1`: .*[Tt]ab/],
    ['bad indentation', 'a: 1\n  b: 2\n', /^[12]:\d+ not valid YAML near/],
    ['a repeated key', 'a: 1\nb: 2\na: 3\n', /^3:1 `a` is written twice, first on line 1$/],
    ['a repeated key inside', 'x:\n  - a: 1\n    a: 2\n', /^3:5 `a` is written twice, first on line 2$/],
    ['__proto__', 'a:\n  __proto__: { b: 1 }\n', /^2:3 `__proto__` cannot be used as a name$/],
    ['constructor', 'constructor: 1\n', /^1:1 `constructor` cannot/],
    ['a quoted prototype key', '"proto\\x74ype": 1\n', /^1:1 `prototype` cannot/],
    ['NUL', 'a: 1\nb: \0\n', /^2:4 control character U\+0000/],
    ['escape', 'a: 1\nb: x\x1b[2J\n', /^2:5 control character U\+001B/],
    ['a second document', 'a: 1\n---\nb: 2\n', /^[23]:\d+ a second document starts here/],
    ['an unknown tag', 'a: !!js/function x\n', /^1:4 not valid YAML near/],
    [
      'an unknown anchor',
      'a: &dmz 1\nb: *dmy\n',
      /^2:4 `\*dmy` has no anchor before it - did you mean `dmz`\?$/,
    ],
    ['an alias inside its own anchor', 'a: &x [1, *x]\n', /^1:11 `\*x` contains itself$/],
    ['a list as key', '? [a, b]\n: 1\n', /^1:3 not valid YAML near/],
  ])('%s', (_name, text, expected) => {
    expect(firstFault(text)).toMatch(expected);
    expect(readYaml(text).value).toBeUndefined();
  });

  it.each([
    ['flow lists', '['.repeat(5_000) + ']'.repeat(5_000), /^1:6\d nested deeper than 32 levels$/],
    ['block lists', `a:\n  ${'- '.repeat(5_000)}x\n`, /^2:\d+ nested deeper/],
    ['flow mappings', '{a: '.repeat(5_000), /^1:\d+ nested deeper/],
    [
      'indented mappings',
      Array.from({ length: 1_000 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
      /^\d+:\d+ nested deeper/,
    ],
    ['complex keys', '? '.repeat(5_000), /^1:\d+ nested deeper/],
  ])('%s nested thousands deep', (_name, text, expected) => {
    expect(firstFault(text)).toMatch(expected);
  });

  it('an alias bomb, at the alias that bursts', () => {
    const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 30; i++)
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      );
    expect(firstFault(bomb.join('\n'))).toMatch(/^6:\d+ `\*a4` expands the file to more than 500000 values$/);
  });

  it('a large list repeated often', () => {
    const text = `a: &a [${Array(10_000).fill('x').join(', ')}]\nb: [${Array(100).fill('*a').join(', ')}]\n`;
    expect(firstFault(text)).toMatch(/^2:\d+ `\*a` expands the file/);
  });
});

describe('readYaml() stays quick on half a megabyte of', () => {
  const M = 1 << 19;
  it.each([
    ['commas', `[${','.repeat(M - 2)}]`],
    ['quotes', '"'.repeat(M)],
    ['anchors', '&a '.repeat(Math.floor(M / 3))],
    ['documents', '---\n'.repeat(M / 4)],
    ['hosts', Array.from({ length: 25_000 }, (_, i) => `h${i}: 192.0.2.1\n`).join('')],
  ])('%s', (_name, text) => {
    const started = performance.now();
    expect(readYaml(text).faults.length).toBeLessThanOrEqual(10);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe('readYaml() reads', () => {
  const text =
    '# comment\nhosts:\n  lisa: 192.0.2.10\nrules:\n  - id: one\n    watch: { hosts: [lisa, ns1] }\n    tests:\n';

  it('plain values', () => {
    const { value, faults } = readYaml(text);
    expect(faults).toEqual([]);
    expect(value).toEqual({
      hosts: { lisa: '192.0.2.10' },
      rules: [{ id: 'one', watch: { hosts: ['lisa', 'ns1'] }, tests: null }],
    });
  });

  it.each<[(string | number)[], 'key' | 'value', string]>([
    [[], 'value', '2:1'],
    [['hosts', 'lisa'], 'value', '3:9'],
    [['hosts', 'lisa'], 'key', '3:3'],
    [['rules', 0], 'value', '5:5'],
    [['rules', 0, 'watch', 'hosts', 1], 'value', '6:28'],
    [['rules', 0, 'tests'], 'value', '7:5'],
    [['rules', 0, 'watch', 'ports'], 'key', '6:12'],
    [['rules', 7, 'id'], 'value', '5:3'],
    [['hosts', 'lisa', 'deeper', 'still'], 'value', '3:9'],
  ])('and locates %j (%s) at %s', (path, part, expected) => {
    const { line, column } = readYaml(text).locate(path, part);
    expect(`${line}:${column}`).toBe(expected);
  });

  it('through aliases', () => {
    const file = readYaml('a: &web [x, y]\nb: *web\n');
    expect(file.value).toEqual({ a: ['x', 'y'], b: ['x', 'y'] });
    expect(file.locate(['b', 1])).toEqual({ line: 1, column: 13 });
  });

  it('YAML 1.2: no is text, 1:30 is text, number keys are names', () => {
    expect(readYaml('a: no\nb: 1:30\n10: x\n').value).toEqual({ a: 'no', b: '1:30', 10: 'x' });
  });

  it('an empty file as null', () => {
    for (const text of ['', '\n\n', '# nothing\n', '\uFEFF'])
      expect(readYaml(text)).toMatchObject({ value: null, faults: [] });
  });

  it('CRLF line ends', () => {
    expect(readYaml('a: 1\r\nb: 2\r\n').locate(['b'])).toEqual({ line: 2, column: 4 });
  });
});

it('positionOf() counts lines and columns from 1', () => {
  expect(positionOf('ab\ncd', 0)).toEqual({ line: 1, column: 1 });
  expect(positionOf('ab\ncd', 4)).toEqual({ line: 2, column: 2 });
});
