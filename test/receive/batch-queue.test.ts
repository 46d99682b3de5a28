import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BatchQueue } from '../../src/receive/batch-queue.ts';
import { BATCH_BYTES, BatchWriter, SharedCounters } from '../../src/receive/udp-batch.ts';

function batchOf(...texts: string[]): ArrayBuffer {
  const writer = new BatchWriter();
  for (const text of texts) writer.add(Buffer.from(text), 0, '192.0.2.1', 1, false);
  return writer.take();
}

it('a full backlog is delivered over many turns of the event loop, in order', async () => {
  const counters = new SharedCounters();
  const sizes: number[] = [];
  const queue = new BatchQueue(counters, (frame) => sizes.push(frame.bytes.length));
  for (let i = 1; i <= 10; i++) {
    const batch = batchOf('x'.repeat(BATCH_BYTES - i));
    counters.add('pendingBytes', batch.byteLength);
    queue.push(batch);
  }
  expect(sizes).toEqual([]);
  await turn();
  expect(sizes).toHaveLength(1);
  await queue.emptied();
  expect(sizes).toEqual(Array.from({ length: 10 }, (_, i) => BATCH_BYTES - 1 - i));
  expect(counters.get('pendingBytes')).toBe(0);
});

it('small batches go together in one turn', async () => {
  const texts: string[] = [];
  const queue = new BatchQueue(new SharedCounters(), (frame) => texts.push(String(frame.bytes)));
  for (let i = 0; i < 20; i++) queue.push(batchOf(`${i}a`, `${i}b`));
  await turn();
  expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => [`${i}a`, `${i}b`]).flat());
});

it('emptied() resolves at once when nothing waits', async () => {
  await new BatchQueue(new SharedCounters(), () => {}).emptied();
});
