import type { Frame } from '../types.ts';
import type { LineBatch } from './line-batch.ts';

/** Where frames go; must not throw. Called in arrival order for one receiver. The bytes belong to the callee. */
export interface FrameSink {
  (frame: Frame): void;
  /**
   * Offered many lines at once, a sink may take them and ask only for the frames it wants to read; false: it wants all of
   * them as frames. Without it every line is a frame.
   */
  readonly takeLines?: (batch: LineBatch) => boolean;
}

/** Counters a receiver keeps; every drop it can see has a reason of its own. */
export interface ReceiverStats {
  readonly frames: number;
  readonly bytes: number;
  /** Drops and protocol faults by reason, e.g. `sender-not-allowed`, `empty`, `frame-too-long`, `kernel-buffer-full`. */
  readonly drops: ReadonlyMap<string, number>;
}

/** Something the operator should read: a cut receive buffer, a refused connection, a missing protocol. */
export interface ReceiverEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Where events go; the receivers bound how often they call it, so a hostile peer cannot fill a log with it. */
export type ReceiverEventSink = (event: ReceiverEvent) => void;

/** A way for bytes to come in. `start` rejects within two seconds with a message that says what to do. */
export interface Receiver {
  /** For people: `udp 0.0.0.0:5514`. */
  readonly name: string;
  start(): Promise<void>;
  /** Idempotent; resolves when no further frame will be delivered. */
  stop(): Promise<void>;
  /** The bound address, once started. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  stats(): ReceiverStats;
}
