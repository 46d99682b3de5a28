import { expect, it } from 'vitest';
import { readCef } from '../../src/parse/cef-fields.ts';
import { decodeLine } from '../support/decode-line.ts';

const read = (line: string) => readCef(decodeLine(line));
const fields = (extension: string) =>
  Object.fromEntries(read(`CEF:0|v|p|1|s|n|5|${extension}`)?.fields ?? []);

it.each([
  'CEF:0|Acme|Wall|1.0|42|Packet denied|7|src=198.51.100.7',
  'CEF: 0|Acme|Wall|1.0|42|Packet denied|7|src=198.51.100.7',
  '<13>Nov 23 03:00:00 gw1 CEF:0|Acme|Wall|1.0|42|Packet denied|7|src=198.51.100.7',
  '<13>Nov 23 03:00:00 gw1 CEF: 0|Acme|Wall|1.0|42|Packet denied|7|src=198.51.100.7',
  '<13>1 2026-11-23T03:00:00Z gw1 CEF - - - 0|Acme|Wall|1.0|42|Packet denied|7|src=198.51.100.7',
  '0|Acme|Wall|1.0|42|Packet denied|7|src=198.51.100.7',
])('finds the header in %s', (line) => {
  const { fields: extension, contradicted, overfull, ...header } = read(line)!;
  expect(header).toEqual({
    vendor: 'Acme',
    product: 'Wall',
    deviceVersion: '1.0',
    signature: '42',
    name: 'Packet denied',
    severity: '7',
  });
  expect([...extension]).toEqual([['src', '198.51.100.7']]);
  expect([contradicted.size, overfull]).toEqual([0, false]);
});

it('unescapes bars and backslashes of the header', () => {
  expect(read('CEF:0|a\\|b|c\\\\|1|s|n \\| m|5|')).toMatchObject({
    vendor: 'a|b',
    product: 'c\\',
    name: 'n | m',
    severity: '5',
  });
});

it.each([
  ['a=1 b=two words c=3', { a: '1', b: 'two words', c: '3' }],
  ['a= b=  x  c=', { a: '', b: '  x', c: '' }],
  [
    'msg=x src\\=203.0.113.9 y\\\\ z\\n src=198.51.100.7',
    { msg: 'x src=203.0.113.9 y\\ z\n', src: '198.51.100.7' },
  ],
  ['url=/a?b=c&d=e dst=192.0.2.10', { url: '/a?b=c&d=e', dst: '192.0.2.10' }],
  ['src=198.51.100.7 msg=again src=203.0.113.9', { src: '198.51.100.7', msg: 'again' }],
  ['no key here a=1', { a: '1' }],
  ['ad.x[0]=1 c6a2=::1', { 'ad.x[0]': '1', c6a2: '::1' }],
])('reads the extension %s', (extension, expected) => expect(fields(extension)).toEqual(expected));

it('keeps the order of the line, so that what a cut line ends in is the last', () => {
  expect([...(read('CEF:0|v|p|1|s|n|5|b=1 a=2 c=3')?.fields.keys() ?? [])]).toEqual(['b', 'a', 'c']);
});

it.each([
  'CEF:0|v|p|1|s|n',
  'CEF:0|v|p|1|s|n\\|5|a=1',
  'CEF:9|v|p|1|s|n|5|a=1',
  'something CEF:0|v|p|1|s|n|5|a=1',
  '<13>Nov 23 03:00:00 www app[7]: CEF:0|v|p|1|s|n|5|a=1',
])('is no CEF: %s', (line) => expect(read(line)).toBeUndefined());

it.each([
  ['a=1 b=x a=1', []],
  ['a=1 b=x a=2 c=y', ['a']],
])('says which keys have a second value: %s', (extension, keys) => {
  expect([...(read(`CEF:0|v|p|1|s|n|5|${extension}`)?.contradicted ?? [])]).toEqual(keys);
});

it('reads a bounded number of fields', () => {
  const many = Array.from({ length: 5_000 }, (_, i) => `k${i}=1`).join(' ');
  expect(read(`CEF:0|v|p|1|s|n|5|${many}`)).toMatchObject({ overfull: true, fields: { size: 256 } });
});

it('a backslash that escapes nothing stays: it joins no halves of an address', () => {
  expect(read('CEF:0|v|p|1|s|n|5|src=192.0.\\2.1 a=b\\')?.fields).toEqual(
    new Map([
      ['src', '192.0.\\2.1'],
      ['a', 'b\\'],
    ]),
  );
});
