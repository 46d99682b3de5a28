import { describe, expect, it } from 'vitest';
import { mailAddress, mailAddresses } from '../../../src/notify/email/address.ts';

describe('mailAddress()', () => {
  it.each([
    ['a@x.example\r\nRCPT TO:<b@y.example>', 'local part'],
    ['a\r\nDATA@x.example', 'local part'],
    ['"a@evil.example" @x.example', 'local part'],
    ['"a b"@x.example', 'local part'],
    ['a@x.example(b)', 'domain'],
    ['a(b)@x.example', 'local part'],
    ['Friends: a@x.example, b@y.example;', 'local part'],
    ['Ann <a@x.example>', 'local part'],
    ['a@x.example, b@y.example', 'local part'],
    ['<a@x.example>', 'local part'],
    ['@relay.example:a@x.example', 'local part'],
    ['a@[192.0.2.1]', 'domain'],
    ['a@bücher.example', 'not ASCII'],
    ['ä@x.example', 'local part'],
    ['a@x..example', 'domain'],
    ['a@-x.example', 'domain'],
    ['a..b@x.example', 'local part'],
    ['-oQ@x.example', 'dash'],
    ['a@x.example\0', 'domain'],
    ['a @x.example', 'local part'],
    ['a', 'not an address'],
    ['@x.example', 'not an address'],
    ['a@', 'domain'],
    ['', 'not an address'],
    [`${'a'.repeat(65)}@x.example`, 'local part'],
    [`a@${'x'.repeat(64)}.example`, 'domain'],
    [`a@${'x.'.repeat(130)}example`, 'longer than 254'],
  ])('refuses %j', (text, why) => {
    expect(() => mailAddress(text, 'channel ops, to')).toThrow(TypeError);
    expect(() => mailAddress(text, 'channel ops, to')).toThrow(why);
  });

  it.each(['ops@example.org', 'root@localhost', "o'neil+kw=1@mail.example.org", 'a@xn--bcher-kva.example'])(
    'takes %s',
    (text) => {
      expect(mailAddress(text, 'to')).toBe(text);
    },
  );

  it('repeats what was written on one line, bounded', () => {
    const long = `x\r\n${'y'.repeat(500)}`;
    expect(() => mailAddress(long, 'to')).toThrow(/^to: "x\\r\\ny{77}"/);
  });
});

describe('mailAddresses()', () => {
  it('refuses none, too many, and one bad among good ones', () => {
    expect(() => mailAddresses([], 'to')).toThrow('no recipient');
    expect(() =>
      mailAddresses(
        Array.from({ length: 10_000 }, (_, i) => `a${i}@x.example`),
        'to',
      ),
    ).toThrow('at most 100');
    expect(() => mailAddresses(['a@x.example', 'b'], 'to')).toThrow('"b"');
  });

  it('sends nobody the same mail twice', () => {
    expect(mailAddresses(['a@x.example', 'b@x.example', 'a@x.example'], 'to')).toEqual([
      'a@x.example',
      'b@x.example',
    ]);
  });
});
