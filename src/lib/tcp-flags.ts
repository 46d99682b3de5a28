import type { TcpFlag } from '../types.ts';

/** Flags in the order of their bits in the TCP header (RFC 9293 3.1), lowest first. */
const BITS: readonly TcpFlag[] = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

/** A set of flags as header bits. */
export function flagBits(flags: readonly TcpFlag[]): number {
  let bits = 0;
  for (const flag of flags) bits |= 1 << BITS.indexOf(flag);
  return bits;
}

/** Header bits as flag names, lowest bit first; the eight bits above are ignored. */
export function flagsOf(bits: number): TcpFlag[] {
  return BITS.filter((_, i) => (bits & (1 << i)) !== 0);
}
