import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineRing } from '../../src/store/line-ring.ts';
import type { Frame } from '../../src/types.ts';

const frame = (text: string, receivedAtMs = 0): Frame => ({
  bytes: Buffer.from(text),
  receivedAtMs,
  peer: { address: '192.0.2.1', port: 514 },
  transport: 'udp',
});

describe('LineRing', () => {
  it('gives back what was kept: octets, time, sender', () => {
    const ring = new LineRing(1_024, 16);
    const ref = ring.keep(frame('a\x00\u00e9', 7));
    expect(ring.get(ref)).toEqual({
      bytes: Buffer.from('a\x00\u00e9'),
      receivedAtMs: 7,
      peer: { address: '192.0.2.1', port: 514 },
    });
  });

  it('gives a copy that later lines do not change', () => {
    const ring = new LineRing(8, 4);
    const kept = ring.get(ring.keep(frame('12345678')))!;
    ring.keep(frame('abcdefgh'));
    expect(kept.bytes.toString()).toBe('12345678');
  });

  it('cuts what is longer than itself, and knows nothing of lines that never were', () => {
    const ring = new LineRing(4, 4);
    expect(ring.get(ring.keep(frame('123456')))!.bytes.toString()).toBe('1234');
    expect(ring.get({ sequence: 0 })).toBeUndefined();
    expect(ring.get({ sequence: 99 })).toBeUndefined();
  });

  it('never gives a wrong line, however it goes round', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 200 }),
        (texts) => {
          const ring = new LineRing(100, 8);
          const refs = texts.map((text) => ring.keep(frame(text)));
          for (const [i, ref] of refs.entries()) {
            const found = ring.get(ref);
            if (found !== undefined) expect(found.bytes).toEqual(Buffer.from(texts[i]!).subarray(0, 100));
            else expect(i).toBeLessThan(texts.length - 1);
          }
        },
      ),
    );
  });
});
