import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BATCH_BYTES, BatchWriter, readBatch, SharedCounters } from '../../src/receive/udp-batch.ts';
import type { Frame } from '../../src/types.ts';

function framesOf(batch: ArrayBuffer): Frame[] {
  const frames: Frame[] = [];
  readBatch(batch, (frame) => frames.push(frame));
  return frames;
}

it('what a BatchWriter packs, readBatch() gives back', () => {
  const datagram = fc.record({
    bytes: fc.uint8Array({ minLength: 1, maxLength: 400 }),
    receivedAtMs: fc.nat(4_102_444_800_000),
    address: fc.oneof(fc.ipV4(), fc.ipV6()),
    port: fc.nat(65_535),
    truncated: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(datagram, { maxLength: 50 }), (datagrams) => {
      const writer = new BatchWriter();
      for (const { bytes, receivedAtMs, address, port, truncated } of datagrams) {
        writer.add(Buffer.from(bytes), receivedAtMs, address, port, truncated);
      }
      expect(framesOf(writer.take())).toEqual(
        datagrams.map(({ bytes, receivedAtMs, address, port, truncated }) => ({
          bytes: Buffer.from(bytes),
          receivedAtMs,
          peer: { address, port },
          transport: 'udp',
          ...(truncated ? { truncated } : {}),
        })),
      );
      expect(writer.usedBytes).toBe(0);
    }),
  );
});

it('a batch below its size takes the largest datagram there is', () => {
  const writer = new BatchWriter();
  while (writer.usedBytes + 120 < BATCH_BYTES) writer.add(Buffer.alloc(100), 0, '', 0, false);
  expect(writer.isFull).toBe(false);
  const longest = 'f'.repeat(255);
  writer.add(Buffer.alloc(65_535, 7), 0, longest, 65_535, false);
  expect(writer.isFull).toBe(true);
  expect(framesOf(writer.take()).at(-1)).toMatchObject({
    bytes: Buffer.alloc(65_535, 7),
    peer: { address: longest, port: 65_535 },
  });
});

it('a kept frame does not keep its batch', () => {
  const writer = new BatchWriter();
  for (let i = 0; i < 500; i++) writer.add(Buffer.alloc(100), 0, '192.0.2.1', 1, false);
  const batch = writer.take();
  for (const frame of framesOf(batch)) expect(frame.bytes.buffer).not.toBe(batch);
});

it('SharedCounters are one for both threads, and drops() leaves the backlog out', () => {
  const ours = new SharedCounters();
  const theirs = new SharedCounters(ours.memory);
  theirs.add('empty');
  theirs.add('empty', 2);
  theirs.add('pendingBytes', 100);
  ours.add('pendingBytes', -40);
  expect(theirs.get('pendingBytes')).toBe(60);
  expect(ours.drops()).toEqual([
    ['empty', 3],
    ['sender-not-allowed', 0],
    ['main-thread-behind', 0],
  ]);
});
