import { expect, it } from 'vitest';
import { DatagramGate } from '../../src/receive/datagram-gate.ts';

it('admit() folds IPv4-mapped addresses and drops zone ids', () => {
  const gate = new DatagramGate(100, [], () => {});
  const address = (remote: string) => gate.admit(Buffer.from('<4>x'), remote)?.address;
  expect(address('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(address('fe80::1%eth0')).toBe('fe80::1');
  expect(address('192.0.2.7')).toBe('192.0.2.7');
  expect(address('192.0.2.8')).toBe('192.0.2.8');
});

it('admit() checks the folded address against the allowed senders, strangers before empties', () => {
  const drops: string[] = [];
  const gate = new DatagramGate(100, ['192.0.2.0/24'], (reason) => drops.push(reason));
  expect(gate.admit(Buffer.from('<4>x'), '::ffff:192.0.2.7')).toBeDefined();
  expect(gate.admit(Buffer.alloc(0), '203.0.113.9')).toBeUndefined();
  expect(gate.admit(Buffer.alloc(0), '192.0.2.7')).toBeUndefined();
  expect(drops).toEqual(['sender-not-allowed', 'empty']);
});

it('admit() cuts at the limit and flags it', () => {
  const gate = new DatagramGate(4, [], () => {});
  expect(gate.admit(Buffer.from('1234'), '192.0.2.7')).toMatchObject({ truncated: false });
  expect(gate.admit(Buffer.from('12345'), '192.0.2.7')).toMatchObject({
    truncated: true,
    bytes: Buffer.from('1234'),
  });
});
