import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../src/receive/line-splitter.ts';

function split(pieces: readonly Buffer[], maxBytes = 100, end = true): [string, boolean][] {
  const lines: [string, boolean][] = [];
  const splitter = new LineSplitter(maxBytes);
  const take = (bytes: Buffer, truncated: boolean) => lines.push([bytes.toString('utf8'), truncated]);
  for (const piece of pieces) splitter.push(piece, take);
  if (end) splitter.end(take);
  return lines;
}

describe('LineSplitter', () => {
  it('takes CR away with LF, leaves empty lines out, and joins what came in pieces', () => {
    expect(split(['one\r\n\n\r\ntw', 'o\nthr', 'ee'].map((text) => Buffer.from(text)))).toEqual([
      ['one', false],
      ['two', false],
      ['three', false],
    ]);
  });

  it('L2: a UTF-8 sequence split between two reads is whole', () => {
    const bytes = Buffer.from('é€😀\n');
    expect(split([...bytes].map((octet) => Buffer.of(octet)))).toEqual([['é€😀', false]]);
  });

  it('L2: a line over the limit is cut once, and nothing of its rest passes for a line', () => {
    const long = `${'A'.repeat(150)} forged`;
    expect(split([Buffer.from(`${long}\ngood\n`)])).toEqual([
      ['A'.repeat(100), true],
      ['good', false],
    ]);
    expect(
      split([Buffer.from('A'.repeat(90)), Buffer.from('A'.repeat(90)), Buffer.from(' forged\ngood\n')]),
    ).toEqual([
      ['A'.repeat(100), true],
      ['good', false],
    ]);
  });

  it('a line of exactly the limit is whole, with CR LF too', () => {
    expect(split([Buffer.from(`${'A'.repeat(100)}\r`), Buffer.from('\n')])).toEqual([
      ['A'.repeat(100), false],
    ]);
    expect(split([Buffer.from(`${'A'.repeat(100)}\r`), Buffer.from('x\n')])).toEqual([
      ['A'.repeat(100), true],
    ]);
  });

  it('pendingBytes leads back to the beginning of the unfinished line, a discarded one too', () => {
    const splitter = new LineSplitter(10);
    splitter.push(Buffer.from('one\ntwo'), () => {});
    expect(splitter.pendingBytes).toBe(3);
    splitter.push(Buffer.from('A'.repeat(100)), () => {});
    expect(splitter.pendingBytes).toBe(103);
    splitter.push(Buffer.from('\n'), () => {});
    expect(splitter.pendingBytes).toBe(0);
  });

  it('any chunking gives the same lines', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', '\0') });
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.integer({ min: 1, max: 9 })), (texts, sizes) => {
        const whole = Buffer.from(texts.join(''));
        const pieces: Buffer[] = [];
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = sizes[i % Math.max(1, sizes.length)] ?? 1;
          pieces.push(whole.subarray(at, at + size));
          at += size;
        }
        expect(split(pieces, 12)).toEqual(split([whole], 12));
      }),
    );
  });
});
