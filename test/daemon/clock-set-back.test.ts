import { rmSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { Persistence } from '../../src/daemon/persistence.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { appDirectory, RecordingTelemetry, startApp } from '../support/app.ts';
import { testConfig } from '../support/config.ts';
import { eventually } from '../support/daemon.ts';

const HOUR = 3_600_000;

afterEach(() => {
  vi.restoreAllMocks();
});

it('the senders are looked at as often as before', async () => {
  const now = Date.now;
  let aheadMs = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
  const dir = appDirectory('rules: []\n');
  const { app, telemetry } = await startApp(dir, 'tcp', {
    senders: [{ address: '192.0.2.1', expect: 'every 2s' }],
  });
  const told = vi.spyOn(telemetry, 'senderChanged');
  aheadMs = -HOUR;
  await eventually('the alarm', () => told.mock.calls.length > 0, 15_000);
  expect(told.mock.calls[0]!.slice(0, 2)).toEqual(['sender-quiet', '192.0.2.1']);
  await app.stop();
  rmSync(dir, { recursive: true });
}, 30_000);

it('what is too old goes as it did before', async () => {
  const expire = vi.spyOn(MemoryStore.prototype, 'expireHits');
  const retain = vi.spyOn(MemoryStore.prototype, 'retention');
  const persistence = Persistence.inMemory(testConfig(), new RecordingTelemetry());
  const nowMs = Date.UTC(2026, 0, 24);
  const turns = (atMs: number) => {
    persistence.turn([], 0, atMs);
    return [expire.mock.calls.length, retain.mock.calls.length];
  };
  expect(turns(nowMs)).toEqual([1, 1]);
  expect(turns(nowMs + 1_000)).toEqual([1, 1]);
  expect(turns(nowMs - 2 * HOUR)).toEqual([2, 2]);
  expect(turns(nowMs - HOUR)).toEqual([3, 3]);
  await persistence.close();
});
