/*
 * The receiving thread of UdpSyslogServer. It runs the package syslog-server, one instance a thread because the
 * package keeps its socket in module state, and takes from its socket what the package throws away: the raw octets
 * and the sender's port. The socket comes from Node's documented diagnostics channel `udp.socket`.
 */

import type { RemoteInfo, Socket } from 'node:dgram';
import { subscribe } from 'node:diagnostics_channel';
import { parentPort, workerData } from 'node:worker_threads';
import SyslogServer from 'syslog-server';
import { DatagramGate } from './datagram-gate.ts';
import { raiseReceiveBuffer } from './receive-buffer.ts';
import { preferThisThread } from './thread-priority.ts';
import {
  BATCH_WAIT_MS,
  BatchWriter,
  type FromUdpWorker,
  SharedCounters,
  type UdpWorkerData,
} from './udp-batch.ts';

const options = workerData as UdpWorkerData;
const main = parentPort!;
const counters = new SharedCounters(options.counters);
const gate = new DatagramGate(options.maxBytes, options.allowedSenders, (reason) => counters.add(reason));
const batch = new BatchWriter();
const server = new SyslogServer();
let socket: Socket | undefined;
let flushScheduled = false;

function say(message: FromUdpWorker): void {
  main.postMessage(message, message.kind === 'batch' ? [message.buffer] : []);
}

function receive(bytes: Buffer, remote: RemoteInfo): void {
  const admitted = gate.admit(bytes, remote.address);
  if (admitted === undefined) return;
  // Asked once a batch: a counter both threads share is dear.
  if (batch.usedBytes === 0 && counters.get('pendingBytes') > options.maxBacklogBytes) {
    counters.add('main-thread-behind');
    return;
  }
  batch.add(admitted.bytes, Date.now(), admitted.address, remote.port, admitted.truncated);
  if (batch.isFull) flush();
  else if (!flushScheduled) {
    flushScheduled = true;
    setTimeout(flush, BATCH_WAIT_MS);
  }
}

function flush(): void {
  flushScheduled = false;
  if (batch.usedBytes === 0) return;
  const buffer = batch.take();
  counters.add('pendingBytes', buffer.byteLength);
  say({ kind: 'batch', buffer });
}

async function start(): Promise<void> {
  const { fd, host: address, port } = options;
  await new Promise<void>((resolve, reject) => {
    // `start()` of the package stays pending when the port is taken: only its `error` event tells.
    server.once('error', reject);
    server.start(fd === undefined ? { address, port, exclusive: true } : { fd }).then(resolve, reject);
  });
  // The package makes an object and a text of every message for an event of its own, which nobody here listens to.
  socket!.removeAllListeners('message').on('message', receive);
  server.removeAllListeners('error');
  server.on('error', (error: Error) => say({ kind: 'trouble', message: error.message }));
}

async function stop(): Promise<void> {
  await server.stop().catch(() => {});
  flush();
  say({ kind: 'stopped' });
  main.close();
}

subscribe('udp.socket', (message) => {
  socket = (message as { socket: Socket }).socket;
  socket.on('message', receive);
});

main.once('message', stop);

preferThisThread();
try {
  await start();
  const bound = socket!.address();
  const buffer = raiseReceiveBuffer(socket!, options.receiveBufferBytes, options.fd !== undefined);
  say({
    kind: 'started',
    host: bound.address,
    port: bound.port,
    receiveBufferBytes: buffer.bytes,
    ...(buffer.warning === undefined ? {} : { warning: buffer.warning }),
  });
} catch (error) {
  const cause = ((error as { error?: unknown }).error ?? error) as { code?: string; message?: string };
  say({ kind: 'failed', code: cause.code ?? 'UNKNOWN', message: cause.message ?? String(error) });
  main.close();
}
