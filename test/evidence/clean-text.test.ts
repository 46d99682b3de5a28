import { describe, expect, it } from 'vitest';
import { cleanText, isHostName, plainMailbox } from '../../src/evidence/clean-text.ts';

describe('cleanText()', () => {
  it.each([
    ['\n~!touch x\n', '~!touch x'],
    ['a\r\nb\rc\u2028d\u0085e\vf', 'a\nb\nc\nd\ne\nf'],
    ['a\0b\x1b[2Jc\u202ed', 'a\\x00b\\x1b[2Jc\\u202ed'],
    ['a\n\n\n\nb   \n\n', 'a\n\nb'],
    ['', ''],
    ['a\tb', 'a  b'],
  ])('%j becomes %j', (text, expected) => {
    expect(cleanText(text)).toBe(expected);
  });

  it('keeps at most 64 lines and says how many are left out', () => {
    const lines = cleanText('line\n'.repeat(100)).split('\n');
    expect(lines).toHaveLength(65);
    expect(lines.at(-1)).toBe('(36 more lines left out)');
  });

  it('keeps at most 8 KiB', () => {
    const text = cleanText(`${'é'.repeat(150)}\n`.repeat(60));
    expect(Buffer.byteLength(text)).toBeLessThan(8 * 1024 + 40);
  });

  it('takes 10 MB in good time', () => {
    const start = performance.now();
    cleanText('\u202e'.repeat(10_000_000));
    cleanText('x\n'.repeat(1_000_000));
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('plainMailbox()', () => {
  it.each(['abuse@example.net', 'a.b+c@mail.example.net', ' abuse@example.net '])('takes %j', (text) => {
    expect(plainMailbox(text)).toBe(text.trim());
  });

  it.each([
    '',
    'abuse',
    'abuse@localhost',
    '"a b"@example.net',
    'a@example.net\r\nBcc: v@example.net',
    'a@example.net>',
    'A <a@example.net>',
    'a@exa_mple.net',
    'a(b)@example.net',
    '.a@example.net',
    'a..b@example.net',
    'a@-example.net',
    'a@example.net,b@example.net',
    `${'a'.repeat(65)}@example.net`,
    `a@${'a'.repeat(64)}.net`,
    'a\0@example.net',
  ])('refuses %j', (text) => {
    expect(plainMailbox(text)).toBeUndefined();
  });
});

describe('isHostName()', () => {
  it.each(['a', 'host-7.example.net', '7host.example', 'a'.repeat(63)])('takes %s', (name) => {
    expect(isHostName(name)).toBe(true);
  });

  it.each([
    '',
    '.',
    'a..b',
    '-a',
    'a-',
    'a b',
    'a_b',
    'a\0b',
    'é.example',
    'a'.repeat(64),
    `${'a.'.repeat(127)}a`,
    'a\n',
  ])('refuses %j', (name) => {
    expect(isHostName(name)).toBe(false);
  });
});
