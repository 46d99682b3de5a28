import { expect, it } from 'vitest';
import { keyValues } from '../../src/parse/key-values.ts';

it.each([
  ['a=1 b="two words" c=3', { a: '1', b: 'two words', c: '3' }, 'c'],
  ['a="x \\" b=9" b=2 a=3', { a: 'x \\" b=9', b: '2' }, 'a'],
  ['time=10: 13:03 dev=x  y=', { time: '10:', dev: 'x', y: '' }, 'y'],
  ['a=1 b="never closed c=3', { a: '1' }, 'b'],
  ['a=b=c d', { a: 'b=c' }, 'a'],
  ['no keys at all', {}, undefined],
])('%s', (text, fields, lastKey) => {
  const read = keyValues(text);
  expect(Object.fromEntries(read.fields)).toEqual(fields);
  expect(read.lastKey).toBe(lastKey);
});

it.each([
  ['a=1 b=2 a=1 b="2"', []],
  ['a=1 b=2 a=3 b=2', ['a']],
  ['a=1 a="cut', ['a']],
])('says which keys have a second value: %s', (text, keys) => {
  expect([...keyValues(text).contradicted]).toEqual(keys);
});

it('reads a bounded number of fields', () => {
  const read = keyValues(Array.from({ length: 5_000 }, (_, i) => `k${i}=1`).join(' '));
  expect(read).toMatchObject({ overfull: true, fields: { size: 256 } });
});
