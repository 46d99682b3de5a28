import { lookup } from 'node:dns';
import { connect, isIP, Socket } from 'node:net';
import { classifyIp } from '../lib/ip.ts';

/** How a TCP connection is made; replaced in tests. */
export type Dial = (host: string, port: number) => Socket;

/**
 * Connects to public addresses only: the name may come from an answer somebody else wrote, and must not lead us inside.
 */
export const dialPublic: Dial = (host, port) => {
  // An address is connected to without a look-up.
  if (isIP(host) !== 0 && classifyIp(host) !== 'public')
    return new Socket().destroy(new Error(`${host} is no public address`));
  return connect({
    host,
    port,
    lookup: (name, options, done) =>
      lookup(name, { ...options, all: true }, (error, addresses) => {
        if (error !== null) return done(error, []);
        const open = addresses.filter(({ address }) => classifyIp(address) === 'public');
        if (open.length === 0) return done(new Error(`${name} has no public address`), []);
        return options.all ? done(null, open) : done(null, open[0]!.address, open[0]!.family);
      }),
  });
};

/**
 * Sends one line and reads what comes until the other side closes or `maxBytes` are there; what is over is not read. Rejects
 * when the connection fails or the signal aborts before anything came; what came by then is an answer.
 */
export function tcpQuery(
  socket: Socket,
  line: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (error?: Error) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      if (error !== undefined && size === 0) reject(error);
      else resolve(Buffer.concat(chunks).subarray(0, maxBytes));
    };
    const onAbort = () => finish(new Error('no answer in time'));
    socket.on('error', finish);
    socket.on('close', () => finish(size === 0 ? new Error('closed without an answer') : undefined));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) finish();
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else socket.write(`${line}\r\n`);
  });
}
