import type { Socket } from 'node:net';
import { canonicalIp } from '../lib/ip.ts';
import type { FrameTransport, Peer } from '../types.ts';
import { AllowList } from './allow-list.ts';
import { BurstReport } from './burst-report.ts';
import type { Counters } from './counters.ts';
import { Deframer, type FramingFault, type OnLines } from './framing.ts';
import { type LineBatch, MIN_BATCH_LINES } from './line-batch.ts';
import type { FrameSink, ReceiverEventSink } from './receiver.ts';

export interface StreamLimits {
  /** Octets a frame may have. */
  readonly maxBytes: number;
  /** A connection that says nothing for so long is closed, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** A frame must be complete so long after its first octet, in milliseconds: one octet now and then keeps no seat. */
  readonly partialTimeoutMs: number;
  /** Addresses and networks; empty: everybody. */
  readonly allowedSenders: readonly string[];
}

/** What the connections of a stream receiver report to. */
export interface StreamOutlet {
  readonly name: string;
  readonly transport: FrameTransport;
  readonly sink: FrameSink;
  readonly onEvent: ReceiverEventSink;
  readonly counters: Counters;
}

interface Connection {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly deframer: Deframer;
  lastDataMs: number;
  partialSinceMs: number | undefined;
  /** Nothing has come yet. */
  fresh: boolean;
}

/** A read this full has more behind it: others get a turn first. */
const FAIR_CHUNK_BYTES = 32 * 1024;
/** A chunk this large may hold enough lines to be taken together. */
const MIN_BATCH_BYTES = 4 * 1024;
const CR = 13;
/** How long a closing receiver waits for octets that are under way, and how long it goes on reading at most. */
const DRAIN_QUIET_MS = 50;
const DRAIN_DEADLINE_MS = 1_000;
/** The first octet of a TLS record that carries a handshake, RFC 8446 5.1; no syslog message begins with it. */
const TLS_HANDSHAKE = 0x16;

/** The accepted connections of a TCP or TLS receiver: who may stay, for how long, and the frames they bring. */
export class StreamConnections {
  readonly #limits: StreamLimits;
  readonly #outlet: StreamOutlet;
  readonly #allowed: AllowList;
  readonly #connections = new Set<Connection>();
  readonly #reports = new Map<string, BurstReport>();
  #sweep: NodeJS.Timeout | undefined;
  #idleTimeoutMs: number;
  #onEmpty: (() => void) | undefined;

  /** Throws RangeError for a bad entry in `allowedSenders` and for a limit too small for any message. */
  constructor(limits: StreamLimits, outlet: StreamOutlet) {
    this.#limits = limits;
    this.#outlet = outlet;
    this.#allowed = new AllowList(limits.allowedSenders);
    new Deframer(limits.maxBytes);
    this.#idleTimeoutMs = limits.idleTimeoutMs;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Who an accepted socket belongs to; undefined, and the socket closed, when they may not talk to us or have gone. */
  screen(socket: Socket): Peer | undefined {
    socket.on('error', () => this.#outlet.counters.drop('connection-error'));
    const remote = socket.remoteAddress;
    // A peer that has gone already has no address any more.
    if (remote === undefined || this.#onEmpty !== undefined) {
      socket.destroy();
      return undefined;
    }
    const address = canonicalIp(remote) ?? remote;
    if (!this.#allowed.allows(address)) {
      this.refuse('sender-not-allowed', `${address} is not in the allowed senders`);
      socket.destroy();
      return undefined;
    }
    return { address, ...(socket.remotePort === undefined ? {} : { port: socket.remotePort }) };
  }

  /** Reads frames from a socket from now on. */
  welcome(socket: Socket, peer: Peer): void {
    if (this.#onEmpty !== undefined) {
      socket.destroy();
      return;
    }
    if (socket.listenerCount('error') === 0)
      socket.on('error', () => this.#outlet.counters.drop('connection-error'));
    const connection: Connection = {
      socket,
      peer,
      deframer: new Deframer(
        this.#limits.maxBytes,
        (fault) => this.#fault(fault, peer),
        this.#outlet.transport === 'tls',
      ),
      lastDataMs: performance.now(),
      partialSinceMs: undefined,
      fresh: true,
    };
    this.#connections.add(connection);
    if (this.#sweep === undefined) this.#sweepEvery(this.#sweepPeriodMs());
    socket.on('data', (chunk) => this.#read(connection, chunk));
    socket.on('close', () => this.#gone(connection));
  }

  /** Counts a connection turned away, and says so once a burst. */
  refuse(reason: string, because: string): void {
    const { counters, name, onEvent } = this.#outlet;
    counters.drop(reason);
    this.#report(reason, (count) =>
      onEvent({
        level: 'warn',
        message: `${name} refused a connection: ${because}`,
        details: { reason, count },
      }),
    );
  }

  /** Reads on until every connection has been quiet for a moment, one second at most, then closes them all. */
  async close(): Promise<void> {
    if (this.#connections.size > 0) {
      const now = performance.now();
      for (const connection of this.#connections) connection.lastDataMs = now;
      this.#idleTimeoutMs = DRAIN_QUIET_MS;
      this.#sweepEvery(DRAIN_QUIET_MS / 5);
      const deadline = setTimeout(() => this.#destroyAll(), DRAIN_DEADLINE_MS);
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
      clearTimeout(deadline);
    }
    clearInterval(this.#sweep);
  }

  #report(reason: string, say: (count: number) => void): void {
    const report = this.#reports.get(reason) ?? new BurstReport();
    this.#reports.set(reason, report);
    const count = report.hit(performance.now());
    if (count !== undefined) say(count);
  }

  #fault(fault: FramingFault, peer: Peer): void {
    const { counters, name, onEvent } = this.#outlet;
    counters.drop(fault);
    if (fault !== 'uncounted-frame') return;
    this.#report(fault, (count) =>
      onEvent({
        level: 'warn',
        message: `${name}: ${peer.address} sends lines without octet counts, which RFC 5425 asks for; they are taken all the same`,
        details: { reason: fault, count },
      }),
    );
  }

  #read(connection: Connection, chunk: Buffer): void {
    const { socket, deframer } = connection;
    if (connection.fresh && chunk[0] === TLS_HANDSHAKE && this.#outlet.transport === 'tcp') {
      this.refuse('tls-on-plain-port', `${connection.peer.address} speaks TLS to a plain port`);
      socket.destroy();
      return;
    }
    connection.fresh = false;
    connection.lastDataMs = performance.now();
    const onLines = this.#lineTaker(connection, chunk);
    const completed = this.#frames(connection, (onFrame) => deframer.push(chunk, onFrame, onLines));
    if (!deframer.isPartial) connection.partialSinceMs = undefined;
    else if (completed > 0) connection.partialSinceMs = connection.lastDataMs;
    else connection.partialSinceMs ??= connection.lastDataMs;
    if (chunk.length >= FAIR_CHUNK_BYTES) {
      socket.pause();
      setImmediate(() => socket.resume());
    }
  }

  /** Offers the plain lines of a chunk to the sink, if it takes lines at all. */
  #lineTaker(connection: Connection, chunk: Buffer): OnLines | undefined {
    const { peer } = connection;
    const { counters, sink, transport } = this.#outlet;
    const { takeLines } = sink;
    if (takeLines === undefined || chunk.length < MIN_BATCH_BYTES) return undefined;
    return (start, end, lines) => {
      const batch: LineBatch = {
        get text() {
          return chunk.toString('latin1', start, end);
        },
        lines,
        address: peer.address,
        transport,
        receivedAtMs: Date.now(),
        frame(from, to) {
          const last = to > from && chunk[start + to - 1] === CR ? to - 1 : to;
          const bytes = Buffer.from(chunk.subarray(start + from, start + last));
          return { bytes, receivedAtMs: this.receivedAtMs, peer, transport };
        },
      };
      if (lines < MIN_BATCH_LINES || !takeLines(batch)) return false;
      counters.frames(lines, end - start - lines);
      // A frame that is incomplete now has just begun.
      connection.partialSinceMs = undefined;
      return true;
    };
  }

  /** Sends what the deframer gives to the sink; returns how many frames that were. */
  #frames(
    connection: Connection,
    work: (onFrame: (bytes: Buffer, truncated: boolean) => void) => void,
  ): number {
    const { counters, sink, transport } = this.#outlet;
    const receivedAtMs = Date.now();
    let count = 0;
    work((bytes, truncated) => {
      count++;
      counters.frame(bytes.length);
      sink({ bytes, receivedAtMs, peer: connection.peer, transport, ...(truncated ? { truncated } : {}) });
    });
    return count;
  }

  #gone(connection: Connection): void {
    this.#frames(connection, (onFrame) => connection.deframer.end(onFrame));
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  #sweepPeriodMs(): number {
    const shortest = Math.min(this.#limits.idleTimeoutMs, this.#limits.partialTimeoutMs);
    return Math.min(1_000, Math.max(10, shortest / 4));
  }

  #sweepEvery(periodMs: number): void {
    clearInterval(this.#sweep);
    this.#sweep = setInterval(() => this.#closeExpired(), periodMs);
    this.#sweep.unref();
  }

  #closeExpired(): void {
    const now = performance.now();
    for (const { socket, lastDataMs, partialSinceMs } of this.#connections) {
      if (partialSinceMs !== undefined && now - partialSinceMs > this.#limits.partialTimeoutMs) {
        this.#outlet.counters.drop('partial-timeout');
        socket.destroy();
      } else if (now - lastDataMs > this.#idleTimeoutMs) socket.destroy();
    }
  }

  #destroyAll(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }
}
