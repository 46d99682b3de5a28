import { describe, expect, it } from 'vitest';
import { pipelineOptions } from '../src/cli/pipeline-options.ts';
import { Pipeline } from '../src/pipeline.ts';
import { testConfig } from './support/config.ts';
import { rulesOf } from './support/timeline.ts';

const RULES = `rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { any: {} }
`;
const AT_MS = Date.parse('2026-01-24T17:00:00Z');

async function counts(...lines: string[]): Promise<(number | undefined)[]> {
  const pipeline = new Pipeline({
    ...pipelineOptions(testConfig(), await rulesOf(RULES), 'live'),
    onTransition: () => {},
  });
  return lines.map((line) => {
    const bytes = Buffer.from(`<190>Jan 24 17:00:00 gw1 ${line}`);
    const frame = { bytes, receivedAtMs: AT_MS, peer: { address: '192.0.2.1' }, transport: 'udp' } as const;
    return pipeline.process(frame).attempt?.count;
  });
}

const packets = (text: string) =>
  `112: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), ${text}`;

describe('last message repeated N times', () => {
  it.each([
    ['1 packet', [1, 3]],
    ['5 packets', [5, 15]],
  ])('stands for N times what the line before it stood for (%s)', async (text, wanted) => {
    expect(await counts(packets(text), 'last message repeated 3 times')).toEqual(wanted);
  });

  it('repeats the line, not its repetition', async () => {
    expect(
      await counts(packets('2 packets'), 'last message repeated 3 times', 'last message repeated 4 times'),
    ).toEqual([2, 6, 8]);
  });
});
