import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, createServer, Server } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TcpReceiver, type TcpReceiverOptions } from '../../src/receive/tcp.ts';
import { hasIpv6 } from '../support/net-ipv6.ts';
import { newCatch, tcpClient, until } from '../support/net-sockets.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function listen(options: Partial<TcpReceiverOptions> = {}) {
  const caught = newCatch();
  const receiver = new TcpReceiver({ host: '127.0.0.1', port: 0, ...options }, caught.sink, caught.onEvent);
  cleanUp.push(() => receiver.stop());
  await receiver.start();
  const { port } = receiver.address!;
  const client = async (host?: string) => {
    const socket = await tcpClient(port, host);
    cleanUp.push(() => socket.destroy());
    return socket;
  };
  const drops = (reason: string) => receiver.stats().drops.get(reason) ?? 0;
  return { caught, receiver, port, client, drops };
}

describe('start()', () => {
  it('F23: rejects within two seconds, and says what to do, when the port is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    cleanUp.push(() => squatter.close());
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    const receiver = new TcpReceiver(
      { host: '127.0.0.1', port },
      () => {},
      () => {},
    );
    const before = performance.now();
    await expect(receiver.start()).rejects.toThrow(
      `tcp 127.0.0.1:${port} is taken by another program: stop it or choose another port in listeners`,
    );
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(receiver.address).toBeUndefined();
  });

  it('rejects an address this machine does not have', async () => {
    const receiver = new TcpReceiver(
      { host: '192.0.2.1', port: 0 },
      () => {},
      () => {},
    );
    await expect(receiver.start()).rejects.toThrow('this machine has no such address');
  });

  it('F23: says how to get a privileged port', async () => {
    vi.spyOn(Server.prototype, 'listen').mockImplementationOnce(function (this: Server) {
      process.nextTick(() =>
        this.emit('error', Object.assign(new Error('listen EACCES'), { code: 'EACCES' })),
      );
      return this;
    });
    const receiver = new TcpReceiver(
      { host: '0.0.0.0', port: 514 },
      () => {},
      () => {},
    );
    await expect(receiver.start()).rejects.toThrow(
      'tcp 0.0.0.0:514 needs privilege: use port 5514, grant CAP_NET_BIND_SERVICE, or use systemd socket activation',
    );
  });

  it('refuses to be started twice', async () => {
    const { receiver } = await listen();
    await expect(receiver.start()).rejects.toThrow('has been started already');
  });

  it('refuses a bad entry in the allowed senders before it listens', () => {
    expect(
      () =>
        new TcpReceiver(
          { host: '::', port: 0, allowedSenders: ['fw1'] },
          () => {},
          () => {},
        ),
    ).toThrow('"fw1" is not an address or network');
  });

  it.runIf(hasIpv6()).each(['*', '::'])(
    'host %s hears both families, IPv4 folded to its dotted quad',
    async (host) => {
      const { caught, client } = await listen({ host });
      (await client('127.0.0.1')).end('<4>four\n');
      expect(await until(() => caught.frames.length === 1)).toBe(true);
      (await client('::1')).end('<4>six\n');
      expect(await until(() => caught.frames.length === 2)).toBe(true);
      expect(caught.frames.map((frame) => frame.peer.address)).toEqual(['127.0.0.1', '::1']);
    },
  );

  it('goes on with IPv4, and says so, on a machine without IPv6', async () => {
    vi.spyOn(Server.prototype, 'listen').mockImplementationOnce(function (this: Server) {
      process.nextTick(() => this.emit('error', Object.assign(new Error(), { code: 'EAFNOSUPPORT' })));
      return this;
    });
    const { caught, receiver, client } = await listen({ host: '*' });
    expect(receiver.address!.host).toBe('0.0.0.0');
    expect(caught.events).toEqual([
      { level: 'warn', message: 'tcp *:0: this machine has no IPv6, listening on IPv4 only' },
    ]);
    (await client()).end('<4>four\n');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
  });
});

describe('frames', () => {
  it('F1 F7: counted frames and lines on one connection, with the peer they came from', async () => {
    const { caught, client, receiver } = await listen();
    const socket = await client();
    const { localPort } = socket;
    socket.end('7 <4>one!<4>two\r\n9 <4>th\nree<4>four');
    expect(await until(() => caught.frames.length === 4)).toBe(true);
    expect(caught.texts()).toEqual(['<4>one!', '<4>two', '<4>th\nree', '<4>four']);
    for (const frame of caught.frames) {
      expect(frame.peer).toEqual({ address: '127.0.0.1', port: localPort });
      expect(frame.transport).toBe('tcp');
      expect(Math.abs(Date.now() - frame.receivedAtMs)).toBeLessThan(5_000);
    }
    expect(receiver.stats()).toEqual({ frames: 4, bytes: 29, drops: new Map() });
  });

  it('F1: one octet a segment', async () => {
    const { caught, client } = await listen();
    const socket = await client();
    for (const octet of '7 <4>one!<4>two\n') {
      socket.write(octet);
      await sleep(1);
    }
    expect(await until(() => caught.frames.length === 2)).toBe(true);
    expect(caught.texts()).toEqual(['<4>one!', '<4>two']);
  });

  it('F3: a frame whose rest never comes is delivered flagged at FIN', async () => {
    const { caught, client, drops } = await listen();
    (await client()).end('500 <4>partial');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
    expect(caught.frames[0]).toMatchObject({ bytes: Buffer.from('<4>partial'), truncated: true });
    expect(drops('incomplete-frame')).toBe(1);
  });

  it('F5: 200,000 digits on a connection leave the next line right', async () => {
    const { caught, client, drops } = await listen();
    (await client()).write(`${'7'.repeat(200_000)}\n<4>good\n`);
    expect(await until(() => caught.frames.length === 2)).toBe(true);
    expect(caught.texts()[1]).toBe('<4>good');
    expect(drops('frame-too-long')).toBe(1);
  });

  it('two connections do not mix their frames', async () => {
    const { caught, client } = await listen();
    const [one, two] = [await client(), await client()];
    one.write('<4>one, ');
    two.write('<4>two, ');
    await sleep(20);
    one.write('first\n');
    two.write('second\n');
    expect(await until(() => caught.frames.length === 2)).toBe(true);
    expect(caught.texts().sort()).toEqual(['<4>one, first', '<4>two, second']);
  });

  it('F20: a TLS client on the plain port is refused in clear words, and others go on', async () => {
    const { caught, client, drops } = await listen();
    const confused = await client();
    confused.write(Buffer.from('16030100f1010000ed0303', 'hex'));
    expect(await until(() => confused.closedByPeer === true)).toBe(true);
    expect(drops('tls-on-plain-port')).toBe(1);
    expect(caught.events[0]!.message).toContain('127.0.0.1 speaks TLS to a plain port');
    (await client()).write('<4>good\n');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
    expect(caught.texts()).toEqual(['<4>good']);
  });
});

describe('who may stay', () => {
  it('senders that are not allowed are refused, counted, and said once', async () => {
    const { caught, client, drops } = await listen({ allowedSenders: ['192.0.2.0/24'] });
    for (let i = 0; i < 5; i++) {
      const socket = await client();
      socket.write('<4>stranger\n');
      expect(await until(() => socket.closedByPeer === true)).toBe(true);
    }
    expect(drops('sender-not-allowed')).toBe(5);
    expect(caught.frames).toEqual([]);
    expect(caught.events).toHaveLength(1);
  });

  it('F16: connections beyond the cap are refused, counted, and said once; the cap is free again after', async () => {
    const { caught, client, drops } = await listen({ maxConnections: 10 });
    const seated = await Promise.all(Array.from({ length: 10 }, () => client()));
    for (const socket of seated) socket.write('<4>seated\n');
    expect(await until(() => caught.frames.length === 10)).toBe(true);
    const refused = await Promise.all(Array.from({ length: 10 }, () => client()));
    expect(await until(() => refused.every((socket) => socket.closedByPeer))).toBe(true);
    expect(drops('too-many-connections')).toBe(10);
    expect(caught.events).toEqual([
      {
        level: 'warn',
        message: 'tcp 127.0.0.1:0 refused a connection: 10 are open, the most allowed (maxConnections)',
        details: { reason: 'too-many-connections', count: 1 },
      },
    ]);
    seated[0]!.destroy();
    expect(
      await until(() => {
        const late = connect({ port: seated[1]!.remotePort!, host: '127.0.0.1' });
        late.on('error', () => {});
        late.end('<4>late\n');
        return caught.texts().includes('<4>late');
      }),
    ).toBe(true);
  });

  it('F18: a connection that says nothing is closed', async () => {
    const { client } = await listen({ idleTimeoutMs: 60 });
    const silent = await client();
    expect(await until(() => silent.closedByPeer === true, 1_500)).toBe(true);
  });

  it('a connection that goes on talking is not idle', async () => {
    const { client } = await listen({ idleTimeoutMs: 1_000 });
    const talking = await client();
    for (let i = 0; i < 30; i++) {
      talking.write('<4>x\n');
      await sleep(60);
    }
    expect(talking.closedByPeer).toBeUndefined();
  });

  it('F15: an octet now and then without an end keeps no seat, others are served meanwhile', async () => {
    const { caught, client, drops } = await listen({ partialTimeoutMs: 200 });
    const slow = await Promise.all(Array.from({ length: 500 }, () => client()));
    const drip = setInterval(() => {
      for (const socket of slow) socket.write('a');
    }, 20);
    cleanUp.push(() => clearInterval(drip));
    await sleep(50);
    const before = performance.now();
    const good = await client();
    good.write('<4>good\n');
    expect(await until(() => caught.texts().includes('<4>good'))).toBe(true);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await until(() => slow.every((socket) => socket.closedByPeer))).toBe(true);
    expect(drops('partial-timeout')).toBe(500);
    expect(good.closedByPeer).toBeUndefined();
  });

  it('a sender always in the middle of some frame is not slow', async () => {
    const { caught, client, drops } = await listen({ partialTimeoutMs: 1_000 });
    const busy = await client();
    for (let i = 0; i < 30; i++) {
      busy.write('end\n<4>begin ');
      await sleep(50);
    }
    expect(busy.closedByPeer).toBeUndefined();
    expect(drops('partial-timeout')).toBe(0);
    expect(caught.frames).toHaveLength(30);
  });

  it('F19: resets in the middle of a frame leave nothing behind', async () => {
    const { caught, client, receiver } = await listen();
    const rounds = 2_000;
    const openFiles = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
    const before = openFiles();
    for (let i = 0; i < rounds; i++) {
      const socket = await client();
      socket.write('500 <4>x');
      socket.resetAndDestroy();
    }
    (await client()).write('<4>good\n');
    expect(await until(() => caught.texts().includes('<4>good'))).toBe(true);
    expect(receiver.stats().frames).toBeLessThanOrEqual(rounds + 1);
    // The good client and its connection are still there.
    expect(await until(() => openFiles() <= before + 2)).toBe(true);
    await receiver.stop();
  });

  it("F21: one connection's flood does not keep another's line waiting", async () => {
    const { caught, client } = await listen();
    const flood = await client();
    const block = Buffer.from(`<4>${'A'.repeat(120)}\n`.repeat(2_000));
    let flooding = true;
    const pour = () => {
      while (flooding && flood.write(block));
    };
    flood.on('drain', pour);
    pour();
    const quiet = await client();
    for (let i = 0; i < 3; i++) {
      const before = performance.now();
      quiet.write(`<4>quiet ${i}\n`);
      expect(
        await until(() => caught.frames.some((frame) => frame.bytes.toString() === `<4>quiet ${i}`)),
      ).toBe(true);
      expect(performance.now() - before).toBeLessThan(1_000);
      caught.frames.length = 0;
    }
    flooding = false;
    flood.destroy();
  });
});

describe('stop()', () => {
  it('is idempotent, without start() nothing, and allows another start()', async () => {
    const { caught, receiver } = await listen();
    await Promise.all([receiver.stop(), receiver.stop()]);
    await receiver.stop();
    await new TcpReceiver(
      { host: '127.0.0.1', port: 0 },
      () => {},
      () => {},
    ).stop();
    await receiver.start();
    const socket = await tcpClient(receiver.address!.port);
    socket.end('<4>again\n');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
  });

  it('F22: with 128 open sessions it reads what is under way, and ends in time', async () => {
    const { caught, client, receiver } = await listen();
    const sockets = await Promise.all(Array.from({ length: 128 }, () => client()));
    for (const [i, socket] of sockets.entries()) {
      socket.write(Array.from({ length: 40 }, (_, n) => `<4>${i}/${n}\n`).join(''));
    }
    const before = performance.now();
    await receiver.stop();
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(caught.frames).toHaveLength(128 * 40);
    const count = caught.frames.length;
    for (const socket of sockets) socket.write('<4>after\n');
    await sleep(50);
    expect(caught.frames).toHaveLength(count);
  });

  it('a peer that never stops talking does not hold it up', async () => {
    const { client, receiver } = await listen();
    const chatty = await client();
    const talk = setInterval(() => chatty.write('<4>still here\n'), 5);
    cleanUp.push(() => clearInterval(talk));
    await sleep(20);
    const before = performance.now();
    await receiver.stop();
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it('gives the unfinished last line', async () => {
    const { caught, client, receiver } = await listen();
    const socket = await client();
    socket.write('<4>no end');
    await sleep(30);
    await receiver.stop();
    expect(caught.texts()).toEqual(['<4>no end']);
  });
});

describe.runIf(process.platform === 'linux')('with few file descriptors', () => {
  it('F17: takes fewer connections instead of none, says so, and recovers', async () => {
    const module = resolve(import.meta.dirname, '../../dist/receive/tcp.js');
    const program = `
      import { TcpReceiver } from ${JSON.stringify(module)};
      const say = (frame) => console.log('frame', frame.bytes.toString());
      const receiver = new TcpReceiver({ host: '127.0.0.1', port: 0 }, say, (event) => console.log(event.message));
      await receiver.start();
      console.log('ready', receiver.address.port);
      process.stdin.on('data', () => console.log('refused', receiver.stats().drops.get('too-many-connections')));
      process.stdin.on('end', () => receiver.stop().then(() => console.log('stopped')));`;
    const child = spawn(
      'sh',
      ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, program],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    expect(await until(() => output.includes('ready '))).toBe(true);
    expect(output).toContain(
      'takes 16 connections instead of 1000, the process may open 64 files: raise LimitNOFILE',
    );
    const port = Number(/ready (\d+)/.exec(output)![1]);
    const sockets = await Promise.all(Array.from({ length: 80 }, () => tcpClient(port)));
    expect(await until(() => sockets.filter((socket) => socket.closedByPeer).length === 64)).toBe(true);
    child.stdin.write('how many?\n');
    expect(await until(() => output.includes('refused 64\n'))).toBe(true);
    for (const socket of sockets) socket.destroy();
    expect(
      await until(() => {
        const late = connect({ port, host: '127.0.0.1' });
        late.on('error', () => {});
        late.end('<4>late\n');
        return output.includes('frame <4>late');
      }),
    ).toBe(true);
    const exited = once(child, 'exit');
    child.stdin.end();
    expect((await exited)[0]).toBe(0);
    expect(output).toContain('stopped\n');
  });

  it('takes an inherited listening socket', async () => {
    const parent = createServer().listen(0, '127.0.0.1');
    await once(parent, 'listening');
    const { port } = parent.address() as { port: number };
    const { fd } = Reflect.get(parent, '_handle') as { fd: number };
    const module = resolve(import.meta.dirname, '../../dist/receive/tcp.js');
    const program = `
      import { TcpReceiver } from ${JSON.stringify(module)};
      const say = (frame) => console.log('frame', frame.bytes.toString());
      const receiver = new TcpReceiver({ host: '', port: 0, fd: 3 }, say, () => {});
      await receiver.start();
      console.log('ready', receiver.name, receiver.address.port);
      process.stdin.resume().on('end', () => receiver.stop());`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit', fd],
    });
    let output = '';
    child.stdout!.on('data', (chunk) => {
      output += chunk;
    });
    expect(await until(() => output.includes(`ready tcp fd 3 ${port}\n`))).toBe(true);
    parent.close();
    (await tcpClient(port)).end('<4>x\n');
    expect(await until(() => output.includes('frame <4>x\n'))).toBe(true);
    const exited = once(child, 'exit');
    child.stdin!.end();
    expect((await exited)[0]).toBe(0);
  });

  it('a descriptor that is no socket is refused with what to check', async () => {
    const receiver = new TcpReceiver(
      { host: '', port: 0, fd: 9_999 },
      () => {},
      () => {},
    );
    await expect(receiver.start()).rejects.toThrow('tcp fd 9999 is not an inherited tcp socket');
  });
});
