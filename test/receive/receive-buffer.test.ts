import type { Socket } from 'node:dgram';
import { expect, it } from 'vitest';
import { raiseReceiveBuffer } from '../../src/receive/receive-buffer.ts';

/** A socket whose kernel grants `limit` at most. */
function socketWith(initial: number, limit: number, refuses = false) {
  let size = initial;
  const asked: number[] = [];
  const socket = {
    getRecvBufferSize: () => size,
    setRecvBufferSize: (bytes: number) => {
      asked.push(bytes);
      if (refuses) throw new Error('ENOBUFS');
      size = Math.min(bytes, limit);
    },
  } as unknown as Socket;
  return { socket, asked };
}

it('raiseReceiveBuffer() names the sysctl when the kernel cut it', () => {
  const { socket } = socketWith(1_000, 2_000);
  expect(raiseReceiveBuffer(socket, 8_000, false)).toEqual({
    bytes: 2_000,
    warning:
      'the receive buffer is 2000 bytes, 8000 were asked for: bursts will be lost, run sysctl -w net.core.rmem_max=8000',
  });
});

it('raiseReceiveBuffer() survives a system that refuses', () => {
  const { socket } = socketWith(1_000, 0, true);
  expect(raiseReceiveBuffer(socket, 8_000, false)).toMatchObject({ bytes: 1_000 });
});

it('raiseReceiveBuffer() says nothing when it got what it asked for', () => {
  const { socket } = socketWith(1_000, 10_000);
  expect(raiseReceiveBuffer(socket, 8_000, false)).toEqual({ bytes: 8_000 });
});

it('raiseReceiveBuffer() never makes a buffer smaller', () => {
  const { socket, asked } = socketWith(9_000, 2_000);
  expect(raiseReceiveBuffer(socket, 8_000, false)).toEqual({ bytes: 9_000 });
  expect(asked).toEqual([]);
});

it('raiseReceiveBuffer() leaves an inherited buffer and names the unit file', () => {
  const { socket, asked } = socketWith(5_000, 2_000);
  const { bytes, warning } = raiseReceiveBuffer(socket, 8_000, true);
  expect([bytes, asked]).toEqual([5_000, []]);
  expect(warning).toContain('set ReceiveBuffer=8000 in the .socket unit');
});
