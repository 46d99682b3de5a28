import { describe, expect, it } from 'vitest';
import { conditionSentence } from '../../src/notify/condition.ts';
import type { DetectSpec } from '../../src/rule.ts';

const by = ['source'] as const;
const specs: DetectSpec[] = [
  { kind: 'address-scan', hosts: 3, withinMs: 60_000, by },
  { kind: 'port-scan', ports: 15, withinMs: 300_000, by },
  { kind: 'distributed-scan', sources: 5, hosts: 1, withinMs: 10_000, by },
  { kind: 'stealth-scan', packets: 1, withinMs: 1_500, by },
  { kind: 'repeat', count: 5, withinMs: 3_600_000, by },
  { kind: 'any', by },
];

describe('conditionSentence()', () => {
  it.each([
    ['address-scan', 'Rule r calls 3 hosts in 60 s a probe.'],
    ['port-scan', 'Rule r calls 15 ports in 5 min a port scan.'],
    ['distributed-scan', 'Rule r calls 5 sources on 1 host in 10 s a distributed scan.'],
    ['stealth-scan', 'Rule r calls 1 stealth packet in 2 s a stealth scan.'],
    ['repeat', 'Rule r calls 5 attempts in 1 h a repeated attempt.'],
    ['any', 'Rule r reports the first sight of a source.'],
  ] as const)('says what %s means', (kind, sentence) => {
    expect(conditionSentence({ id: 'r', detect: specs }, kind)).toBe(sentence);
  });

  it('names the rule when its condition is gone since', () => {
    expect(conditionSentence({ id: 'r', detect: [] }, 'repeat')).toBe('Rule r.');
  });
});
