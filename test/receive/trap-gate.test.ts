import { describe, expect, it } from 'vitest';
import { type Knock, TrapGate } from '../../src/receive/trap-gate.ts';

function gate(more: { maxTold?: number; maxPairs?: number } = {}) {
  const told: string[] = [];
  let dropped = 0;
  const limits = { intervalMs: 1_000, maxTold: 100, maxPairs: 100, ...more };
  const onKnock = ({ source, sourcePort, local, count }: Knock) =>
    told.push(`${source}:${sourcePort} ${local} x${count}`);
  const subject = new TrapGate(onKnock, (count) => (dropped += count), limits);
  return { subject, told, dropped: () => dropped };
}

describe('TrapGate', () => {
  it('tells the first connection at once and the others of the interval in one', () => {
    const { subject, told } = gate();
    for (let i = 0; i < 38; i++) subject.add('198.51.100.7', 40_000 + i, '192.0.2.10', i);
    expect(told).toEqual(['198.51.100.7:40000 192.0.2.10 x1']);
    subject.flush(999);
    expect(told).toHaveLength(1);
    subject.flush(1_000);
    expect(told.slice(1)).toEqual(['198.51.100.7:40037 192.0.2.10 x37']);
  });

  it('tells who goes on once an interval, and forgets who does not', () => {
    const { subject, told } = gate();
    for (let t = 0; t < 10_000; t += 10) {
      subject.add('198.51.100.7', 1, '192.0.2.10', t);
      subject.flush(t);
    }
    expect(told.length).toBeLessThanOrEqual(11);
    subject.flush(20_000);
    expect(subject.isHolding).toBe(true);
    subject.flush(30_000);
    expect(subject.isHolding).toBe(false);
    const counts = told.map((line) => Number(line.split(' x')[1]));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1_000);
  });

  it('holds sources and addresses of ours apart', () => {
    const { subject, told } = gate();
    subject.add('198.51.100.7', 1, '192.0.2.10', 0);
    subject.add('198.51.100.7', 2, '192.0.2.11', 0);
    subject.add('198.51.100.8', 3, '192.0.2.10', 0);
    expect(told).toHaveLength(3);
  });

  it('tells so many in an interval and counts the rest', () => {
    const { subject, told, dropped } = gate({ maxTold: 5 });
    for (let i = 0; i < 20; i++) subject.add(`198.51.100.${i}`, 1, '192.0.2.10', 0);
    expect([told.length, dropped()]).toEqual([5, 15]);
    subject.add('203.0.113.1', 1, '192.0.2.10', 1_000);
    expect(told).toHaveLength(6);
  });

  it('remembers so many pairs and counts the rest', () => {
    const { subject, told, dropped } = gate({ maxPairs: 10 });
    for (let i = 0; i < 200; i++) subject.add(`198.51.100.${i}`, 1, '192.0.2.10', 0);
    expect([told.length, dropped()]).toEqual([10, 190]);
  });

  it('tells everything it holds at the end', () => {
    const { subject, told } = gate();
    for (let i = 0; i < 3; i++) subject.add('198.51.100.7', i, '192.0.2.10', 0);
    subject.flush(1, true);
    expect(told[1]).toBe('198.51.100.7:2 192.0.2.10 x2');
    expect(subject.isHolding).toBe(false);
  });
});
