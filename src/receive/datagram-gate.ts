import { canonicalIp } from '../lib/ip.ts';
import { AllowList } from './allow-list.ts';

/** 64 KiB, more than any UDP datagram holds over IPv4 (65,507 bytes). */
export const DEFAULT_MAX_BYTES = 64 * 1024;

/** A datagram that may become a frame. */
export interface AdmittedDatagram {
  readonly bytes: Buffer;
  /** Canonical address of the sender. */
  readonly address: string;
  readonly truncated: boolean;
}

export type GateDrop = 'empty' | 'sender-not-allowed';

/** What both UDP receivers do with a datagram first: know the sender, refuse strangers and empties, cut the oversize. */
export class DatagramGate {
  readonly #maxBytes: number;
  readonly #allowed: AllowList;
  readonly #onDrop: (reason: GateDrop) => void;
  #lastRemote = '';
  #lastAddress = '';

  constructor(maxBytes: number, allowedSenders: readonly string[], onDrop: (reason: GateDrop) => void) {
    this.#maxBytes = maxBytes;
    this.#allowed = new AllowList(allowedSenders);
    this.#onDrop = onDrop;
  }

  /** The datagram as it goes on, or undefined when it was dropped (and `onDrop` told). */
  admit(bytes: Buffer, remote: string): AdmittedDatagram | undefined {
    const address = this.#canonical(remote);
    if (!this.#allowed.allows(address)) {
      this.#onDrop('sender-not-allowed');
      return undefined;
    }
    if (bytes.length === 0) {
      this.#onDrop('empty');
      return undefined;
    }
    const truncated = bytes.length > this.#maxBytes;
    return { bytes: truncated ? bytes.subarray(0, this.#maxBytes) : bytes, address, truncated };
  }

  #canonical(remote: string): string {
    if (remote !== this.#lastRemote) {
      this.#lastRemote = remote;
      this.#lastAddress = canonicalIp(remote) ?? remote;
    }
    return this.#lastAddress;
  }
}
