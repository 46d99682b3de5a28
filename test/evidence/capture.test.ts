import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CaptureEvent, type CaptureOptions, Captures } from '../../src/evidence/capture.ts';

const SOURCE = '198.51.100.7';
let root: string;
let directory: string;
let events: CaptureEvent[];
let captures: Captures | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kw-capture-'));
  directory = join(root, 'captures');
  events = [];
});
afterEach(async () => {
  await captures?.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Captures with a program of ours in tcpdump's place. */
function open(program: string, options: Partial<CaptureOptions> = {}): Captures {
  const script = join(root, 'fake-tcpdump.mjs');
  writeFileSync(script, program);
  captures = new Captures({
    interface: 'eth0',
    directory,
    command: [process.execPath, script],
    onEvent: (event) => events.push(event),
    ...options,
  });
  return captures;
}

const PRINT_ARGUMENTS = 'process.stdout.write(JSON.stringify(process.argv.slice(2)))';
const FOR_EVER = 'setInterval(() => {}, 1000)';

describe('Captures', () => {
  it.each(['', '-w', 'eth0 -w x', '../x', 'a\nb', 'a'.repeat(40)])('throws for the interface %j', (name) => {
    expect(() => new Captures({ interface: name, directory })).toThrow(RangeError);
  });

  it('tells the program none of our secrets', async () => {
    process.env['KNOCKWATCH_SMTP_PASSWORD'] = 's3cret';
    const started = open('process.stdout.write(JSON.stringify(process.env))').start(SOURCE);
    delete process.env['KNOCKWATCH_SMTP_PASSWORD'];
    await expect.poll(() => events.length).toBe(1);
    const env = readFileSync((started as { path: string }).path, 'utf8');
    expect(env).toContain('PATH');
    expect(env).not.toContain('s3cret');
  });

  it.each([0, -1, 1.5, Number.NaN])('throws for %d packets', (packets) => {
    expect(() => new Captures({ interface: 'eth0', directory, packets })).toThrow(
      'packets must be a whole number',
    );
  });

  it.each(['', 'host.example', '-z /bin/sh', '198.51.100.7 or port 22', '198.51.100.7\n'])(
    'does not record %j',
    (source) => {
      expect(open(PRINT_ARGUMENTS).start(source)).toEqual({
        started: false,
        because: 'the source is no address',
      });
    },
  );

  it('gives tcpdump bounds and the source as arguments, and its output to a private file', async () => {
    const before = process.umask(0);
    const started = open(PRINT_ARGUMENTS, { packets: 100 }).start(SOURCE);
    process.umask(before);
    expect(started.started).toBe(true);
    await expect.poll(() => events.length).toBe(1);
    const { path } = events[0]!;
    expect(events[0]).toMatchObject({ kind: 'capture-ended', source: SOURCE });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([
      '-n',
      '-U',
      '-i',
      'eth0',
      '-s',
      '2048',
      '-c',
      '100',
      '-w',
      '-',
      'host',
      SOURCE,
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(captures!.running).toBe(0);
  });

  it('ends in time, with everything it started, also when it does not want to', async () => {
    const pids = join(root, 'pids');
    const stubborn = `
      import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      process.on('SIGTERM', () => {});
      const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: 'inherit' });
      writeFileSync(${JSON.stringify(pids)}, process.pid + ' ' + child.pid);
      ${FOR_EVER}`;
    open(stubborn, { seconds: 1 }).start(SOURCE);
    await expect.poll(() => events.length, { timeout: 10_000 }).toBe(1);
    expect(events[0]!.kind).toBe('capture-ended');
    const [parent, child] = readFileSync(pids, 'utf8').split(' ').map(Number);
    await expect.poll(() => [alive(parent!), alive(child!)]).toEqual([false, false]);
  });

  it('records a source once at a time and few sources at once', async () => {
    const two = open(FOR_EVER, { maxRunning: 2 });
    expect(two.start(SOURCE).started).toBe(true);
    expect(two.start(SOURCE)).toEqual({ started: false, because: 'its packets are being recorded already' });
    expect(two.start('2001:db8::7').started).toBe(true);
    expect(two.start('198.51.100.8')).toEqual({ started: false, because: '2 captures are running already' });
    await two.stop();
    expect(two.running).toBe(0);
    expect(events).toHaveLength(2);
    expect(readdirSync(directory).some((name) => name.endsWith('-2001_db8__7.pcap'))).toBe(true);
  });

  it('says what tcpdump said when it fails, bounded and escaped', async () => {
    open("process.stderr.write('no such device \\x1b[2J' + 'x'.repeat(1e6), () => process.exit(1))").start(
      SOURCE,
    );
    await expect.poll(() => events.length).toBe(1);
    expect(events[0]!.kind).toBe('capture-failed');
    expect(events[0]!.because).toMatch(/^exit code 1: no such device \\x1b\[2Jx+…$/);
    expect(events[0]!.because.length).toBeLessThan(350);
  });

  it('says so when there is no tcpdump', async () => {
    captures = new Captures({
      interface: 'eth0',
      directory,
      command: ['/nowhere/tcpdump'],
      onEvent: (event) => events.push(event),
    });
    captures.start(SOURCE);
    await expect.poll(() => events.length).toBe(1);
    expect(events[0]).toMatchObject({ kind: 'capture-failed', because: expect.stringContaining('ENOENT') });
    expect(captures.running).toBe(0);
  });

  it('keeps a bounded number of files', async () => {
    let now = 1_764_000_000_000;
    open(PRINT_ARGUMENTS, { maxFiles: 3, now: () => now++ });
    for (let i = 0; i < 5; i++) {
      captures!.start(SOURCE);
      await expect.poll(() => events.length).toBe(i + 1);
    }
    expect(readdirSync(directory)).toHaveLength(3);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
