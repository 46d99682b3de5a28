import { describe, expect, it } from 'vitest';
import { EvidenceLines } from '../../src/correlate/evidence-lines.ts';
import type { DetectSpec } from '../../src/rule.ts';
import type { EvidenceLine } from '../../src/types.ts';
import { incidentsOf, rule } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const LINES = ['ports 80, 81', 'ports 80, 81', 'ports 22, 23'].map(
  (text, i): EvidenceLine => ({
    bytes: Buffer.from(text),
    receivedAtMs: i * 1_000,
    peer: { address: '192.0.2.1' },
  }),
);
const lineOf = ({ sequence }: { readonly sequence: number }) => LINES[sequence];

/** Attempts by the number of their line, with further ports or without. */
function linesOf(attempts: readonly (readonly [line: number, furtherPorts?: readonly number[]])[], max = 8) {
  const lines = new EvidenceLines(max);
  for (const [sequence, furtherPorts] of attempts) {
    const more = furtherPorts === undefined ? {} : { furtherPorts };
    lines.add(hit('198.51.100.7', '192.0.2.10', 80, 0, { sequence, ...more }).attempt, lineOf);
  }
  return { count: lines.count, kept: lines.list().map(({ receivedAtMs }) => receivedAtMs) };
}

describe('EvidenceLines', () => {
  it('counts a line that names several ports once', () => {
    expect(
      linesOf([
        [0, [81]],
        [0, [81]],
        [2, [23]],
        [2, [23]],
      ]),
    ).toEqual({ count: 2, kept: [0, 2_000] });
  });

  it('counts two equal lines twice', () => {
    expect(
      linesOf([
        [0, [81]],
        [1, [81]],
      ]),
    ).toEqual({ count: 2, kept: [0, 1_000] });
    expect(linesOf([[0], [0]])).toEqual({ count: 2, kept: [0, 0] });
  });

  it('goes on counting when it keeps no more', () => {
    expect(linesOf([[0, [81]], [0, [81]], [1], [2, [23]], [2, [23]]], 1)).toEqual({ count: 3, kept: [0] });
  });

  it('goes on where an earlier run ended', () => {
    const lines = new EvidenceLines(2, LINES.slice(0, 1), 7);
    lines.add(hit('198.51.100.7', '192.0.2.10', 80, 0, { sequence: 1 }).attempt, lineOf);
    expect([lines.count, lines.list().length]).toEqual([8, 2]);
  });
});

describe('an incident', () => {
  it.each<DetectSpec>([
    { kind: 'port-scan', ports: 3, withinMs: 60_000, by: ['source', 'host'] },
    { kind: 'repeat', count: 3, withinMs: 60_000, by: ['source'] },
  ])('of $kind counts a line that names several ports once', (detect) => {
    const hits = [80, 81, 82, 83].map((port) =>
      hit('198.51.100.7', '192.0.2.10', port, 0, { sequence: 0, furtherPorts: [81, 82, 83] }),
    );
    const [scan] = incidentsOf([rule([detect])], hits, { lineOf });
    expect(scan).toMatchObject({ count: 4, lineCount: 1, lines: [LINES[0]] });
  });
});
