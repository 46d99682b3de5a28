import { readFileSync } from 'node:fs';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counters } from './counters.ts';
import {
  isIpv6Missing,
  type ListenPlace,
  placeName,
  toListenError,
  withinStartDeadline,
} from './listen-error.ts';
import type { FrameSink, Receiver, ReceiverEventSink, ReceiverStats } from './receiver.ts';
import { StreamConnections, type StreamLimits } from './stream-connections.ts';

export interface TcpReceiverOptions {
  /** An address; `::` or `*` for all interfaces and both families. Not used with `fd`. */
  readonly host: string;
  readonly port: number;
  /** An inherited listening socket (inherited.ts). */
  readonly fd?: number | undefined;
  /** Octets a frame may have; 64 KiB. */
  readonly maxBytes?: number | undefined;
  /** Connections beyond are refused; 1,000. */
  readonly maxConnections?: number | undefined;
  /** Milliseconds of silence after which a connection is closed; 10 minutes. */
  readonly idleTimeoutMs?: number | undefined;
  /** Milliseconds a frame may take to arrive; 30 seconds. */
  readonly partialTimeoutMs?: number | undefined;
  /** Addresses and networks; empty or absent: everybody. */
  readonly allowedSenders?: readonly string[] | undefined;
}

const DEFAULTS = {
  maxBytes: 64 * 1024,
  maxConnections: 1_000,
  idleTimeoutMs: 10 * 60_000,
  partialTimeoutMs: 30_000,
} as const;
const KEEPALIVE_AFTER_MS = 60_000;
/** A closing server accepts until nobody has come for so long, and no longer than the deadline. */
const ACCEPT_QUIET_MS = 20;
const ACCEPT_DEADLINE_MS = 500;
/** Descriptors the rest of the program needs: store, archive, mail, look-ups. */
const RESERVED_DESCRIPTORS = 64;

/** Syslog over TCP, RFC 6587, both framings. */
export class TcpReceiver implements Receiver {
  readonly name: string;
  readonly #options: TcpReceiverOptions;
  readonly #limits: StreamLimits;
  readonly #sink: FrameSink;
  readonly #onEvent: ReceiverEventSink;
  readonly #counters = new Counters();
  #server: Server | undefined;
  #connections: StreamConnections;
  #accepted = 0;
  #address: Receiver['address'];
  #stopping: Promise<void> | undefined;

  /** Throws RangeError for a bad entry in `allowedSenders`. */
  constructor(options: TcpReceiverOptions, sink: FrameSink, onEvent: ReceiverEventSink) {
    this.name = placeName({ protocol: 'tcp', ...options });
    this.#options = options;
    this.#sink = sink;
    this.#onEvent = onEvent;
    this.#limits = {
      maxBytes: options.maxBytes ?? DEFAULTS.maxBytes,
      idleTimeoutMs: options.idleTimeoutMs ?? DEFAULTS.idleTimeoutMs,
      partialTimeoutMs: options.partialTimeoutMs ?? DEFAULTS.partialTimeoutMs,
      allowedSenders: options.allowedSenders ?? [],
    };
    this.#connections = this.#newConnections();
  }

  get address(): Receiver['address'] {
    return this.#address;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) throw new Error(`${this.name} has been started already`);
    this.#stopping = undefined;
    this.#connections = this.#newConnections();
    const everywhere = this.#options.host === '*' || this.#options.host === '::';
    try {
      await this.#listen(everywhere ? '::' : this.#options.host);
    } catch (error) {
      if (!everywhere || !isIpv6Missing(error)) throw error;
      await this.#listen('0.0.0.0');
      this.#onEvent({ level: 'warn', message: `${this.name}: this machine has no IPv6, listening on IPv4 only` });
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  stats(): ReceiverStats {
    return this.#counters.snapshot();
  }

  #newConnections(): StreamConnections {
    return new StreamConnections(this.#limits, {
      name: this.name,
      transport: 'tcp',
      sink: this.#sink,
      onEvent: this.#onEvent,
      counters: this.#counters,
    });
  }

  async #listen(host: string): Promise<void> {
    const { port, fd } = this.#options;
    const place: ListenPlace = { protocol: 'tcp', host, port, fd };
    const server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEPALIVE_AFTER_MS });
    const target = fd === undefined ? { host, port, ipv6Only: false, exclusive: true } : { fd };
    this.#server = server;
    try {
      await withinStartDeadline(place, listening(server, target));
    } catch (error) {
      this.#server = undefined;
      server.removeAllListeners();
      server.on('error', () => {});
      server.close();
      throw toListenError(place, error);
    }
    this.#serve(server);
  }

  #serve(server: Server): void {
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') this.#address = { host: bound.address, port: bound.port };
    const cap = this.#connectionCap();
    server.maxConnections = cap;
    server.on('connection', (socket) => {
      this.#accepted++;
      this.#connections.admit(socket);
    });
    server.on('drop', () => {
      this.#connections.refuse('too-many-connections', `${cap} are open, the most allowed (maxConnections)`);
    });
    // Accepting failed, for want of descriptors or memory; the server goes on listening and recovers by itself.
    server.on('error', (error) => this.#connections.refuse('accept-failed', error.message));
  }

  /**
   * When descriptors run out, libuv closes new connections without a word; so the cap stays below that, and what
   * is refused is counted.
   */
  #connectionCap(): number {
    const asked = this.#options.maxConnections ?? DEFAULTS.maxConnections;
    const limit = openFileLimit();
    const affordable = Math.max(limit - RESERVED_DESCRIPTORS, Math.floor(limit / 4));
    if (affordable >= asked) return asked;
    this.#onEvent({
      level: 'warn',
      message: `${this.name}: takes ${affordable} connections instead of ${asked}, the process may open ${limit} files: raise LimitNOFILE`,
    });
    return affordable;
  }

  async #shutDown(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await this.#acceptWaiting();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await this.#connections.close();
    await closed;
    this.#server = undefined;
  }

  /** The kernel has shaken hands with who waits to be accepted, and acknowledged their lines: they are taken in too. */
  async #acceptWaiting(): Promise<void> {
    const deadline = performance.now() + ACCEPT_DEADLINE_MS;
    let before: number;
    do {
      before = this.#accepted;
      await sleep(ACCEPT_QUIET_MS);
    } while (this.#accepted !== before && performance.now() < deadline);
  }
}

function listening(server: Server, target: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(target, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** How many files this process may have open, Linux; Infinity where the system does not say. */
function openFileLimit(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
