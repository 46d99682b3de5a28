import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveSkim } from '../../src/daemon/live-skim.ts';
import type { LineBatch } from '../../src/receive/line-batch.ts';
import type { Frame, Incident } from '../../src/types.ts';
import { skimRig } from '../support/skim-rig.ts';

const START_MS = Date.UTC(2026, 10, 23);
/** Lines of one sender that came in the same millisecond. */
interface Delivery {
  readonly atMs: number;
  readonly address: string;
  readonly lines: readonly string[];
}

interface Run {
  readonly incidents: readonly Incident[];
  readonly processed: number;
  readonly passedOver: number;
}

/** Takes deliveries through a live pipeline: every line, or, with `wholeLines`, those that LiveSkim wants. */
function run(deliveries: readonly Delivery[], wholeLines?: number): Run {
  const incidents: Incident[] = [];
  const pipeline = skimRig('live', (incident) => incidents.push(incident));
  let [processed, passedOver] = [0, 0];
  const process = (frame: Frame) => {
    processed++;
    skim?.heard(frame, pipeline.process(frame));
    if (skim === undefined) pipeline.process(frame);
  };
  const onPassedOver = (_: LineBatch, lines: number) => {
    passedOver += lines;
  };
  const skim =
    wholeLines === undefined ? undefined : new LiveSkim({ pipeline, process, onPassedOver, wholeLines });
  for (const { atMs, address, lines } of deliveries) {
    const frameOf = (text: string): Frame => ({
      bytes: Buffer.from(text, 'latin1'),
      receivedAtMs: atMs,
      peer: { address, port: 514 },
      transport: 'udp',
    });
    const text = lines.map((line) => `${line}\n`).join('');
    const batch: LineBatch = {
      text,
      lines: lines.length,
      address,
      transport: 'udp',
      receivedAtMs: atMs,
      frame: (start, end) => frameOf(text.slice(start, end)),
    };
    if (skim?.take(batch) !== true) for (const line of lines) process(frameOf(line));
  }
  pipeline.flush();
  return { incidents, processed, passedOver };
}

const packet = (source: string, destination: string, port: number) =>
  `kernel: DROP IN=eth0 OUT= SRC=${source} DST=${destination} LEN=60 PROTO=TCP SPT=31337 DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0`;

const line = fc.record({
  host: fc.constantFrom('gw1', 'gw2', 'gw', 'b\u00e4r', ''),
  source: fc.constantFrom('198.51.100.7', '203.0.113.9'),
  destination: fc.constantFrom('192.0.2.10', '192.0.2.20', '192.0.2.30', '192.0.2.40', '192.0.2.100'),
  port: fc.constantFrom(143, 80, 443),
  kind: fc.constantFrom('packet', 'packet', 'packet', 'noise', 'noise', 'repeat', 'bare'),
});

const header = (atMs: number, host: string) =>
  host === '' ? '<4>' : `<4>${new Date(atMs).toISOString()} ${host} `;

const deliveries = fc
  .array(
    fc.record({
      laterMs: fc.oneof(
        { weight: 9, arbitrary: fc.nat(4_000) },
        { weight: 1, arbitrary: fc.constant(120_000) },
      ),
      address: fc.constantFrom('192.0.2.1', '192.0.2.2'),
      lines: fc.array(line, { minLength: 1, maxLength: 25 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((all): Delivery[] => {
    let atMs = START_MS;
    return all.map(({ laterMs, address, lines }) => {
      atMs += laterMs;
      return {
        atMs,
        address,
        lines: lines.map(({ host, source, destination, port, kind }) => {
          if (kind === 'bare') return `<4>${packet(source, destination, port)}`;
          if (kind === 'packet') return header(atMs, host) + packet(source, destination, port);
          if (kind === 'repeat') return `${header(atMs, host)}last message repeated 2 times`;
          return `${header(atMs, host)}dhcpd[812]: gw1 and gw2 agree on 192.0.2.77`;
        }),
      };
    });
  });

describe('LiveSkim', () => {
  it('gives the incidents that processing every line gives', { timeout: 120_000 }, () => {
    let passedOver = 0;
    fc.assert(
      fc.property(deliveries, fc.constantFrom(0, 20, 200), (all, wholeLines) => {
        const skimmed = run(all, wholeLines);
        passedOver += skimmed.passedOver;
        expect(skimmed.incidents).toEqual(run(all).incidents);
        expect(skimmed.processed + skimmed.passedOver).toBe(
          all.reduce((sum, { lines }) => sum + lines.length, 0),
        );
      }),
      { numRuns: 1_000 },
    );
    expect(passedOver).toBeGreaterThan(5_000);
  });

  it('reads everything while no more comes than it may', () => {
    const quiet = Array.from({ length: 50 }, (_, i) => ({
      atMs: START_MS + i * 1_000,
      address: '192.0.2.1',
      lines: Array.from(
        { length: 100 },
        () => `${header(START_MS, 'gw1')}${packet('198.51.100.7', '192.0.2.99', 443)}`,
      ),
    }));
    expect(run(quiet, 100)).toMatchObject({ processed: 5_000, passedOver: 0 });
    expect(run(quiet, 99)).toMatchObject({ processed: 0, passedOver: 5_000 });
  });

  it('does not take a repeat for a hit when its sender said something else in between', () => {
    const hit = `${header(START_MS, 'gw1')}${packet('198.51.100.7', '192.0.2.10', 143)}`;
    const other = `${header(START_MS, 'gw1')}${packet('198.51.100.7', '192.0.2.99', 143)}`;
    const noise = Array.from({ length: 40 }, (_, i) => `${header(START_MS, 'gw2')}noise number ${i}`);
    const repeat = `${header(START_MS, 'gw1')}last message repeated 5 times`;
    const at = (atMs: number, ...lines: string[]) => ({ atMs: START_MS + atMs, address: '192.0.2.1', lines });
    const repeated = [at(0, ...noise, hit, ...noise), at(10, ...noise, repeat)];
    expect(run(repeated, 0).incidents).toMatchObject([{ kind: 'repeat', count: 6 }]);
    const interrupted = [at(0, ...noise, hit, ...noise), at(10, other, ...noise), at(20, ...noise, repeat)];
    expect(run(interrupted, 0).incidents).toEqual([]);
  });
});
