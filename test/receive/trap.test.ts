import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/decode.ts';
import { parse } from '../../src/parse/index.ts';
import { createReceivers } from '../../src/receive/index.ts';
import { ListenError } from '../../src/receive/listen-error.ts';
import { TrapReceiver } from '../../src/receive/trap.ts';
import { attemptOf } from '../support/host-line.ts';
import { hasIpv6 } from '../support/net-ipv6.ts';
import { type Catch, newCatch, until } from '../support/net-sockets.ts';

const running: TrapReceiver[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((receiver) => receiver.stop()));
});

async function trap(caught: Catch, host = '127.0.0.1', port = 0): Promise<TrapReceiver> {
  const receiver = new TrapReceiver({ host, port }, caught.sink, caught.onEvent);
  running.push(receiver);
  await receiver.start();
  return receiver;
}

/** Connects, sends something, and resolves with what was answered once the other side has hung up. */
async function knock(port: number, host = '127.0.0.1'): Promise<{ port: number; answer: string }> {
  const socket = connect({ port, host });
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk));
  await once(socket, 'connect');
  const { localPort } = socket;
  socket.write('a001 LOGIN root root\r\n');
  await once(socket, 'close');
  return { port: localPort!, answer };
}

describe('TrapReceiver', () => {
  it('notes who connects, says nothing and hangs up', async () => {
    const caught = newCatch();
    const receiver = await trap(caught);
    const { port } = receiver.address!;
    const stranger = await knock(port);
    expect(stranger.answer).toBe('');
    expect(await until(() => caught.frames.length > 0)).toBe(true);
    const [frame] = caught.frames;
    expect(frame).toMatchObject({ transport: 'trap', peer: { address: '127.0.0.1' } });
    expect(frame!.bytes.toString()).toBe(
      `<38>1 ${new Date(frame!.receivedAtMs).toISOString()} - knockwatch-trap - - - tcp 127.0.0.1:${stranger.port} -> 127.0.0.1:${port}`,
    );
    const message = decode(frame!.bytes, { referenceMs: frame!.receivedAtMs, zone: 'UTC' });
    expect(message.timestamp).toMatchObject({ epochMs: frame!.receivedAtMs, quality: 'device' });
    expect(attemptOf(parse(message, { prefixes: [] }))).toMatchObject({
      parser: 'trap',
      action: 'denied',
      source: { ip: '127.0.0.1', port: stranger.port },
      destination: { ip: '127.0.0.1', port },
    });
  });

  it('a source that connects without end is few lines, and every connection is counted', async () => {
    const caught = newCatch();
    const receiver = await trap(caught);
    for (let i = 0; i < 200; i++) await knock(receiver.address!.port);
    await receiver.stop();
    expect(caught.frames.length).toBeLessThan(20);
    const counts = caught.texts().map((text) => Number(/, (\d+) connections$/.exec(text)?.[1] ?? 1));
    expect(counts.reduce((sum, count) => sum + count)).toBe(200);
    expect(receiver.stats().frames).toBe(caught.frames.length);
  });

  it.runIf(hasIpv6())('* takes both families, each under its own address', async () => {
    const caught = newCatch();
    const receiver = await trap(caught, '*');
    const { port } = receiver.address!;
    await knock(port);
    await knock(port, '::1');
    expect(await until(() => caught.frames.length === 2)).toBe(true);
    expect(caught.texts().map((text) => / -> (\S+)$/.exec(text)![1])).toEqual([
      `127.0.0.1:${port}`,
      `[::1]:${port}`,
    ]);
  });

  it('stop() ends it, also twice', async () => {
    const receiver = await trap(newCatch());
    const { port } = receiver.address!;
    await Promise.all([receiver.stop(), receiver.stop()]);
    const socket = connect({ port, host: '127.0.0.1' });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  it('a port that is in use is no trap', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const receiver = new TrapReceiver(
      { host: '127.0.0.1', port },
      () => {},
      () => {},
    );
    await expect(receiver.start()).rejects.toThrow(
      `trap 127.0.0.1:${port} is taken by another program: a port that is in use is no trap, remove it from traps`,
    );
    await receiver.stop();
    server.close();
  });

  it('a privileged port says what to grant', () => {
    expect(new ListenError({ protocol: 'trap', host: '*', port: 143 }, 'EACCES').message).toBe(
      'trap *:143 needs privilege: grant CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=), or take ports from 1024 up',
    );
    expect(
      new ListenError({ protocol: 'trap', host: '2001:db8::1', port: 143 }, 'EAFNOSUPPORT').message,
    ).toContain('in traps');
  });

  it('createReceivers() knows it', () => {
    const [receiver] = createReceivers(
      [{ protocol: 'trap', host: '*', port: 143 }],
      () => {},
      () => {},
    );
    expect(receiver!.name).toBe('trap *:143');
  });
});
