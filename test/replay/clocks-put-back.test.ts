import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pipelineOptions } from '../../src/cli/pipeline-options.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { LogFile } from '../../src/receive/file.ts';
import { replay } from '../../src/replay/replay.ts';
import type { Incident } from '../../src/types.ts';
import { testConfig } from '../support/config.ts';
import { rulesOf } from '../support/timeline.ts';

/*
 * On 25 October 2026 clocks in Warsaw go from 03:00 (+02:00) back to 02:00 (+01:00): the hour from two to three is there
 * twice, and a line that states no offset does not say which of them it means. The order of the log does.
 */
const RULES = `rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;
const FIRST_TWO = Date.parse('2026-10-25T02:00:00+02:00');
const MINUTE_MS = 60_000;

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-clocks-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** What a clock in Warsaw shows on that night. */
function shown(atMs: number): string {
  const text = new Intl.DateTimeFormat('en-US', {
    timeZone: 'Europe/Warsaw',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(atMs);
  return text.replace(',', '');
}

function line(atMs: number, host: number, port = 143): string {
  return `${shown(atMs)} gw1 112: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.${host}(${port}), 1 packet`;
}

/** A scan of three hosts in twenty seconds. */
const scan = (atMs: number) => [10, 20, 30].map((host, i) => line(atMs + i * 10_000, host));

async function incidents(lines: readonly string[], skims: boolean): Promise<Incident[]> {
  const path = join(dir, 'router.log');
  writeFileSync(path, `${lines.join('\n')}\n`);
  const closed: Incident[] = [];
  const pipeline = new Pipeline({
    ...pipelineOptions(testConfig({ zone: 'Europe/Warsaw' }), await rulesOf(RULES), 'replay'),
    onTransition: (incident, transition) => {
      if (transition === 'closed') closed.push(incident);
    },
  });
  const file = await LogFile.open(path);
  await replay([file], pipeline, {
    maxLineBytes: 8_192,
    nowMs: Date.parse('2026-11-20T00:00:00Z'),
    onOutcome: () => {},
    ...(skims ? { onPassedOver: () => {} } : {}),
  });
  await file.close();
  return closed;
}

describe.each([
  ['whole', false],
  ['skimming', true],
])('a log read %s', (_, skims) => {
  it('has both hours in their order, and no scan is torn apart where the clocks are put back', async () => {
    const begins = [
      -30 * MINUTE_MS,
      -15_000,
      25 * MINUTE_MS,
      59 * MINUTE_MS + 45_000,
      95 * MINUTE_MS,
      130 * MINUTE_MS,
    ];
    const lines: string[] = [];
    // Something else every second, so that most of the log can be passed over.
    for (let second = -3_600; second < 3 * 3_600; second++) {
      const atMs = FIRST_TWO + second * 1_000;
      if (begins.some((begin) => begin === second * 1_000)) lines.push(...scan(atMs));
      lines.push(line(atMs, 40, 9_999));
    }
    const found = await incidents(lines, skims);
    expect(found.map(({ firstSeenMs }) => (firstSeenMs - FIRST_TWO) / 1_000)).toEqual(
      begins.map((begin) => begin / 1_000),
    );
    expect(found.map(({ count }) => count)).toEqual(begins.map(() => 3));
  });
});
