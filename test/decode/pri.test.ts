import { describe, expect, it } from 'vitest';
import type { Header } from '../../src/decode/header.ts';
import { scanBracketedPriority, scanPri, setPriority } from '../../src/decode/pri.ts';

function header(): Header {
  return { facility: 1, severity: 5, pri: 'missing', format: 'bare', message: '', text: '' };
}

describe('scanPri()', () => {
  it.each([
    ['<192>x', 5],
    ['<>x', 2],
    ['<-1>x', 4],
    ['<013>x', 5],
    ['<13', 3],
    ['<13 x', 3],
    ['<a>x', 3],
    ['< 13>x', 0],
    ['<', 0],
    ['<<13>x', 0],
    [`<${'a'.repeat(40)}>x`, 0],
  ])('steps over the malformed %s and keeps user.notice', (text, end) => {
    const read = header();
    expect(scanPri(text, 0, read)).toBe(end);
    expect(read).toMatchObject({ facility: 1, severity: 5, pri: 'invalid' });
  });

  it('leaves a text alone that begins with something else', () => {
    const read = header();
    expect(scanPri('x<13>', 0, read)).toBe(0);
    expect(read.pri).toBe('missing');
  });

  it('splits facility and severity', () => {
    const read = header();
    expect(scanPri('<165>x', 0, read)).toBe(5);
    expect(read).toMatchObject({ facility: 20, severity: 5, pri: 'stated' });
  });
});

describe('scanBracketedPriority()', () => {
  it.each([
    '<24.3> x',
    '<4.8> x',
    '<4> x',
    '<auth> x',
    '<auth.shout> x',
    '<.info> x',
    '<4.3',
    '<DESCR.x> x',
    'x',
  ])('leaves %s alone', (text) => {
    expect(scanBracketedPriority(text, 0, header())).toBe(-1);
  });

  it.each([
    ['<4.3> x', 4, 3],
    ['<auth.info> x', 4, 6],
    ['<local0.warn> x', 16, 4],
    ['<local7.error> x', 23, 3],
  ])('reads %s', (text, facility, severity) => {
    const read = header();
    expect(scanBracketedPriority(text, 0, read)).toBe(text.indexOf(' '));
    expect(read).toMatchObject({ facility, severity, pri: 'stated' });
  });
});

describe('setPriority()', () => {
  it.each(['stated', 'invalid'] as const)('does not overrule a PRI that was %s on the wire', (pri) => {
    const read = { ...header(), pri };
    expect(setPriority('kern.warn', read)).toBe(true);
    expect(read).toMatchObject({ facility: 1, severity: 5, pri });
  });
});
