import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { LogFile } from '../../src/receive/file.ts';
import { replay } from '../../src/replay/replay.ts';
import { type SearchAheadOptions, spawnSearchWorker } from '../../src/replay/search-ahead.ts';
import type { SearchWorkerData } from '../../src/replay/search-worker.ts';
import { Segments } from '../../src/replay/segments.ts';
import type { Incident } from '../../src/types.ts';
import { skimRig, withoutReceipts } from '../support/skim-rig.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-search-ahead-'));
afterAll(() => rmSync(dir, { recursive: true }));

const SEGMENT_BYTES = 128 << 10;
async function run(text: string, searchAhead?: SearchAheadOptions) {
  const path = join(dir, 'test.log');
  writeFileSync(path, text);
  const incidents: Incident[] = [];
  const pipeline = skimRig('replay', (incident) => incidents.push(withoutReceipts(incident)));
  let [lines, passedOver] = [0, 0];
  const file = await LogFile.open(path);
  try {
    await replay([file], pipeline, {
      maxLineBytes: 8_192,
      nowMs: Date.UTC(2026, 10, 23),
      onOutcome: () => lines++,
      onPassedOver: (count) => {
        passedOver += count;
      },
      ...(searchAhead === undefined ? {} : { searchAhead }),
    });
  } finally {
    await file.close();
  }
  return { incidents, lines, passedOver };
}

/** Starts the thread and waits until it has searched all it may before the reader begins. */
function searchedFirst(data: SearchWorkerData): Worker {
  const segments = new Segments(data.shape, data.memory);
  const worker = spawnSearchWorker(data);
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  for (let turn = 0; turn < 2_000 && !segments.isDone(9); turn++) Atomics.wait(sleep, 0, 0, 5);
  if (!segments.isDone(9)) throw new Error('the searching thread has done nothing in ten seconds');
  return worker;
}

/** Numbers below a limit that look random and are the same each time. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function log(seed: number, lineCount: number, oddLine: (at: number) => string | undefined = () => undefined) {
  const random = randomFrom(seed);
  let ms = Date.UTC(2026, 0, 24, 12);
  const texts = Array.from({ length: lineCount }, (_, at) => {
    ms += random(900);
    const header = `Jan 24 ${new Date(ms).toISOString().slice(11, 19)} gw${1 + random(2)} `;
    const host = [10, 20, 30, 40, 100][random(5)];
    const packet = `kernel: DROP IN=eth0 OUT= SRC=198.51.100.${random(40)} DST=192.0.2.${host} LEN=60 PROTO=TCP SPT=31337 DPT=${[143, 80, 443][random(3)]} WINDOW=1024 RES=0x00 SYN URGP=0`;
    const kind = random(20);
    const usual =
      kind < 3
        ? header + packet
        : kind === 3
          ? packet
          : kind === 4
            ? `${header}last message repeated 2 times`
            : `${header}dhcpd[812]: DHCPACK on 192.0.2.77 via eth1, gw1 and gw2 agree`;
    return oddLine(at) ?? usual;
  });
  return texts.join('\n');
}

describe('a large log in two threads', () => {
  it.each([
    ['of ordinary lines', log(1, 24_000)],
    ['with empty lines', log(2, 30_000, (at) => (at % 7 === 0 ? '' : undefined))],
    [
      'whose time jumps',
      log(3, 24_000, (at) => (at % 5_000 === 4_999 ? 'Jan 20 01:02:03 gw3 noise' : undefined)),
    ],
    [
      'with more lines of interest than a segment has room for',
      log(4, 40_000, (at) => (at % 20_000 > 10_000 ? 'last message repeated 2 times' : undefined)),
    ],
    [
      'with lines longer than a segment, and than a block',
      log(3, 24_000, (at) => (at % 3_000 === 2_999 ? 'x'.repeat(at === 11_999 ? 1_200_000 : at) : undefined)),
    ],
  ])('gives the incidents and counts that one thread gives: %s', async (_, text) => {
    const alone = await run(text);
    const together = await run(text, { minBytes: 1, segmentBytes: SEGMENT_BYTES, spawn: searchedFirst });
    expect(together).toEqual(alone);
    expect(alone.incidents.length).toBeGreaterThan(5);
    expect(alone.passedOver).toBeGreaterThan(1_000);
  });

  it('starts no thread for a small log', async () => {
    const spawn = () => {
      throw new Error('not for this one');
    };
    await expect(run(log(4, 100), { spawn })).resolves.toBeDefined();
  });

  it('says so when the searching thread dies', async () => {
    const spawn = (data: SearchWorkerData) => {
      new Segments(data.shape, data.memory).take(0, 0);
      return new Worker('throw new Error("out of luck")', { eval: true });
    };
    await expect(run(log(5, 24_000), { minBytes: 1, segmentBytes: SEGMENT_BYTES, spawn })).rejects.toThrow(
      /test\.log: the searching thread died \(out of luck\); read it without --threads 2/,
    );
  });
});
