import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import { type EvidenceRun, evidenceRun } from '../support/evidence-run.ts';

let run: EvidenceRun;
beforeAll(async () => {
  run = await evidenceRun();
}, 30_000);
afterAll(() => run?.remove());

const outbox = (...args: string[]) => run.verb('outbox', ...args);
interface Row {
  readonly state: string;
  readonly alert: string;
  readonly channel: string;
  readonly because?: string;
  readonly attempts: number;
}
const rows = async (): Promise<Row[]> =>
  (await outbox('--json')).stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const givenUp = async () => (await rows()).filter(({ state }) => state === 'given up');

describe('knockwatch outbox, misused', () => {
  it('says so when no daemon has ever run there', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'knockwatch-outbox-'));
    writeFileSync(join(dir, 'knockwatch.yaml'), 'stateDir: .\n');
    const { exitCode, stdout, stderr } = await runForTest([
      '--config',
      join(dir, 'knockwatch.yaml'),
      'outbox',
      '--retry',
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('no daemon has run on this state directory');
    rmSync(dir, { recursive: true });
  });

  it('does not try again what was not given up', async () => {
    const waiting = (await rows()).find(({ state }) => state === 'waiting')!;
    expect(waiting.channel).toBe('away');
    // It is on its way to one channel and was given up for another: the first is left alone.
    for (const alert of ['nothing', '']) {
      const { exitCode, stdout, stderr } = await outbox('--retry', alert);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain(`nothing called ${alert} was given up`);
    }
  });
});

describe('knockwatch outbox', () => {
  it('lists what is on its way and what was given up, and why', async () => {
    const { exitCode, stdout, stderr } = await outbox();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ALERT +CHANNEL +STATE +ACCEPTED +TRIES +SUBJECT +BECAUSE$/m);
    expect(stdout).toMatch(
      /^[0-9a-f]{12}\.first +refuses +given up +\S+Z +1 +\[knockwatch\] .* HTTP 410: no\\x1b\[2J such place$/m,
    );
    expect(stdout).toMatch(/^[0-9a-f]{12}\.first +away +waiting +\S+Z +\d+ .*HTTP 503/m);
    expect(stderr).toMatch(/^\d+ on their way, \d+ given up\n$/);
  });

  it('--retry ALERT lets that one wait again, and the running daemon tries it', async () => {
    const [first] = await givenUp();
    const { exitCode, stdout } = await outbox('--retry', first!.alert);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`1 alert waits again; process ${process.pid} tries them within seconds\n`);
    await expect
      .poll(async () => (await givenUp()).find(({ alert }) => alert === first!.alert)?.attempts, {
        timeout: 15_000,
        interval: 200,
      })
      .toBe(2);
  }, 20_000);

  it('--retry lets all of them wait again; without a daemon the next one tries', async () => {
    await run.end();
    const dead = (await givenUp()).length;
    expect(dead).toBeGreaterThan(1);
    expect(JSON.parse((await outbox('--retry', '--json')).stdout)).toEqual({ retried: dead });
    expect(await givenUp()).toEqual([]);
    const again = await outbox('--retry', 'all');
    expect(again).toMatchObject({ exitCode: 0, stdout: '0 alerts wait again; the next daemon tries them\n' });
  });
});
