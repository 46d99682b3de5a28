import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TailReceiver, type TailReceiverOptions } from '../../src/receive/tail.ts';
import { newCatch, until } from '../support/net-sockets.ts';

let dir: string;
let path: string;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'knockwatch-tail-'));
  path = join(dir, 'router.log');
});
afterEach(async () => {
  for (const undo of cleanUp.splice(0)) await undo();
  rmSync(dir, { recursive: true, force: true });
});

async function tail(options: Partial<TailReceiverOptions> = {}) {
  const caught = newCatch();
  const receiver = new TailReceiver(
    { path, stateDir: join(dir, 'var'), pollMs: 10, retireAfterMs: 300, ...options },
    caught.sink,
    caught.onEvent,
  );
  cleanUp.push(() => receiver.stop());
  await receiver.start();
  const settled = async (count: number) => {
    await until(() => caught.frames.length >= count);
    // Long enough for anything that would come twice.
    await sleep(60);
    return caught.texts();
  };
  return { caught, receiver, settled };
}

/** `n` lines that no other call makes, each longer than a head that tells nothing. */
let made = 0;
function lines(n: number): string[] {
  return Array.from({ length: n }, () => `<4>Nov 23 03:00:00 fw1 kernel: line ${++made}`);
}
const joined = (texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');

describe('start()', () => {
  it('refuses what can never be tailed, and says what to do', async () => {
    expect(
      () =>
        new TailReceiver(
          { path: 'router.log', stateDir: dir },
          () => {},
          () => {},
        ),
    ).toThrow('is not absolute');
    mkdirSync(path);
    await expect(tail()).rejects.toThrow(`tail ${path}`);
    await expect(tail({ path: join(dir, 'missing/router.log') })).rejects.toThrow(
      'there is no such file or directory',
    );
  });

  it('refuses a named pipe instead of waiting for somebody to write into it', async () => {
    execFileSync('mkfifo', [path]);
    const outcome = await Promise.race([
      tail().catch((error: Error) => error.message),
      sleep(2_000, 'hangs'),
    ]);
    expect(outcome).toContain('is not a regular file');
  });

  it('leaves old lines alone, but the one being written; `from: start` reads them', async () => {
    const [old, half, rest] = ['<4>old', '<4>begun before ', 'and ended after'];
    writeFileSync(path, `${old}\n${half}`);
    const { settled } = await tail();
    appendFileSync(path, `${rest}\n`);
    expect(await settled(1)).toEqual([half + rest]);
    const again = await tail({ stateDir: join(dir, 'other'), from: 'start' });
    expect(await again.settled(2)).toEqual([old, half + rest]);
  });

  it('waits for a file that does not exist yet, and reads it from its beginning', async () => {
    const { caught, settled } = await tail();
    expect(caught.events[0]?.message).toBe(`tail ${path}: there is no such file yet; waiting for it`);
    const wanted = lines(3);
    writeFileSync(path, joined(wanted));
    expect(await settled(3)).toEqual(wanted);
  });

  it('gives frames of a file, with the path as their sender', async () => {
    writeFileSync(path, '');
    const { caught, settled } = await tail();
    appendFileSync(path, '<4>x\r\n');
    await settled(1);
    expect(caught.frames[0]).toMatchObject({
      transport: 'file',
      peer: { address: path },
      bytes: Buffer.from('<4>x'),
    });
  });
});

describe('L1: every line comes once', () => {
  it('when the file is renamed and its writer goes on in the old one for a while', async () => {
    writeFileSync(path, '');
    const { settled } = await tail();
    const [before, late, after] = [lines(3), lines(2), lines(3)];
    appendFileSync(path, joined(before));
    renameSync(path, `${path}.1`);
    writeFileSync(path, joined(after));
    await settled(6);
    appendFileSync(`${path}.1`, joined(late));
    expect((await settled(8)).sort()).toEqual([...before, ...after, ...late].sort());
  });

  it('when the renamed file ends without LF', async () => {
    writeFileSync(path, '');
    const { settled } = await tail({ retireAfterMs: 50 });
    appendFileSync(path, '<4>unfinished');
    renameSync(path, `${path}.1`);
    writeFileSync(path, '<4>next\n');
    expect(await settled(2)).toEqual(['<4>next', '<4>unfinished']);
  });

  it('when it is copied and cut, lines written just before the cut included', async () => {
    writeFileSync(path, '');
    const { settled } = await tail({ pollMs: 100 });
    const [before, unseen, after] = [lines(3), lines(2), lines(2)];
    appendFileSync(path, joined(before));
    await settled(3);
    appendFileSync(path, joined(unseen));
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    appendFileSync(path, joined(after));
    expect(await settled(7)).toEqual([...before, ...unseen, ...after]);
  });

  it('when it is cut and grows beyond where it was before anybody looks', async () => {
    writeFileSync(path, '');
    const { settled } = await tail({ pollMs: 100 });
    const [before, after] = [lines(2), lines(20)];
    appendFileSync(path, joined(before));
    await settled(2);
    writeFileSync(path, joined(after));
    expect(await settled(22)).toEqual([...before, ...after]);
  });

  it('when it is written anew with the same size', async () => {
    writeFileSync(path, '');
    const { settled } = await tail();
    appendFileSync(path, '<4>03:00:01 a\n');
    await settled(1);
    writeFileSync(path, '<4>03:00:02 b\n');
    expect(await settled(2)).toEqual(['<4>03:00:01 a', '<4>03:00:02 b']);
  });

  it('when it is removed and made again', async () => {
    writeFileSync(path, '');
    const { settled } = await tail();
    const [before, after] = [lines(2), lines(2)];
    appendFileSync(path, joined(before));
    unlinkSync(path);
    await sleep(50);
    writeFileSync(path, joined(after));
    expect(await settled(4)).toEqual([...before, ...after]);
  });

  it('when a symbolic link is switched to the next file', async () => {
    const [first, second] = [join(dir, 'a.txt'), join(dir, 'b.txt')];
    const [before, after] = [lines(2), lines(2)];
    writeFileSync(first, '');
    symlinkSync(first, path);
    const { settled } = await tail();
    appendFileSync(first, joined(before));
    await settled(2);
    writeFileSync(second, joined(after));
    symlinkSync(second, `${path}.new`);
    renameSync(`${path}.new`, path);
    expect(await settled(4)).toEqual([...before, ...after]);
  });
});

describe('L1: across a stop', () => {
  it('goes on where it stopped', async () => {
    writeFileSync(path, '');
    const first = await tail();
    const [before, meanwhile] = [lines(3), lines(3)];
    appendFileSync(path, joined(before));
    await first.settled(3);
    await first.receiver.stop();
    appendFileSync(path, joined(meanwhile));
    const second = await tail();
    expect(await second.settled(3)).toEqual(meanwhile);
  });

  it.each(['plain', 'compressed'])(
    'reads through three rotations while stopped, oldest first (%s)',
    async (kind) => {
      writeFileSync(path, joined(lines(5)));
      const first = await tail();
      const seen = lines(2);
      appendFileSync(path, joined(seen));
      expect(await first.settled(2)).toEqual(seen);
      await first.receiver.stop();
      const missed: string[] = [];
      for (let rotation = 0; rotation < 3; rotation++) {
        const more = lines(2);
        missed.push(...more);
        appendFileSync(path, joined(more));
        for (const n of [2, 1]) {
          for (const end of ['', '.gz']) {
            const from = `${path}.${n}${end}`;
            if (readdirSync(dir).includes(from.slice(dir.length + 1)))
              renameSync(from, `${path}.${n + 1}${end}`);
          }
        }
        renameSync(path, `${path}.1`);
        if (kind === 'compressed') {
          writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)));
          unlinkSync(`${path}.1`);
        }
        await sleep(20);
      }
      const newest = lines(2);
      writeFileSync(path, joined(newest));
      const second = await tail();
      expect(await second.settled(8)).toEqual([...missed, ...newest]);
    },
  );

  it('gives everybody else a turn while it reads a long rotated file', async () => {
    writeFileSync(path, joined(lines(5)));
    const first = await tail();
    await first.receiver.stop();
    const missed = Array.from({ length: 400_000 }, () => '<4>x');
    appendFileSync(path, `${'<4>0123456789\n'.repeat(10)}${joined(missed)}`);
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    let turns = 0;
    const ticker = setInterval(() => turns++, 0);
    const second = await tail();
    await until(() => second.caught.frames.length > 0);
    turns = 0;
    while (second.caught.frames.length < missed.length + 10) await new Promise((done) => setImmediate(done));
    clearInterval(ticker);
    expect(turns).toBeGreaterThan(2);
  });

  it('knows its file was copied and cut while stopped', async () => {
    writeFileSync(path, joined(lines(5)));
    const first = await tail();
    await first.receiver.stop();
    const [missed, newest] = [lines(2), lines(1)];
    appendFileSync(path, joined(missed));
    copyFileSync(path, `${path}-20261123`);
    truncateSync(path);
    appendFileSync(path, joined(newest));
    const second = await tail();
    expect(await second.settled(3)).toEqual([...missed, ...newest]);
  });

  it('says so when the old file is gone, and reads the new one from its beginning', async () => {
    writeFileSync(path, joined(lines(5)));
    const first = await tail();
    await first.receiver.stop();
    writeFileSync(`${path}.new`, joined(['<4>another file, with a number of its own']));
    renameSync(`${path}.new`, path);
    const { caught, settled, receiver } = await tail();
    expect(await settled(1)).toEqual(['<4>another file, with a number of its own']);
    expect(caught.events.map(({ message }) => message)).toEqual([
      `tail ${path}: it was rotated and the old file is gone: lines may be lost`,
    ]);
    expect(receiver.stats().drops.get('rotated-away')).toBe(1);
  });

  it.each(['{', '{"path":"/elsewhere"}', ''])('survives a position that makes no sense: %j', async (text) => {
    writeFileSync(path, '');
    const first = await tail();
    appendFileSync(path, joined(lines(1)));
    await first.settled(1);
    await first.receiver.stop();
    const name = readdirSync(join(dir, 'var'))[0]!;
    expect(statSync(join(dir, 'var', name)).mode & 0o777).toBe(0o600);
    writeFileSync(join(dir, 'var', name), text);
    const { caught, settled } = await tail();
    const wanted = lines(1);
    appendFileSync(path, joined(wanted));
    expect(await settled(1)).toEqual(wanted);
    expect(caught.events[0]!.message).toContain('begins anew');
  });

  it('killed instead of stopped, lines may come again but none is missed', async () => {
    writeFileSync(path, '');
    const first = await tail();
    const before = lines(3);
    appendFileSync(path, joined(before));
    await first.settled(3);
    const name = join(dir, 'var', readdirSync(join(dir, 'var'))[0]!);
    const remembered = readFileSync(name);
    const late = lines(2);
    appendFileSync(path, joined(late));
    await first.settled(5);
    await first.receiver.stop();
    writeFileSync(name, remembered);
    const second = await tail();
    expect(await second.settled(2)).toEqual(expect.arrayContaining(late));
  });
});

describe('a note kept with what came of the lines', () => {
  const noteOf = () => {
    const written: string[] = [];
    return { written, read: () => written.at(-1), write: (text: string) => void written.push(text) };
  };

  it('is written as soon as lines are handed over, and counts more than the file', async () => {
    writeFileSync(path, '');
    const note = noteOf();
    const first = await tail({ note });
    const before = lines(3);
    appendFileSync(path, joined(before));
    await first.settled(3);
    expect(JSON.parse(note.written.at(-1)!)).toMatchObject({ offset: joined(before).length });
    const then = note.written.at(-1)!;
    const late = lines(2);
    appendFileSync(path, joined(late));
    await first.settled(5);
    await first.receiver.stop();
    // The file says that all five were read; what came of the last two was lost.
    const second = await tail({ note: { read: () => then, write: () => {} } });
    expect(await second.settled(2)).toEqual(late);
  });

  it.each(['', 'null', '{', '[]', '{"device":1}', '"x"'])(
    'that says %j is as if there were none',
    async (text) => {
      writeFileSync(path, '');
      const first = await tail();
      appendFileSync(path, joined(lines(2)));
      await first.settled(2);
      await first.receiver.stop();
      const late = lines(1);
      appendFileSync(path, joined(late));
      const second = await tail({ note: { read: () => text, write: () => {} } });
      expect(await second.settled(1)).toEqual(late);
    },
  );
});

describe('L2: odd files', () => {
  it('a last line without LF is joined with its rest', async () => {
    writeFileSync(path, '');
    const { caught, settled } = await tail();
    appendFileSync(path, '<4>first ha');
    await sleep(60);
    expect(caught.frames).toEqual([]);
    appendFileSync(path, 'lf\n<4>b\n');
    expect(await settled(2)).toEqual(['<4>first half', '<4>b']);
  });

  it('a line without end is cut once, and the next is right', async () => {
    writeFileSync(path, '');
    const { caught, receiver, settled } = await tail({ maxBytes: 1_000 });
    for (let i = 0; i < 20; i++) appendFileSync(path, `${'A'.repeat(100_000)} <4>forged`);
    appendFileSync(path, '\n<4>good\n');
    expect((await settled(2))[1]).toBe('<4>good');
    expect(caught.frames[0]).toMatchObject({ truncated: true });
    expect(caught.frames[0]!.bytes).toHaveLength(1_000);
    expect(receiver.stats().drops.get('frame-too-long')).toBe(1);
  });

  it('UTF-16LE is lines of odd octets, not a crash', async () => {
    writeFileSync(path, '');
    const { settled } = await tail();
    appendFileSync(path, Buffer.from('\ufeff<4>x\n<4>y\n', 'utf16le'));
    appendFileSync(path, '\n<4>good\n');
    expect(await settled(4)).toContain('<4>good');
  });

  it('a named pipe in place of the file holds up nobody, and stop() neither', async () => {
    writeFileSync(path, '');
    const { caught, receiver, settled } = await tail();
    unlinkSync(path);
    execFileSync('mkfifo', [path]);
    expect(
      await until(() => caught.events.some(({ message }) => message.includes('not a regular file'))),
    ).toBe(true);
    unlinkSync(path);
    writeFileSync(path, '<4>back\n');
    expect(await settled(1)).toEqual(['<4>back']);
    expect(await Promise.race([receiver.stop(), sleep(2_000, 'hangs')])).toBeUndefined();
  });

  it('a file that can not be read any more is said once and tried again', async () => {
    writeFileSync(path, '');
    const { caught, settled } = await tail();
    unlinkSync(path);
    mkdirSync(path);
    expect(
      await until(() => caught.events.some(({ message }) => message.includes('not a regular file'))),
    ).toBe(true);
    await sleep(60);
    expect(caught.events).toHaveLength(1);
    rmSync(path, { recursive: true });
    writeFileSync(path, '<4>back\n');
    expect(await settled(1)).toEqual(['<4>back']);
  });

  it('stop() in the middle of a long backlog is soon done, and loses nothing', async () => {
    const wanted = lines(60_000);
    writeFileSync(path, joined(wanted));
    const first = await tail({ from: 'start' });
    await until(() => first.caught.frames.length > 0);
    const before = performance.now();
    await first.receiver.stop();
    expect(performance.now() - before).toBeLessThan(1_000);
    const second = await tail();
    const missing = wanted.length - first.caught.frames.length;
    const rest = await second.settled(missing);
    expect(rest).toEqual(missing === 0 ? [] : wanted.slice(-missing));
  });
});
