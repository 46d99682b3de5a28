import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import {
  CROWD,
  type EvidenceRun,
  evidenceRun,
  LOUD,
  LOUD_LINES,
  NEIGHBOUR,
} from '../support/evidence-run.ts';

let run: EvidenceRun;
beforeAll(async () => {
  run = await evidenceRun();
}, 30_000);
afterAll(() => run?.remove());

const incidents = (...args: string[]) => run.verb('incidents', ...args);
const listed = async (...args: string[]) =>
  (await incidents('--json', ...args)).stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const idOf = async (source: string) => (await listed('--source', source))[0].event.id as string;

/** The verb on another state directory. */
async function elsewhere(prepare: (dir: string) => void, ...args: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-incidents-'));
  try {
    prepare(dir);
    writeFileSync(join(dir, 'knockwatch.yaml'), 'stateDir: .\n');
    return await runForTest(['--config', join(dir, 'knockwatch.yaml'), 'incidents', ...args]);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('knockwatch incidents, misused', () => {
  it('says so when no daemon has ever run there', async () => {
    const { exitCode, stdout, stderr } = await elsewhere(() => {});
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /there is no store at .*knockwatch\.db: no daemon has run on this state directory/,
    );
  });

  it('says so when the store is damaged, and leaves the file alone', async () => {
    const damaged = Buffer.from('SQLite format 3\0 and then something else entirely'.repeat(100));
    let file = '';
    const { exitCode, stderr } = await elsewhere((dir) => {
      file = join(dir, 'knockwatch.db');
      writeFileSync(file, damaged);
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/knockwatch\.db: .*(not a database|malformed)/);
    expect(stderr).not.toContain('fresh store');
  });

  it.each([
    ['--since', 'yesterday', 'write 2026-11-23'],
    ['--until', '2026-13-40', 'write 2026-11-23'],
    ['--source', '198.51.100', 'not an address'],
    ['--severity', 'awful', 'low, medium, high, critical'],
    ['--limit', '0', 'write a number from 1'],
    ['--limit', '-3', 'write a number from 1'],
  ])('refuses %s %s with exit code 2', async (option, value, because) => {
    const { exitCode, stdout, stderr } = await incidents(option, value);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(because);
  });

  it.each(['nothing', '', "x' OR 1=1 --", '../../etc/passwd'])('knows no incident %j', async (id) => {
    const { exitCode, stdout, stderr } = await incidents('--', id);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`the store has no incident ${id}`);
  });
});

describe('knockwatch incidents, beside the running daemon', () => {
  it('lists them, newest first, with how many there are on stderr', async () => {
    const { exitCode, stdout, stderr } = await incidents();
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ID +LAST SEEN +STATE +SEVERITY +KIND +SOURCE +PORTS +HOSTS +PACKETS +RULE$/);
    expect(lines).toHaveLength(4);
    expect(stdout).toMatch(
      /^[0-9a-f]{12} +\S+Z +\w+ +\w+ +address-scan +198\.51\.100\.7 +imap +80 +80 +probe$/m,
    );
    expect(stdout).toMatch(/distributed-scan +5 sources +finger +1 +5 +crowd$/m);
    expect(stderr).toBe('3 of 3 incidents\n');
  });

  it.each([
    [['--source', LOUD], 1],
    [['--source', `::ffff:${LOUD}`], 1],
    [['--source', CROWD[4]], 1],
    [['--source', '192.0.2.10'], 0],
    [['--rule', 'probe'], 2],
    [['--rule', 'crowd', '--source', LOUD], 0],
    [['--severity', 'high'], 2],
    [['--severity', 'critical'], 1],
    [['--open'], 3],
    [['--since', '1h'], 3],
    [['--since', '2999-01-01'], 0],
    [['--until', '2020-01-01T00:00:00Z'], 0],
    [['--limit', '2'], 2],
  ])('%j gives %i', async (args, count) => {
    expect(await listed(...args)).toHaveLength(count);
  });

  it('says how many there are beyond the limit', async () => {
    expect((await incidents('--limit', '1')).stderr).toBe('1 of 3 incidents\n');
  });

  it('shows one with its targets, who was told, and its lines', async () => {
    const { exitCode, stdout } = await incidents(await idOf(NEIGHBOUR));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ {2}Sources +198\.51\.100\.70$/m);
    expect(stdout).toMatch(/^ {2}Packets +3 in 3 lines$/m);
    expect(stdout).toMatch(/lisa \(192\.0\.2\.10\) +imap \(143\) +1x/);
    expect(stdout).toMatch(/\.first to mail: delivered/);
    expect(stdout).toMatch(/\.first to refuses: dead, HTTP 410: no\\x1b\[2J such place/);
    expect(stdout).toMatch(/on its way: \S+\.first to away/);
    expect(stdout.match(/%SEC-6-IPACCESSLOGP/g)).toHaveLength(3);
  });

  it('says how many lines it does not show', async () => {
    const { stdout } = await incidents(await idOf(LOUD));
    expect(stdout).toContain(`and ${LOUD_LINES - 64} more lines`);
  });

  it('--json of one has its lines and deliveries, on one line', async () => {
    const { stdout } = await incidents('--json', await idOf(NEIGHBOUR));
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const shown = JSON.parse(stdout);
    expect(shown).toMatchObject({
      kind: 'address-scan',
      source: { ip: [NEIGHBOUR] },
      state: expect.any(String),
    });
    expect(shown.lines).toHaveLength(3);
    expect(shown.lines[0]).toMatchObject({
      sender: '127.0.0.1',
      text: expect.stringContaining('denied tcp'),
    });
    expect(shown.deliveries.map(({ channel }: { channel: string }) => channel)).toContain('mail');
    expect(shown.waiting).toMatchObject([{ channel: 'away' }]);
  });
});

describe('knockwatch incidents, when the daemon has ended', () => {
  it('shows the same', async () => {
    const before = (await listed()).map(({ event }) => event.id).sort();
    await run.end();
    expect((await listed()).map(({ event }) => event.id).sort()).toEqual(before);
  });
});
