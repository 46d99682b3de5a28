import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameSink, ReceiverEvent } from '../../src/receive/receiver.ts';
import type { Frame } from '../../src/types.ts';

/** Everything a receiver gave: frames in order, and events. */
export interface Catch {
  readonly frames: Frame[];
  readonly events: ReceiverEvent[];
  readonly sink: FrameSink;
  readonly onEvent: (event: ReceiverEvent) => void;
  readonly texts: () => string[];
}

export function newCatch(): Catch {
  const frames: Frame[] = [];
  const events: ReceiverEvent[] = [];
  return {
    frames,
    events,
    sink: (frame) => frames.push(frame),
    onEvent: (event) => events.push(event),
    texts: () => frames.map((frame) => frame.bytes.toString('latin1')),
  };
}

/** Waits until `condition` holds; returns whether it did within `timeoutMs`. */
export async function until(condition: () => boolean, timeoutMs = 5_000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

/** A UDP sender on the loopback of the given address's family, bound so that its port is known. */
export async function udpSender(
  host: string,
): Promise<{ port: number; send: (bytes: Buffer, port: number) => Promise<void>; close: () => void }> {
  const socket: UdpSocket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    send: (bytes, port) =>
      new Promise((resolve, reject) => {
        socket.send(bytes, port, host, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => socket.close(),
  };
}

/** A connected TCP client; errors after the connect are ignored, `closed` tells when the other side hung up. */
export async function tcpClient(
  port: number,
  host = '127.0.0.1',
): Promise<Socket & { closedByPeer?: boolean }> {
  const socket: Socket & { closedByPeer?: boolean } = connect({ port, host, noDelay: true });
  socket.on('error', () => {});
  socket.on('close', () => {
    socket.closedByPeer = true;
  });
  await once(socket, 'connect');
  return socket;
}
