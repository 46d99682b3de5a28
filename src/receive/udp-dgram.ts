import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { Counters } from './counters.ts';
import { DatagramGate, DEFAULT_MAX_BYTES } from './datagram-gate.ts';
import { KernelDrops } from './kernel-drops.ts';
import { type ListenPlace, placeName, toListenError, withinStartDeadline } from './listen-error.ts';
import { DEFAULT_RECEIVE_BUFFER_BYTES, raiseReceiveBuffer } from './receive-buffer.ts';
import type { FrameSink, Receiver, ReceiverEventSink, ReceiverStats } from './receiver.ts';

export interface UdpDgramOptions {
  /** An address of either family; IPv6 sockets take IPv6 only. Not used with `fd`. */
  readonly host: string;
  readonly port: number;
  /** An inherited datagram socket of either family (inherited.ts). */
  readonly fd?: number | undefined;
  readonly receiveBufferBytes?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Addresses and networks; empty or absent: everybody. */
  readonly allowedSenders?: readonly string[] | undefined;
  /** Share the port with other sockets that ask the same; the kernel spreads senders over them. */
  readonly reusePort?: boolean | undefined;
}

/** UDP on a `node:dgram` socket in the main thread: IPv6, and ports shared by several processes. */
export class UdpDgram implements Receiver {
  readonly name: string;
  readonly #options: UdpDgramOptions;
  readonly #sink: FrameSink;
  readonly #onEvent: ReceiverEventSink;
  readonly #counters = new Counters();
  readonly #gate: DatagramGate;
  #socket: Socket | undefined;
  #address: Receiver['address'];
  #kernelDrops: KernelDrops | undefined;
  #receiveBufferBytes: number | undefined;

  /** Throws RangeError for a bad entry in `allowedSenders`, Error for `reusePort` on a runtime without it. */
  constructor(options: UdpDgramOptions, sink: FrameSink, onEvent: ReceiverEventSink) {
    if (options.reusePort && !supportsReusePort()) {
      throw new Error(`reusePort needs Node 22.12 or later on Linux or BSD, this is ${process.version}`);
    }
    this.name = placeName({ protocol: 'udp', ...options });
    this.#options = options;
    this.#sink = sink;
    this.#onEvent = onEvent;
    this.#gate = new DatagramGate(
      options.maxBytes ?? DEFAULT_MAX_BYTES,
      options.allowedSenders ?? [],
      (reason) => this.#counters.drop(reason),
    );
  }

  get address(): Receiver['address'] {
    return this.#address;
  }

  /** The receive buffer as the kernel reports it, in bytes, once started. */
  get receiveBufferBytes(): number | undefined {
    return this.#receiveBufferBytes;
  }

  async start(): Promise<void> {
    if (this.#socket !== undefined) throw new Error(`${this.name} has been started already`);
    const { host, port, fd } = this.#options;
    const place: ListenPlace = { protocol: 'udp', host, port, fd };
    const socket = createSocket(this.#socketOptions());
    this.#socket = socket;
    try {
      await withinStartDeadline(place, bound(socket, this.#options));
      this.#began(socket);
    } catch (error) {
      this.#socket = undefined;
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.close();
      throw toListenError(place, error);
    }
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    // The last look before the socket goes: the kernel forgets its count with it.
    this.#counters.drop('kernel-buffer-full', this.#kernelDrops?.read());
    this.#kernelDrops = undefined;
    await new Promise<void>((resolve) => socket.close(resolve));
  }

  stats(): ReceiverStats {
    return this.#counters.snapshot([['kernel-buffer-full', this.#kernelDrops?.read() ?? 0]]);
  }

  #socketOptions(): SocketOptions {
    const family = isIPv6(this.#options.host) ? 'udp6' : 'udp4';
    const sharing = this.#options.reusePort ? { reusePort: true } : {};
    return { type: family, ipv6Only: family === 'udp6', ...sharing };
  }

  #began(socket: Socket): void {
    const { address: host, port } = socket.address();
    this.#address = { host, port };
    this.#kernelDrops = new KernelDrops(host, port);
    this.#kernelDrops.read();
    socket.on('message', (bytes, remote) => this.#receive(bytes, remote));
    socket.on('error', (error) =>
      this.#onEvent({ level: 'warn', message: `${this.name}: ${error.message}` }),
    );
    const buffer = raiseReceiveBuffer(
      socket,
      this.#options.receiveBufferBytes ?? DEFAULT_RECEIVE_BUFFER_BYTES,
      this.#options.fd !== undefined,
    );
    this.#receiveBufferBytes = buffer.bytes;
    if (buffer.warning === undefined) return;
    const details = { receiveBufferBytes: buffer.bytes };
    this.#onEvent({ level: 'warn', message: `${this.name}: ${buffer.warning}`, details });
  }

  #receive(bytes: Buffer, remote: RemoteInfo): void {
    const admitted = this.#gate.admit(bytes, remote.address);
    if (admitted === undefined) return;
    this.#counters.frame(admitted.bytes.length);
    if (admitted.truncated) this.#counters.drop('frame-too-long');
    this.#sink({
      bytes: admitted.bytes,
      receivedAtMs: Date.now(),
      peer: { address: admitted.address, port: remote.port },
      transport: 'udp',
      ...(admitted.truncated ? { truncated: true } : {}),
    });
  }
}

/** Whether `node:dgram` knows `reusePort` (Node 22.12) and the system spreads datagrams over sharing sockets. */
export function supportsReusePort(version = process.versions.node, platform = process.platform): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const known = major > 22 || (major === 22 && minor >= 12);
  return known && (platform === 'linux' || platform === 'freebsd');
}

function bound(socket: Socket, { host, port, fd }: UdpDgramOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(fd === undefined ? { address: host, port, exclusive: true } : { fd, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}
