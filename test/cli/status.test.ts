import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import { PageFixture } from '../support/page.ts';
import { officeRules, tellStory } from '../support/page-story.ts';

const TOKEN = 'correct-horse-battery-staple';
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-status-'));
let page: PageFixture | undefined;
let other: Server | undefined;
afterEach(async () => {
  await page?.close();
  page = undefined;
  other?.close();
  other = undefined;
});
afterAll(() => rmSync(dir, { recursive: true }));

function status(web: string, ...args: string[]) {
  const file = join(dir, 'knockwatch.yaml');
  writeFileSync(file, `web: ${web}\n`);
  return runForTest(['--config', file, 'status', ...args], {});
}

/** A port nobody listens on: one that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function daemon(options: { token?: string } = {}): Promise<number> {
  page = new PageFixture(officeRules(), {
    ...options,
    startedAtMs: Date.now() - 600_000,
    expect: { '192.0.2.9': 60_000 },
  });
  await tellStory(page, 1 / 6, Date.now());
  await page.server.start();
  return page.server.address!.port;
}

describe('knockwatch status', () => {
  it('says so when nobody answers, with exit code 1', async () => {
    const port = await closedPort();
    const { exitCode, stdout, stderr } = await status(`{ port: ${port} }`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`no daemon answers at 127\\.0\\.0\\.1:${port}: nobody listens there`));
  });

  it('says so when the page is off', async () => {
    expect(await status('{ enabled: false }')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('web.enabled'),
    });
  });

  it('says so when somebody else answers', async () => {
    other = createServer((_, response) => response.end('<h1>hello</h1>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other!.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    expect(await status(`{ port: ${port} }`)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('is no knockwatch'),
    });
  });

  it('prints how the daemon and each sender are', async () => {
    const { exitCode, stdout } = await status(`{ port: ${await daemon()} }`);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^knockwatch 0\.1\.0 on collector: listening for 10 min/);
    expect(stdout).toMatch(/incidents {2}\d+ open \(\d+ high, \d+ medium\)/);
    expect(stdout).toContain('  lost       38 messages lost at the devices, by their own notices');
    expect(stdout).toMatch(/192\.0\.2\.9 +QUIET +never, due every 1 min/);
    expect(stdout).toMatch(/192\.0\.2\.2 fw2 +heard +.* ago +\d+/);
    expect(stdout).toContain('not understood, a line of each shape:\n  ap7\n    1 2026-01-24');
  });

  it('--json has everything, on one line', async () => {
    const { exitCode, stdout } = await status(`{ port: ${await daemon()} }`, '--json');
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      overview: { ready: true, hostName: 'collector' },
      senders: { rows: [{ state: 'quiet' }, {}, {}, {}] },
    });
  });

  it('--quiet says nothing, whatever the answer', async () => {
    expect(await status(`{ port: ${await daemon()} }`, '--quiet')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    expect(await status(`{ port: ${await closedPort()} }`, '-q')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: '',
    });
  });

  it('shows the configured token, and says when it is the wrong one', async () => {
    const port = await daemon({ token: TOKEN });
    expect((await status(`{ port: ${port}, token: ${TOKEN} }`, '-q')).exitCode).toBe(0);
    writeFileSync(join(dir, 'token'), `${TOKEN}\n`);
    expect((await status(`{ port: ${port}, tokenFile: token }`, '-q')).exitCode).toBe(0);
    const wrong = await status(`{ port: ${port}, token: another-token-of-16 }`);
    expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('another token') });
    expect(wrong.stderr).not.toContain(TOKEN);
  });

  it('O3: lets nothing out of a line onto the terminal', async () => {
    const port = await daemon();
    page!.line('<13>\x1b]0;pwn\x07\x1b[2J\u202e odd', '192.0.2.66');
    const { stdout } = await status(`{ port: ${port} }`);
    expect(stdout).toContain('\\x1b]0;pwn\\x07\\x1b[2J\\u202e odd');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
