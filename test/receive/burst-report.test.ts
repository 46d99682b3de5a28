import { expect, it } from 'vitest';
import { BurstReport } from '../../src/receive/burst-report.ts';

it('hit() reports at once, then once an interval with the number since', () => {
  const report = new BurstReport(60_000);
  expect([report.hit(0), report.hit(1), report.hit(59_999), report.hit(60_000), report.hit(60_001)]).toEqual([
    1,
    undefined,
    undefined,
    3,
    undefined,
  ]);
});

it('hit() a million times is a line a minute', () => {
  const report = new BurstReport();
  let lines = 0;
  for (let i = 0; i < 1_000_000; i++) if (report.hit(i / 10) !== undefined) lines++;
  expect(lines).toBe(2);
});
