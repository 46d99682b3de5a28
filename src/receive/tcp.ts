import type { FrameSink, ReceiverEventSink } from './receiver.ts';
import { type ListenTarget, type StreamOptions, StreamServer } from './stream-server.ts';

export interface TcpReceiverOptions extends StreamOptions {
  /** An address; `::` or `*` for all interfaces and both families. Not used with `fd`. */
  readonly host: string;
  readonly port: number;
}

/** Syslog over TCP, RFC 6587, both framings. */
export class TcpReceiver extends StreamServer {
  /** Throws RangeError for a bad entry in `allowedSenders`. */
  constructor(options: TcpReceiverOptions, sink: FrameSink, onEvent: ReceiverEventSink) {
    const place = { protocol: 'tcp', ...options };
    super(options, { transport: 'tcp', place, targets: portTargets('tcp', options) }, sink, onEvent);
  }
}

/** How to listen on a TCP port: the inherited socket, else the address; all interfaces without IPv6 where there is none. */
export function portTargets(protocol: string, { host, port, fd }: TcpReceiverOptions): ListenTarget[] {
  if (fd !== undefined) return [{ place: { protocol, host, port, fd }, options: { fd } }];
  const hosts = host === '*' || host === '::' ? ['::', '0.0.0.0'] : [host];
  return hosts.map((each) => ({
    place: { protocol, host: each, port },
    options: { host: each, port, ipv6Only: false, exclusive: true },
  }));
}
