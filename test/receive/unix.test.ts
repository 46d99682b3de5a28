import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnixReceiver } from '../../src/receive/unix.ts';
import { newCatch, until } from '../support/net-sockets.ts';

let dir: string;
let path: string;
const cleanUp: (() => unknown)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'knockwatch-unix-'));
  path = join(dir, 'log.sock');
});
afterEach(async () => {
  for (const undo of cleanUp.splice(0)) await undo();
  rmSync(dir, { recursive: true, force: true });
});

async function listen(options: { path?: string; mode?: number; maxConnections?: number } = {}) {
  const caught = newCatch();
  const receiver = new UnixReceiver({ path, ...options }, caught.sink, caught.onEvent);
  cleanUp.push(() => receiver.stop());
  await receiver.start();
  return { caught, receiver };
}

async function send(text: string) {
  const socket = connect(path);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.end(text);
}

describe('UnixReceiver', () => {
  it('refuses paths that can not be', () => {
    expect(
      () =>
        new UnixReceiver(
          { path: 'log.sock' },
          () => {},
          () => {},
        ),
    ).toThrow('is not absolute');
    expect(
      () =>
        new UnixReceiver(
          { path: `/${'a'.repeat(107)}` },
          () => {},
          () => {},
        ),
    ).toThrow('longer than 107 octets');
  });

  it('takes both framings, with its own path as the sender', async () => {
    const { caught, receiver } = await listen();
    await send('7 <4>one!<4>two\n');
    expect(await until(() => caught.frames.length === 2)).toBe(true);
    expect(caught.texts()).toEqual(['<4>one!', '<4>two']);
    expect(caught.frames[0]).toMatchObject({ transport: 'unix', peer: { address: path } });
    expect(receiver.name).toBe(`unix ${path}`);
  });

  it.each([
    [undefined, 0o660],
    [0o600, 0o600],
    [0o666, 0o666],
  ])('mode %o makes a socket of mode %o', async (mode, expected) => {
    await listen(mode === undefined ? {} : { mode });
    expect(statSync(path).mode & 0o777).toBe(expected);
  });

  it('takes the place of a socket that a killed process left, and cleans up after itself', async () => {
    const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', program]);
    expect(existsSync(path)).toBe(true);
    const { caught, receiver } = await listen();
    await send('<4>x\n');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
    await receiver.stop();
    expect(existsSync(path)).toBe(false);
  });

  it('leaves a socket alone that somebody listens on', async () => {
    const other = createServer().listen(path);
    cleanUp.push(() => other.close());
    await once(other, 'listening');
    await expect(listen()).rejects.toThrow(`unix ${path} is taken by another program`);
    expect(existsSync(path)).toBe(true);
  });

  it('leaves a file alone that is no socket', async () => {
    writeFileSync(path, 'precious');
    await expect(listen()).rejects.toThrow('there is a file that is no socket');
    expect(statSync(path).size).toBe(8);
  });

  it('says that its directory is missing', async () => {
    await expect(listen({ path: join(dir, 'missing/log.sock') })).rejects.toThrow(`missing/log.sock`);
  });

  it('refuses connections beyond the cap', async () => {
    const { receiver } = await listen({ maxConnections: 1 });
    const seated = connect(path);
    cleanUp.push(() => seated.destroy());
    await once(seated, 'connect');
    await send('<4>x\n');
    expect(await until(() => receiver.stats().drops.get('too-many-connections') === 1)).toBe(true);
  });
});
