import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

/** Where a listener can be reached from this machine. */
export interface Place {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
}

const TIMEOUT_MS = 5_000;

/** The address by which this machine reaches a listener that is bound to `host`. */
export function reachable(host: string): string {
  if (host === '*' || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** Sends each line as one message. Rejects when nobody listens, as far as the protocol lets one know: UDP does not. */
export function sendSyslog({ protocol, host, port }: Place, lines: readonly string[]): Promise<void> {
  return protocol === 'udp' ? sendDatagrams(host, port, lines) : sendStream(host, port, lines);
}

async function sendDatagrams(host: string, port: number, lines: readonly string[]): Promise<void> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    for (const line of lines)
      await new Promise<void>((done, fail) =>
        socket.send(line, port, host, (error) => (error ? fail(error) : done())),
      );
  } finally {
    socket.close();
  }
}

function sendStream(host: string, port: number, lines: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS }, () =>
      socket.end(lines.map((line) => `${line}\n`).join('')),
    );
    socket.on('timeout', () => socket.destroy(new Error(`no answer from ${host}:${port}`)));
    socket.on('error', fail);
    socket.on('close', () => done());
    socket.resume();
  });
}
