import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Pipeline } from '../../src/pipeline.ts';
import { LogFile } from '../../src/receive/file.ts';
import { replay } from '../../src/replay/replay.ts';
import { ruleSet } from '../support/rule-sets.ts';
import { smallSite } from '../support/skim-rig.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-body-times-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A log of the Windows firewall: its head, and a row for each minute. */
function log(name: string, fromMinute: number, toMinute: number): string {
  const rows = Array.from({ length: toMinute - fromMinute }, (_, i) => {
    const minute = String(fromMinute + i).padStart(2, '0');
    return `2026-11-23 03:${minute}:00 DROP TCP 198.51.100.7 192.0.2.10 31337 143 48 S 1 0 65535 - - - RECEIVE`;
  });
  const path = join(dir, name);
  const head = ['#Version: 1.5', '#Software: Microsoft Windows Firewall'];
  writeFileSync(path, `${[...head, ...rows].join('\n')}\n`);
  return path;
}

/** What `tcpdump -tt` printed of pf's log. */
function pfLog(name: string, fromMinute: number, toMinute: number): string {
  const rows = Array.from({ length: toMinute - fromMinute }, (_, i) => {
    const seconds = Date.UTC(2026, 10, 23, 3, fromMinute + i) / 1_000;
    return `${seconds}.123456 rule 4/0(match): block in on em0: 198.51.100.7.31337 > 192.0.2.10.143: Flags [S], seq 1, win 1024, length 0`;
  });
  const path = join(dir, name);
  writeFileSync(path, `${rows.join('\n')}\n`);
  return path;
}

it.each([
  ['the Windows firewall', () => [log('pfirewall.log', 20, 40), log('pfirewall.log.old', 0, 20)]],
  ['tcpdump', () => [pfLog('pf.log', 20, 40), pfLog('pf.log.old', 0, 20)]],
])('puts rotated files of %s in order by the times in their rows', async (_, write) => {
  const paths = write();
  const minutes: number[] = [];
  const pipeline = new Pipeline({
    mode: 'replay',
    ruleSet: ruleSet([]),
    ...smallSite,
    lines: { keep: () => ({ sequence: 1 }), get: () => undefined },
    onTransition: () => {},
  });
  await replay(await Promise.all(paths.map((path) => LogFile.open(path))), pipeline, {
    maxLineBytes: 8_192,
    nowMs: Date.UTC(2026, 10, 24),
    onOutcome: ({ attempt }) => {
      if (attempt !== undefined) minutes.push(new Date(attempt.atMs).getUTCMinutes());
    },
  });
  expect(minutes).toEqual(Array.from({ length: 40 }, (_, minute) => minute));
});
