import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { canonicalIp } from '../lib/ip.ts';
import { Counters } from './counters.ts';
import { isIpv6Missing, type ListenPlace, placeName } from './listen-error.ts';
import { listenTcp } from './listen-tcp.ts';
import type { FrameSink, Receiver, ReceiverEventSink, ReceiverStats } from './receiver.ts';
import { type Knock, TrapGate } from './trap-gate.ts';

export interface TrapReceiverOptions {
  /** An address; `::` or `*` for all interfaces and both families. */
  readonly host: string;
  readonly port: number;
}

/** auth.info (RFC 5424 6.2.1). */
const PRIORITY = 38;
const FLUSH_MS = 250;

/**
 * A TCP port that offers nothing: who connects is noted and hung up on before a word is said or read, as TCP Wrappers note
 * whom they refuse. The note is a line like any other, an RFC 5424 message of our own:
 *
 *   <38>1 2026-11-23T03:00:00.113Z - knockwatch-trap - - - tcp 198.51.100.7:40000 -> 192.0.2.10:143
 *
 * with `, 37 connections` behind it where one address connected again and again. A scan that never completes the handshake
 * (SYN, FIN, NULL) does not reach a program; only a firewall's log has it.
 */
export class TrapReceiver implements Receiver {
  readonly name: string;
  readonly #options: TrapReceiverOptions;
  readonly #sink: FrameSink;
  readonly #onEvent: ReceiverEventSink;
  readonly #counters = new Counters();
  readonly #gate: TrapGate;
  #server: Server | undefined;
  #flush: NodeJS.Timeout | undefined;
  #address: Receiver['address'];
  #stopping: Promise<void> | undefined;

  constructor(options: TrapReceiverOptions, sink: FrameSink, onEvent: ReceiverEventSink) {
    this.name = placeName({ protocol: 'trap', ...options });
    this.#options = options;
    this.#sink = sink;
    this.#onEvent = onEvent;
    this.#gate = new TrapGate(
      (knock) => this.#tell(knock),
      (count) => this.#counters.drop('rate-limited', count),
    );
  }

  get address(): Receiver['address'] {
    return this.#address;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) throw new Error(`${this.name} has been started already`);
    this.#stopping = undefined;
    const everywhere = this.#options.host === '*' || this.#options.host === '::';
    try {
      await this.#listen(everywhere ? '::' : this.#options.host);
    } catch (error) {
      if (!everywhere || !isIpv6Missing(error)) throw error;
      await this.#listen('0.0.0.0');
      this.#onEvent({
        level: 'warn',
        message: `${this.name}: this machine has no IPv6, listening on IPv4 only`,
      });
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  stats(): ReceiverStats {
    return this.#counters.snapshot();
  }

  async #listen(host: string): Promise<void> {
    const { port } = this.#options;
    const place: ListenPlace = { protocol: 'trap', host: this.#options.host, port };
    // Nothing is read: what strangers send is none of our business.
    const server = createServer({ pauseOnConnect: true });
    await listenTcp(server, { host, port, ipv6Only: false, exclusive: true }, place);
    this.#server = server;
    const bound = server.address();
    if (bound !== null && typeof bound === 'object')
      this.#address = { host: bound.address, port: bound.port };
    server.on('connection', (socket) => this.#turnAway(socket));
    server.on('error', () => this.#counters.drop('accept-failed'));
    this.#flush = setInterval(() => this.#gate.flush(Date.now()), FLUSH_MS);
    this.#flush.unref();
  }

  #turnAway(socket: Socket): void {
    socket.on('error', () => {});
    const { remoteAddress, remotePort, localAddress } = socket;
    socket.destroy();
    // A peer that has gone already has no address any more.
    if (remoteAddress === undefined || localAddress === undefined) {
      this.#counters.drop('gone');
      return;
    }
    this.#gate.add(plain(remoteAddress), remotePort, plain(localAddress), Date.now());
  }

  #tell({ source, sourcePort, local, count }: Knock): void {
    const receivedAtMs = Date.now();
    const port = this.#address?.port ?? this.#options.port;
    const from = endpoint(source, sourcePort);
    const more = count === 1 ? '' : `, ${count} connections`;
    const header = `<${PRIORITY}>1 ${new Date(receivedAtMs).toISOString()} - knockwatch-trap - - -`;
    const bytes = Buffer.from(`${header} tcp ${from} -> ${endpoint(local, port)}${more}`);
    this.#counters.frame(bytes.length);
    // We are who logs it, under the address that was knocked on.
    this.#sink({ bytes, receivedAtMs, peer: { address: local }, transport: 'trap' });
  }

  async #shutDown(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearInterval(this.#flush);
    this.#gate.flush(Date.now(), true);
    this.#server = undefined;
  }
}

/** Mapped IPv4 becomes IPv4; a zone (`%eth0`) goes. */
function plain(address: string): string {
  return canonicalIp(address) ?? address;
}

function endpoint(address: string, port: number | undefined): string {
  const host = isIPv6(address) ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}
