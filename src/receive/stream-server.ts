import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFileLimit } from '../lib/open-file-limit.ts';
import type { FrameTransport } from '../types.ts';
import { Counters } from './counters.ts';
import { isIpv6Missing, type ListenPlace, placeName } from './listen-error.ts';
import { listenTcp } from './listen-tcp.ts';
import type { FrameSink, Receiver, ReceiverEventSink, ReceiverStats } from './receiver.ts';
import { StreamConnections, type StreamLimits } from './stream-connections.ts';

/** What TCP, TLS and unix listeners have in common. */
export interface StreamOptions {
  /** An inherited listening socket (inherited.ts). */
  readonly fd?: number | undefined;
  /** Octets a frame may have; 64 KiB. */
  readonly maxBytes?: number | undefined;
  /** Connections beyond are refused; 1,000. */
  readonly maxConnections?: number | undefined;
  /** How many receivers like this share the descriptors of the process; 1. */
  readonly sharers?: number | undefined;
  /** Milliseconds of silence after which a connection is closed; 10 minutes. */
  readonly idleTimeoutMs?: number | undefined;
  /** Milliseconds a frame may take to arrive; 30 seconds. */
  readonly partialTimeoutMs?: number | undefined;
  /** Addresses and networks; empty or absent: everybody. */
  readonly allowedSenders?: readonly string[] | undefined;
}

/** One way to listen: where, for people, and in the words of `node:net`. */
export interface ListenTarget {
  readonly place: ListenPlace;
  readonly options: ListenOptions & { readonly fd?: number };
}

/** What is particular to one transport. */
export interface StreamKind {
  readonly transport: Extract<FrameTransport, 'tcp' | 'tls' | 'unix'>;
  readonly place: ListenPlace;
  /** Tried in this order; a later one only when the one before failed for want of IPv6. */
  readonly targets: readonly ListenTarget[];
  /** Before listening; rejects with the reason why it makes no sense. */
  readonly prepare?: () => Promise<void>;
  readonly onListening?: () => Promise<void>;
  /** Makes a connection of an accepted socket and calls back once with it; the frames are read from that one. */
  readonly secure?: (socket: Socket, done: (secured: Socket) => void) => void;
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
/** Descriptors the rest of the program needs: store, archive, mail, look-ups, the page. */
const RESERVED_DESCRIPTORS = 64;

/** A listening socket and its connections: what tcp.ts, tls.ts and unix.ts are made of. */
export class StreamServer implements Receiver {
  readonly name: string;
  readonly #options: StreamOptions;
  readonly #kind: StreamKind;
  readonly #limits: StreamLimits;
  readonly #sink: FrameSink;
  readonly #onEvent: ReceiverEventSink;
  readonly #counters = new Counters();
  /** Accepted and not yet secured. */
  readonly #unsecured = new Set<Socket>();
  #server: Server | undefined;
  #connections: StreamConnections;
  #accepted = 0;
  #address: Receiver['address'];
  #stopping: Promise<void> | undefined;

  /** Throws RangeError for a bad entry in `allowedSenders`. */
  constructor(options: StreamOptions, kind: StreamKind, sink: FrameSink, onEvent: ReceiverEventSink) {
    this.name = placeName(kind.place);
    this.#options = options;
    this.#kind = kind;
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
    await this.#kind.prepare?.();
    await this.#listenAt(this.#kind.targets);
    await this.#kind.onListening?.();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  stats(): ReceiverStats {
    return this.#counters.snapshot();
  }

  /** Counts a connection turned away, and says so once a burst. */
  refuse(reason: string, because: string): void {
    this.#connections.refuse(reason, because);
  }

  #newConnections(): StreamConnections {
    return new StreamConnections(this.#limits, {
      name: this.name,
      transport: this.#kind.transport,
      sink: this.#sink,
      onEvent: this.#onEvent,
      counters: this.#counters,
    });
  }

  async #listenAt(targets: readonly ListenTarget[]): Promise<void> {
    const [target, ...others] = targets;
    try {
      await this.#listen(target!);
    } catch (error) {
      if (others.length === 0 || !isIpv6Missing(error)) throw error;
      await this.#listenAt(others);
      this.#onEvent({
        level: 'warn',
        message: `${this.name}: this machine has no IPv6, listening on IPv4 only`,
      });
    }
  }

  async #listen({ place, options }: ListenTarget): Promise<void> {
    const server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEPALIVE_AFTER_MS });
    this.#server = server;
    try {
      await listenTcp(server, options, place);
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
    this.#serve(server);
  }

  #serve(server: Server): void {
    const bound = server.address();
    if (bound !== null && typeof bound === 'object')
      this.#address = { host: bound.address, port: bound.port };
    const cap = this.#connectionCap();
    server.maxConnections = cap;
    server.on('connection', (socket) => {
      this.#accepted++;
      this.#admit(socket);
    });
    server.on('drop', () => {
      this.#connections.refuse('too-many-connections', `${cap} are open, the most allowed (maxConnections)`);
    });
    // Accepting failed, for want of descriptors or memory; the server goes on listening and recovers by itself.
    server.on('error', (error) => this.#connections.refuse('accept-failed', error.message));
  }

  #admit(socket: Socket): void {
    const { path } = this.#kind.place;
    const peer = path === undefined ? this.#connections.screen(socket) : { address: path };
    if (peer === undefined) return;
    const { secure } = this.#kind;
    if (secure === undefined) {
      this.#connections.welcome(socket, peer);
      return;
    }
    this.#unsecured.add(socket);
    socket.once('close', () => this.#unsecured.delete(socket));
    secure(socket, (secured) => {
      this.#unsecured.delete(socket);
      this.#connections.welcome(secured, peer);
    });
  }

  /**
   * When descriptors run out, libuv closes new connections without a word; so the cap stays below that, and what
   * is refused is counted.
   */
  #connectionCap(): number {
    const asked = this.#options.maxConnections ?? DEFAULTS.maxConnections;
    const limit = openFileLimit();
    const forAll = Math.max(limit - RESERVED_DESCRIPTORS, Math.floor(limit / 4));
    const affordable = Math.max(1, Math.floor(forAll / (this.#options.sharers ?? 1)));
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
    for (const socket of this.#unsecured) socket.destroy();
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
