import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { forEachLine, LogFile } from '../../src/receive/file.ts';
import { Skim } from '../../src/replay/skim.ts';
import { Source } from '../../src/replay/source.ts';
import type { Incident } from '../../src/types.ts';
import { skimRig, withoutReceipts } from '../support/skim-rig.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-skim-'));
afterAll(() => rmSync(dir, { recursive: true }));

interface Run {
  readonly incidents: readonly Incident[];
  readonly lines: number;
  readonly passedOver: number;
}

/** Replays a log, whole (no window) or skimming in windows of some octets. */
async function run(text: string, windowBytes?: number): Promise<Run> {
  const path = join(dir, 'test.log');
  writeFileSync(path, text);
  const incidents: Incident[] = [];
  const pipeline = skimRig('replay', (incident) => incidents.push(withoutReceipts(incident)));
  const file = await LogFile.open(path);
  const source = new Source(file, pipeline, {
    maxLineBytes: 8_192,
    nowMs: Date.UTC(2026, 10, 23),
    onOutcome: () => {},
  });
  let passedOver = 0;
  const count = (lines: number) => {
    passedOver += lines;
  };
  const skim =
    windowBytes === undefined ? undefined : new Skim(source, pipeline.prefilter(path)!, count, windowBytes);
  for (let block = await file.next(); block !== undefined; block = await file.next()) {
    if (skim === undefined) forEachLine(block, (line) => source.process(line));
    else skim.take(block);
  }
  pipeline.flush();
  return { incidents, lines: source.line, passedOver };
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function stamp(ms: number): string {
  const at = new Date(ms);
  const [day, time] = [String(at.getUTCDate()).padStart(2), at.toISOString().slice(11, 19)];
  return `${MONTHS[at.getUTCMonth()]} ${day} ${time}`;
}

/** One line of a log: how much later than the one before, by whom, and what. */
const line = fc.record({
  laterMs: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -3_000, max: 8_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(3_600_000, 40 * 86_400_000) },
  ),
  host: fc.constantFrom('gw1', 'gw2', 'gw', 'b\u00e4r', ''),
  source: fc.constantFrom('198.51.100.7', '203.0.113.9'),
  destination: fc.constantFrom(
    '192.0.2.10',
    '192.0.2.20',
    '192.0.2.30',
    '192.0.2.40',
    '192.0.2.100',
    '::ffff:c000:20a',
  ),
  port: fc.constantFrom(143, 80, 443),
  kind: fc.constantFrom(
    'packet',
    'packet',
    'packet',
    'packet',
    'packet',
    'noise',
    'noise',
    'noise',
    'repeat',
    'stampless',
    'empty',
  ),
});

const log = fc.array(line, { minLength: 1, maxLength: 120 }).map((lines) => {
  let ms = Date.UTC(2025, 11, 30, 23, 58);
  return lines
    .map(({ laterMs, host, source, destination, port, kind }) => {
      ms += laterMs;
      const header = `${stamp(ms)} ${host}${host === '' ? '' : ' '}`;
      const packet = `kernel: DROP IN=eth0 OUT= SRC=${source} DST=${destination} LEN=60 PROTO=TCP SPT=31337 DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0`;
      if (kind === 'packet') return header + packet;
      if (kind === 'repeat') return `${header}last message repeated 2 times`;
      if (kind === 'stampless') return packet;
      return kind === 'empty' ? '' : `${header}dhcpd[812]: DHCPACK on 192.0.2.77 via eth1, gw1 and gw2 agree`;
    })
    .map((text) => `${text}\n`)
    .join('');
});

describe('Skim', () => {
  it('gives the incidents that reading every line gives, lines and their numbers included', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.constantFrom(200, 700, 2_000), async (text, windowBytes) => {
        const [whole, skimmed] = [await run(text), await run(text, windowBytes)];
        expect(skimmed.incidents).toEqual(whole.incidents);
        expect(skimmed.lines).toBe(whole.lines);
      }),
      { numRuns: 1_000 },
    );
  });

  it('passes over nearly everything in a log about other things', async () => {
    const packet = (i: number) =>
      `${stamp(Date.UTC(2026, 0, 1) + i * 100)} gw1 kernel: DROP IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.${i % 250} LEN=60 PROTO=TCP SPT=1 DPT=${i % 7_000} SYN URGP=0\n`;
    const text = Array.from({ length: 2_000 }, (_, i) => packet(i)).join('');
    const { lines, passedOver } = await run(text, 4_096);
    expect(lines).toBe(2_000);
    expect(passedOver).toBeGreaterThan(1_900);
  });

  it('counts a repeat of a hit, and none of a line it passed over', async () => {
    const at = Date.UTC(2026, 0, 1);
    const say = (s: number, what: string) => `${stamp(at + s * 1_000)} gw1 ${what}\n`;
    const hit =
      'kernel: DROP IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.10 LEN=60 PROTO=TCP SPT=1 DPT=143 SYN URGP=0';
    const repeat = 'last message repeated 5 times';
    const other =
      'kernel: DROP IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.99 LEN=60 PROTO=TCP SPT=1 DPT=143 SYN URGP=0';
    const padding = Array.from({ length: 20 }, (_, i) => `${stamp(at)} gw2 noise number ${i}\n`).join('');
    const repeated = await run(padding + say(1, hit) + padding + say(2, repeat), 300);
    expect(repeated.incidents).toMatchObject([{ kind: 'repeat', count: 6 }]);
    const interrupted = await run(
      padding + say(1, hit) + padding + say(2, other) + padding + say(3, repeat),
      300,
    );
    expect(interrupted.incidents).toEqual([]);
  });

  it('reads the rows of a table by its head, however far in front that stands', async () => {
    const at = Date.UTC(2026, 0, 1);
    const say = (s: number, what: string) => `${stamp(at + s * 1_000)} win1 pfirewall: ${what}\n`;
    const padding = Array.from({ length: 40 }, (_, i) => `${stamp(at)} gw2 noise number ${i}\n`).join('');
    const head = '#Fields: date time action protocol dst-ip src-ip dst-port src-port';
    const row = (host: string) => `2026-01-01 00:00:09 DROP TCP ${host} 198.51.100.7 143 31337`;
    const text =
      padding + say(1, head) + padding + say(9, row('192.0.2.10')) + padding + say(10, row('192.0.2.20'));
    const [whole, skimmed] = [await run(text), await run(text, 300)];
    expect(skimmed.passedOver).toBeGreaterThan(60);
    expect(skimmed.incidents).toEqual(whole.incidents);
    expect(whole.incidents).toMatchObject([
      { kind: 'address-scan', sources: ['198.51.100.7'], ports: [143] },
    ]);
  });
});
