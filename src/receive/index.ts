import { isIPv4, isIPv6 } from 'node:net';
import { DualStack } from './dual-stack.ts';
import { placeName } from './listen-error.ts';
import type { FrameSink, Receiver, ReceiverEventSink } from './receiver.ts';
import { TailReceiver } from './tail.ts';
import type { TailPositionNote } from './tail-position.ts';
import { TcpReceiver } from './tcp.ts';
import { TlsReceiver } from './tls.ts';
import { TrapReceiver } from './trap.ts';
import { UdpDgram } from './udp-dgram.ts';
import { UdpSyslogServer } from './udp-syslog-server.ts';
import { UnixReceiver } from './unix.ts';

/** One entry of `listeners` in the configuration, or one port of `traps`. Times in milliseconds, sizes in bytes. */
export interface ListenerOptions {
  readonly protocol: 'udp' | 'tcp' | 'trap' | 'tls' | 'unix' | 'tail';
  /** An address; `*` or `::` for all interfaces, IPv4 and IPv6. Not used with `fd` or `path`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** An inherited socket (inherited.ts) instead of host and port. */
  readonly fd?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Addresses and networks that may send; empty or absent: everybody. */
  readonly allowedSenders?: readonly string[] | undefined;
  /** UDP. */
  readonly receiveBufferBytes?: number | undefined;
  /** TCP, TLS, unix. */
  readonly maxConnections?: number | undefined;
  /** TCP, TLS, unix. */
  readonly idleTimeoutMs?: number | undefined;
  /** TCP, TLS, unix. */
  readonly partialTimeoutMs?: number | undefined;
  /** TLS. */
  readonly cert?: string | undefined;
  /** TLS. */
  readonly key?: string | undefined;
  /** TLS. */
  readonly ca?: string | undefined;
  /** TLS. */
  readonly requireClientCert?: boolean | undefined;
  /** TLS. */
  readonly clientFingerprints?: readonly string[] | undefined;
  /** Unix sockets and tailed files: where. */
  readonly path?: string | undefined;
  /** Unix. */
  readonly mode?: number | undefined;
  /** Tailed files. */
  readonly from?: 'start' | 'end' | undefined;
  /** Tailed files: where positions are remembered; without it they are not. */
  readonly stateDir?: string | undefined;
  /** Tailed files: remembers positions too, see tail-position.ts. */
  readonly note?: TailPositionNote | undefined;
}

/** RFC 5424 6.1: every receiver takes messages of 480 octets. */
const MIN_MAX_BYTES = 480;

/** They keep connections open, which strangers can make many of. */
const KEEPERS: ReadonlySet<ListenerOptions['protocol']> = new Set(['tcp', 'tls', 'unix']);

/** `sharers`: how many of all listeners keep connections. */
type CreateReceiver = (
  options: ListenerOptions & { readonly sharers: number },
  sink: FrameSink,
  onEvent: ReceiverEventSink,
) => Receiver;

const RECEIVERS: Readonly<Record<ListenerOptions['protocol'], CreateReceiver>> = {
  udp: createUdp,
  tcp: (options, sink, onEvent) => new TcpReceiver(options, sink, onEvent),
  tls: ({ cert = '', key = '', ...options }, sink, onEvent) =>
    new TlsReceiver({ ...options, cert, key }, sink, onEvent),
  unix: ({ path = '', ...options }, sink, onEvent) => new UnixReceiver({ ...options, path }, sink, onEvent),
  tail: ({ path = '', ...options }, sink, onEvent) => new TailReceiver({ ...options, path }, sink, onEvent),
  trap: (options, sink, onEvent) => new TrapReceiver(options, sink, onEvent),
};

/**
 * One receiver for each listener, not yet started. Throws RangeError, naming the listener, for a host that is no
 * address, a port out of range, a `maxBytes` below 480, and a bad entry in `allowedSenders`.
 */
export function createReceivers(
  listeners: readonly ListenerOptions[],
  sink: FrameSink,
  onEvent: ReceiverEventSink,
): Receiver[] {
  const sharers = listeners.filter(({ protocol }) => KEEPERS.has(protocol)).length;
  return listeners.map((listener) => {
    try {
      check(listener);
      return RECEIVERS[listener.protocol]({ ...listener, sharers }, sink, onEvent);
    } catch (error) {
      throw new RangeError(`listener ${placeName(listener)}: ${(error as Error).message}`);
    }
  });
}

function check({ protocol, host, port, fd, path, maxBytes }: ListenerOptions): void {
  if (!Object.hasOwn(RECEIVERS, protocol))
    throw new RangeError(`protocol "${protocol}" is not udp, tcp or trap`);
  if (maxBytes !== undefined && !(maxBytes >= MIN_MAX_BYTES)) {
    throw new RangeError(`maxBytes is ${maxBytes}: a message needs ${MIN_MAX_BYTES} at least`);
  }
  if (fd !== undefined || path !== undefined) return;
  if (host !== '*' && !isIPv4(host) && !isIPv6(host)) {
    throw new RangeError(`host "${host}" is not an address: write 0.0.0.0, 192.0.2.1, ::, or * for all`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new RangeError(`port ${port} is not 0 to 65535`);
}

function createUdp(options: ListenerOptions, sink: FrameSink, onEvent: ReceiverEventSink): Receiver {
  const { host, fd } = options;
  if (fd !== undefined || isIPv4(host)) return new UdpSyslogServer(options, sink, onEvent);
  if (host !== '*' && host !== '::') return new UdpDgram(options, sink, onEvent);
  return new DualStack(
    placeName(options),
    new UdpSyslogServer({ ...options, host: '0.0.0.0' }, sink, onEvent),
    (port) => new UdpDgram({ ...options, host: '::', port }, sink, onEvent),
    onEvent,
  );
}
