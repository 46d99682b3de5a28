import { spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { type SpawnUdpWorker, UdpSyslogServer } from '../../src/receive/udp-syslog-server.ts';
import { hasIpv6 } from '../support/net-ipv6.ts';
import { newCatch, udpSender, until } from '../support/net-sockets.ts';
import { describeUdpReceiver } from './udp.conformance.ts';

describeUdpReceiver('UdpSyslogServer', '127.0.0.1', (...args) => new UdpSyslogServer(...args));

it('several instances listen in one process, though the package allows only one', async () => {
  const caught = newCatch();
  const receivers = Array.from(
    { length: 3 },
    () => new UdpSyslogServer({ host: '127.0.0.1', port: 0 }, caught.sink, caught.onEvent),
  );
  await Promise.all(receivers.map((receiver) => receiver.start()));
  const sender = await udpSender('127.0.0.1');
  for (const receiver of receivers) await sender.send(Buffer.from('<4>x'), receiver.address!.port);
  expect(await until(() => receivers.every((receiver) => receiver.stats().frames === 1))).toBe(true);
  sender.close();
  await Promise.all(receivers.map((receiver) => receiver.stop()));
});

it('a main thread that does not keep up: the backlog is bounded, and what is beyond is counted', async () => {
  const caught = newCatch();
  const receiver = new UdpSyslogServer(
    { host: '127.0.0.1', port: 0, maxBacklogBytes: 10_000 },
    caught.sink,
    caught.onEvent,
  );
  await receiver.start();
  const { port } = receiver.address!;
  // The main thread does nothing else while the flood comes in.
  spawnSync(process.execPath, [
    '-e',
    `const s = require('node:dgram').createSocket('udp4');
     let left = 300;
     const next = () => left-- > 0 ? s.send(Buffer.alloc(1000, 65), ${port}, '127.0.0.1', next) : s.close();
     next();`,
  ]);
  const accounted = () => {
    const { frames, drops } = receiver.stats();
    return frames + [...drops.values()].reduce((sum, count) => sum + count, 0);
  };
  expect(await until(() => accounted() === 300)).toBe(true);
  expect(receiver.stats().drops.get('main-thread-behind')).toBeGreaterThan(200);
  // Once the main thread is back, nothing is dropped any more.
  const before = receiver.stats().frames;
  const sender = await udpSender('127.0.0.1');
  await sender.send(Buffer.from('<4>after'), port);
  expect(await until(() => receiver.stats().frames === before + 1)).toBe(true);
  sender.close();
  await receiver.stop();
});

/** A receiving thread that starts well and dies at once. */
const shortLived: SpawnUdpWorker = () =>
  new Worker(
    `const { parentPort } = require('node:worker_threads');
     parentPort.postMessage({ kind: 'started', host: '127.0.0.1', port: 5514, receiveBufferBytes: 1 });
     setTimeout(() => { throw new Error('out of luck'); }, 20);`,
    { eval: true },
  );

it('starts another thread when the receiving thread dies, and says both', async () => {
  const caught = newCatch();
  let spawned = 0;
  const receiver = new UdpSyslogServer(
    { host: '127.0.0.1', port: 0, restartAfterMs: 10 },
    caught.sink,
    caught.onEvent,
    (...args) => {
      spawned++;
      return shortLived(...args);
    },
  );
  await receiver.start();
  expect(await until(() => spawned >= 2 && caught.events.length >= 2)).toBe(true);
  expect(caught.events.slice(0, 2)).toEqual([
    {
      level: 'error',
      message: 'udp 127.0.0.1:0: the receiving thread died (out of luck), starting it again',
    },
    { level: 'info', message: 'udp 127.0.0.1:0 is receiving again' },
  ]);
  await receiver.stop();
  const atStop = spawned;
  await new Promise((wake) => setTimeout(wake, 100));
  expect(spawned).toBe(atStop);
});

it('start() rejects when its thread cannot run, instead of waiting', async () => {
  const broken: SpawnUdpWorker = () => new Worker('throw new Error("no such module")', { eval: true });
  const receiver = new UdpSyslogServer(
    { host: '127.0.0.1', port: 0 },
    () => {},
    () => {},
    broken,
  );
  await expect(receiver.start()).rejects.toThrow('no such module');
});

it('start() rejects after two seconds when its thread says nothing', async () => {
  const silent: SpawnUdpWorker = () => new Worker('setInterval(() => {}, 1000)', { eval: true });
  const receiver = new UdpSyslogServer(
    { host: '127.0.0.1', port: 0 },
    () => {},
    () => {},
    silent,
  );
  await expect(receiver.start()).rejects.toThrow('did not start within 2 s');
});

it('a descriptor that is no socket is refused with what to check', async () => {
  const receiver = new UdpSyslogServer(
    { host: '', port: 0, fd: 9_999 },
    () => {},
    () => {},
  );
  await expect(receiver.start()).rejects.toThrow('udp fd 9999 is not an inherited udp socket');
});

it.runIf(process.platform === 'linux' && hasIpv6())(
  'an inherited dual-stack socket receives both families, IPv4 folded to its dotted quad',
  async () => {
    // What systemd does with ListenDatagram=: the parent opens the socket, the child finds it as descriptor 3.
    const parent: Socket & { _handle?: { fd: number } } = createSocket('udp6');
    parent.bind(0, '::');
    await once(parent, 'listening');
    const { port } = parent.address();
    const handles = Object.getOwnPropertySymbols(parent).map((key) => Reflect.get(parent, key));
    const fd = handles.find((state) => state?.handle?.fd > 0).handle.fd as number;
    const dist = resolve(import.meta.dirname, '../../dist/receive');
    const program = `
      import { inheritedSockets } from ${JSON.stringify(`${dist}/inherited.js`)};
      import { UdpSyslogServer } from ${JSON.stringify(`${dist}/udp-syslog-server.js`)};
      const [socket] = inheritedSockets();
      const say = (frame) => console.log(socket.name, frame.peer.address, frame.bytes.toString());
      const receiver = new UdpSyslogServer({ host: '', port: 0, fd: socket.fd }, say, () => {});
      await receiver.start();
      console.log('ready', receiver.address.port);
      process.stdin.once('data', () => receiver.stop());
      process.stdin.once('end', () => process.exit());`;
    const child = spawn(
      'sh',
      ['-c', 'LISTEN_PID=$$ exec "$0" --input-type=module -e "$1"', process.execPath, program],
      {
        stdio: ['pipe', 'pipe', 'inherit', fd],
        env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'syslog' },
      },
    );
    let output = '';
    child.stdout!.on('data', (chunk) => {
      output += chunk;
    });
    expect(await until(() => output.includes(`ready ${port}\n`))).toBe(true);
    parent.close();
    for (const host of ['127.0.0.1', '::1']) {
      const sender = await udpSender(host);
      await sender.send(Buffer.from('<4>x'), port);
      sender.close();
    }
    expect(await until(() => output.split('<4>x').length === 3)).toBe(true);
    expect(output).toContain('syslog 127.0.0.1 <4>x\n');
    expect(output).toContain('syslog ::1 <4>x\n');
    const exited = once(child, 'exit');
    child.stdin!.write('stop\n');
    child.stdin!.end();
    expect((await exited)[0]).toBe(0);
  },
);

it('its thread runs before the others, where the system lets it', async ({ skip }) => {
  const nices = () =>
    readdirSync('/proc/self/task').map((thread) =>
      Number(readFileSync(`/proc/self/task/${thread}/stat`, 'latin1').split(') ').at(-1)!.split(' ')[16]),
    );
  if (process.platform !== 'linux') skip('threads have numbers on Linux alone');
  if (!mayPrefer()) skip('needs root or CAP_SYS_NICE');
  const before = nices().filter((nice) => nice === -7).length;
  const { sink, onEvent } = newCatch();
  const receiver = new UdpSyslogServer({ host: '127.0.0.1', port: 0 }, sink, onEvent);
  await receiver.start();
  expect(nices().filter((nice) => nice === -7).length).toBe(before + 1);
  await receiver.stop();
});

function mayPrefer(): boolean {
  const ask = `require('os').setPriority(-7)`;
  return spawnSync(process.execPath, ['-e', ask]).status === 0;
}
