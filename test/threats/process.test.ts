import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { TailReceiver } from '../../src/receive/tail.ts';
import { EvidenceArchive } from '../../src/store/archive.ts';
import { GENESIS, sealRecord } from '../../src/store/archive-record.ts';
import { openSqliteStore } from '../../src/store/open-sqlite.ts';
import { storePath } from '../../src/store/places.ts';
import { loadSqlite } from '../../src/store/sqlite-driver.ts';
import { hit, incident } from '../store/incident-samples.ts';
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

/** A file of one GiB that takes little room: these octets at its beginning and at its end, nothing between. */
function hugeFile(path: string, begin: Buffer, end: Buffer): void {
  const fd = openSync(path, 'w', 0o600);
  writeSync(fd, begin);
  writeSync(fd, end, 0, end.length, 2 ** 30 - end.length);
  closeSync(fd);
}

it('C11: a backlog of 1 GiB in a tailed file does not hold up the start', { timeout: 60_000 }, async () => {
  const path = join(directory(), 'router.log');
  const lines = Buffer.from(`<4>Nov 23 03:00:00 fw kernel: ${'x'.repeat(994)}\n`.repeat(1_024));
  hugeFile(path, lines, lines);
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

it('C11: an archive of 1 GiB does not hold up the start, and the chain goes on', {
  timeout: 60_000,
}, async () => {
  const dir = join(directory(), 'archive');
  mkdirSync(dir, { mode: 0o700 });
  const body = {
    receivedAt: '2026-11-23T12:00:00.000Z',
    sender: '192.0.2.1',
    transport: 'udp',
    raw: 'x',
  } as const;
  const first = sealRecord(body, { seq: 0, sha256: GENESIS });
  const last = sealRecord(body, { seq: 4_000_000, sha256: first.head.sha256 });
  hugeFile(join(dir, 'evidence-2026-11-23.jsonl'), first.line, Buffer.concat([Buffer.from('\n'), last.line]));
  const before = performance.now();
  const archive = await EvidenceArchive.open({
    directory: dir,
    onEvent: () => {},
    now: () => Date.parse('2026-11-23T13:00:00Z'),
  });
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(archive.head).toEqual(last.head);
  await archive.close();
});

it('C11: 100,000 hits and 10,000 incidents in the store do not hold up the start', {
  timeout: 120_000,
}, async () => {
  const dir = directory();
  const path = storePath(join(dir, 'var'));
  const store = openSqliteStore({ path, open: await loadSqlite(), onEvent: () => {} });
  const nowMs = Date.now();
  // All of them older than any window: they are kept, and not looked through.
  for (let i = 0; i < 100_000; i++) store.appendHit(hit(nowMs - 86_400_000 + i));
  for (let i = 0; i < 10_000; i++)
    store.saveIncident(
      incident(`i${i}`, { state: 'closed', firstSeenMs: nowMs - 86_400_000, lastSeenMs: nowMs - 86_400_000 }),
    );
  store.close();
  const port = await freePort();
  const started = performance.now();
  const daemon = startDaemon(
    `listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]\nweb: { enabled: false }\n`,
    {},
    {},
    dir,
  );
  await listening(daemon);
  // The process and its rules take the most of it.
  expect(performance.now() - started).toBeLessThan(8_000);
  expect(await daemon.stop()).toBe(0);
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
