import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flagBits, flagsOf } from '../../src/lib/tcp-flags.ts';

describe('flagBits() and flagsOf()', () => {
  it('are each other backwards', () => {
    fc.assert(fc.property(fc.nat(255), (bits) => flagBits(flagsOf(bits)) === bits));
  });

  it('know the header: SYN is 2, ACK is 16', () => {
    expect(flagBits(['SYN', 'ACK'])).toBe(18);
  });
});
