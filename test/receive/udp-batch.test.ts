import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LineBatch } from '../../src/receive/line-batch.ts';
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

it('runs of lines of one sender are offered together, and each gives the frame it is one by one', () => {
  const datagram = fc.record({
    text: fc.constantFrom('<4>a line', '<4>with LF\n', '<4>with CR LF\r\n', '<4>two\nlines', '\n', 'x'),
    address: fc.constantFrom('192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1', '2001:db8::1'),
    truncated: fc.constantFrom(false, false, false, false, false, false, true),
    times: fc.integer({ min: 1, max: 60 }),
  });
  let together = 0;
  fc.assert(
    fc.property(fc.array(datagram, { minLength: 1, maxLength: 20 }), fc.boolean(), (datagrams, takes) => {
      const writer = new BatchWriter();
      let receivedAtMs = 1_000;
      for (const { text, address, truncated, times } of datagrams)
        for (let i = 0; i < times; i++)
          writer.add(Buffer.from(text), receivedAtMs++, address, 514 + i, truncated);
      const batch = writer.take();
      const frames: Frame[] = [];
      const takeLines = ({ text, lines, address, receivedAtMs: lastMs, frame }: LineBatch) => {
        if (!takes) return false;
        const before = frames.length;
        for (let at = 0; at < text.length; at = text.indexOf('\n', at) + 1)
          frames.push(frame(at, text.indexOf('\n', at)));
        const taken = frames.slice(before);
        expect(taken).toHaveLength(lines);
        expect(taken.every(({ peer }) => peer.address === address)).toBe(true);
        expect(taken.at(-1)!.receivedAtMs).toBe(lastMs);
        together += lines;
        return true;
      };
      readBatch(
        batch,
        Object.assign((frame: Frame) => void frames.push(frame), { takeLines }),
      );
      expect(frames).toEqual(framesOf(batch));
    }),
  );
  expect(together).toBeGreaterThan(1_000);
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
