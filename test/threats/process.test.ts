import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { TailReceiver } from '../../src/receive/tail.ts';
import { freePort, listening, startDaemon } from '../support/daemon.ts';

/* What happens to the process itself. */

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-process-'));
  cleanUp.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

it('C11: a backlog of 256 MiB in a tailed file does not hold up the start', { timeout: 60_000 }, async () => {
  const path = join(directory(), 'router.log');
  const block = Buffer.from(`<4>Nov 23 03:00:00 fw kernel: ${'x'.repeat(994)}\n`.repeat(1_024));
  const fd = openSync(path, 'w');
  for (let i = 0; i < 256; i++) writeSync(fd, block);
  closeSync(fd);
  let frames = 0;
  const receiver = new TailReceiver(
    { path, from: 'start' },
    () => {
      frames++;
    },
    () => {},
  );
  const before = performance.now();
  await receiver.start();
  expect(performance.now() - before).toBeLessThan(2_000);
  while (frames === 0) await new Promise((done) => setTimeout(done, 10));
  await receiver.stop();
  expect(performance.now() - before).toBeLessThan(10_000);
});

it('C14: the container runs as a user without privilege, on ports that need none, and writes to one volume', () => {
  const lines = readFileSync(resolve(import.meta.dirname, '../../Dockerfile'), 'utf8').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const settings = (word: string) =>
    last.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  expect(settings('USER')).toEqual(['node']);
  expect(last.findIndex((line) => line.startsWith('USER '))).toBeLessThan(
    last.findIndex((line) => line.startsWith('CMD ')),
  );
  for (const port of settings('EXPOSE').join(' ').match(/\d+/g)!) expect(Number(port)).toBeGreaterThan(1_023);
  expect(settings('VOLUME')).toEqual(['/var/lib/knockwatch']);
  expect(last.join('\n')).not.toMatch(/\bsudo\b|--privileged|chmod 777/);
});

it('D2: killed and started again and again, it writes to nobody about itself', {
  timeout: 60_000,
}, async () => {
  const dir = directory();
  const config = `listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${await freePort()} }]\nweb: { enabled: false }\n`;
  for (let round = 0; round < 8; round++) {
    const daemon = startDaemon(config, {}, {}, dir);
    await listening(daemon);
    expect(daemon.mails()).toEqual([]);
    await daemon.end('SIGKILL');
  }
});
