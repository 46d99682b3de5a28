import { createSocket, type RemoteInfo } from 'node:dgram';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Dial } from '../../src/evidence/tcp-query.ts';

/** A TCP server on loopback that does what the test says with each connection. */
export async function tcpServer(handle: (socket: Socket, host: string) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    handle(socket, asked.shift() ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const asked: string[] = [];
  const dialled: string[] = [];
  /** Leads every host name and port to this server, in turn. */
  const dial: Dial = (host, wanted) => {
    asked.push(host);
    dialled.push(`${host}:${wanted}`);
    return connect({ host: '127.0.0.1', port });
  };
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, dial, dialled, close, connections: sockets };
}

/** One resource record: its type and its data as they go on the wire. */
export interface DnsRecord {
  readonly type: number;
  readonly data: Buffer;
}

export const A = 1;
export const PTR = 12;

/** A name on the wire; labels may hold any octets. */
export function dnsName(...labels: readonly (string | Buffer)[]): Buffer {
  const parts = labels.flatMap((label) => {
    const bytes = Buffer.from(label as string, 'latin1');
    return [Buffer.from([bytes.length]), bytes];
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

/** A name server on loopback: gives the records the test says for a question, NXDOMAIN for none, nothing for undefined. */
export async function dnsServer(answer: (name: string, type: number) => readonly DnsRecord[] | undefined) {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    let end = 12;
    const labels: string[] = [];
    while (query[end]! > 0) {
      labels.push(query.toString('latin1', end + 1, end + 1 + query[end]!));
      end += query[end]! + 1;
    }
    const question = query.subarray(12, end + 5);
    const type = query.readUInt16BE(end + 1);
    const name = labels.join('.');
    asked.push(`${name} ${type}`);
    const records = answer(name, type);
    if (records === undefined) return;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(records.length === 0 ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    const body = records.map(({ type: kind, data }) => {
      const head = Buffer.from([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, 0]);
      head.writeUInt16BE(data.length, 10);
      return Buffer.concat([head, data]);
    });
    socket.send(Buffer.concat([header, question, ...body]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

export function endsIn(ms: number): AbortSignal {
  return AbortSignal.timeout(ms);
}
