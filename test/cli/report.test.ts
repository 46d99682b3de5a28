import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/open-sqlite.ts';
import { storePath } from '../../src/store/places.ts';
import { loadSqlite } from '../../src/store/sqlite-driver.ts';
import type { Store } from '../../src/store/store.ts';
import { sendTcp } from '../support/daemon.ts';
import {
  CROWD,
  deny,
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

const report = (...args: string[]) => run.verb('report', ...args);
const complaint = async (...args: string[]) => (await report('--form', 'complaint', ...args)).stdout;

async function withStore(work: (store: Store) => void): Promise<void> {
  const store = openSqliteStore({
    path: storePath(run.stateDir),
    open: await loadSqlite(),
    onEvent: () => {},
    setAside: false,
  });
  work(store);
  store.close();
}

describe('knockwatch report, misused', () => {
  it.each([
    [['nothing'], 1, 'the store has no incident nothing'],
    [['203.0.113.99'], 1, 'the store has no incident of 203.0.113.99'],
    [[LOUD, '--form', 'letter'], 2, 'complaint, evidence, xarf'],
    [[], 2, 'missing required argument'],
  ])('%j ends with %i', async (args, code, because) => {
    const { exitCode, stdout, stderr } = await report(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
    expect(stderr).toContain(because);
  });

  it('does not blame a source the incident does not have', async () => {
    const { stdout } = await run.verb('incidents', '--json', '--source', LOUD);
    const { event } = JSON.parse(stdout);
    const { exitCode, stdout: nothing, stderr } = await report(event.id, '--source', NEIGHBOUR);
    expect({ exitCode, stdout: nothing }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(`${NEIGHBOUR} is no source of incident ${event.id}; there are ${LOUD}`);
  });
});

describe('knockwatch report', () => {
  it('is a draft with the log entries, whom to copy, and what speaks against sending it', async () => {
    const { exitCode, stdout } = await report(NEIGHBOUR);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^To: \(not known\)\nCc: abuse@upstream\.example, cert@cert\.example \(suggested\)\nSubject: Abuse report: unwanted connection attempts from 198\.51\.100\.70, \d{4}-\d\d-\d\d \d\d:\d\d UTC\n\nDRAFT\. Nothing has been sent/,
    );
    expect(stdout).toContain('- no address for complaints is known');
    expect(stdout).toContain('a source address proves nothing by itself');
    expect(stdout).toContain('Kind regards\nExample Ltd <security@example.org>');
    expect(stdout).toMatch(/^Evidence: incident [0-9a-f]{12}$/m);
    // Noted once a second.
    await expect
      .poll(async () => (await report(NEIGHBOUR)).stdout, { timeout: 5_000 })
      .toMatch(/^Archive: record \d+, digest [0-9a-f]{64}$/m);
  });

  it('has the lines of the source alone, and not of one whose address begins like it', async () => {
    const lines = (await complaint(LOUD)).split('\n').filter((line) => line.includes('IPACCESSLOGP'));
    // The incident keeps 64; the archive has them all.
    expect(lines).toHaveLength(LOUD_LINES);
    for (const line of lines) expect(line).toMatch(/denied tcp 198\.51\.100\.7\(31337\) -> \S+\(143\)/);
    expect(await complaint(LOUD)).toMatch(/^ {2}Attempts: +80$/m);
    expect(await complaint(NEIGHBOUR)).not.toContain(`${LOUD}(`);
  });

  it('tells of one of several sources only what that one did, and that it may be a decoy', async () => {
    const text = await complaint(CROWD[2]);
    expect(text).toMatch(/^ {2}Attempts: +1$/m);
    expect(text.match(/IPACCESSLOGP/g)).toHaveLength(1);
    for (const other of CROWD.filter((source) => source !== CROWD[2])) expect(text).not.toContain(other);
    expect(text).toContain(
      '- 4 other sources did the same at the same time: some or all but one may be decoys',
    );
    const { stdout } = await report(CROWD[2], '--form', 'evidence');
    expect(stdout).toMatch(/^ {2}All sources: {2}203\.0\.113\.1, 203\.0\.113\.2,/m);
    expect(stdout).toContain('Log lines (1 of 1;');
  });

  it('says what clock and what zone the lines are in', async () => {
    expect(await complaint(NEIGHBOUR)).toMatch(
      /^gw1 \(127\.0\.0\.1\): UTC offset \+00:00, as its lines state, clock in step with ours within a second \(measured on 3 lines\)$/m,
    );
  });

  it('gives the digests of the lines as they are in the archive', async () => {
    const { stdout } = await report(NEIGHBOUR, '--form', 'evidence');
    const [file] = readdirSync(join(run.stateDir, 'archive'));
    const raw = readFileSync(join(run.stateDir, 'archive', file!), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).raw as string | undefined)
      .filter((line) => line?.includes(`${NEIGHBOUR}(`));
    expect(raw).toHaveLength(3);
    for (const line of raw) expect(stdout).toContain(createHash('sha256').update(line!).digest('hex'));
  });

  it('--mask hides our addresses and names in every form', async () => {
    for (const form of ['complaint', 'evidence', 'xarf']) {
      const { exitCode, stdout } = await report(LOUD, '--mask', '--form', form);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(LOUD);
      const payload = form === 'xarf' ? JSON.parse(stdout).evidence[0].payload : '';
      for (const text of [stdout, Buffer.from(payload, 'base64').toString()])
        expect(text).not.toMatch(/192\.0\.2\.\d|127\.0\.0\.1|lisa|gw1/);
    }
  });

  it('--form xarf is one XARF 4 object; without a reporter it says why there is none', async () => {
    const { stdout } = await report(NEIGHBOUR, '--form', 'xarf');
    expect(JSON.parse(stdout)).toMatchObject({
      xarf_version: expect.stringMatching(/^4\./),
      category: 'connection',
      type: 'port_scan',
      source_identifier: NEIGHBOUR,
      reporter: { org: 'Example Ltd', contact: 'security@example.org', domain: 'example.org' },
    });
    const anonymous = join(run.dir, 'anonymous.yaml');
    writeFileSync(anonymous, 'stateDir: var\n');
    const without = await run.verb('--config', anonymous, 'report', NEIGHBOUR, '--form', 'xarf');
    expect(without).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(
        'no X-ARF report: the reporter needs an organisation and a mail address: set report.organisation and report.email',
      ),
    });
    const draft = await run.verb('--config', anonymous, 'report', NEIGHBOUR, '--form', 'complaint');
    expect(draft.stdout).toContain('- say who you are: report.organisation and report.email');
  });

  it('--json has all parts on one line', async () => {
    const { stdout } = await report(NEIGHBOUR, '--json');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      evidence: expect.stringContaining('Evidence: incident'),
      complaint: { to: [], cc: ['abuse@upstream.example', 'cert@cert.example'] },
      xarf: { category: 'connection' },
    });
  });

  it('shows what was looked up then, and writes to whom that says; nobody is asked', async () => {
    const then = Date.now() - 3 * 86_400_000;
    const answer = {
      text: 'TEST-NET\n\x1b[2Jnext line',
      abuse: ['abuse@isp.example', 'x@y.example\nBcc: z@y.example'],
    };
    await withStore((store) =>
      store.cache(
        `rdap ${NEIGHBOUR}`,
        JSON.stringify({ kind: 'answer', answer, asOfMs: then }),
        Date.now() + 1e9,
      ),
    );
    const { stdout } = await report(NEIGHBOUR);
    expect(stdout).toMatch(/^To: abuse@isp\.example\n/);
    expect(stdout).toContain(`as of ${new Date(then).toISOString()}:\n> TEST-NET\n> \\x1b[2Jnext line`);
    expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f]|^Bcc:/m);
  });
});

describe('knockwatch report, with a damaged archive', () => {
  it('shows what can be read, and says that it was not everything', async () => {
    await sendTcp(run.app.port, [deny(LOUD, 200)]);
    await run.end();
    const directory = join(run.stateDir, 'archive');
    const [name] = readdirSync(directory);
    const whole = readFileSync(join(directory, name!));
    rmSync(join(directory, name!));
    writeFileSync(join(directory, `${name}.gz`), 'no gzip at all');
    const { exitCode, stdout, stderr } = await report('--form', 'complaint', LOUD);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/evidence-.*\.jsonl\.gz can not be read to its end: /);
    expect(stdout.match(/IPACCESSLOGP/g)).toHaveLength(64);
    expect(stdout).toContain('(17 more lines)');
    rmSync(join(directory, `${name}.gz`));
    writeFileSync(join(directory, name!), whole);
  });
});
