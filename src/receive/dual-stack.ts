import { isIpv6Missing } from './listen-error.ts';
import type { Receiver, ReceiverEventSink, ReceiverStats } from './receiver.ts';

/**
 * Two receivers that people see as one: all interfaces, IPv4 and IPv6 on the same port. On a machine without IPv6 it
 * goes on with IPv4 and says so.
 */
export class DualStack implements Receiver {
  readonly name: string;
  readonly #ipv4: Receiver;
  readonly #createIpv6: (port: number) => Receiver;
  readonly #onEvent: ReceiverEventSink;
  #ipv6: Receiver | undefined;

  /** `createIpv6` gets the port the IPv4 receiver was given, so that port 0 means the same port for both. */
  constructor(
    name: string,
    ipv4: Receiver,
    createIpv6: (port: number) => Receiver,
    onEvent: ReceiverEventSink,
  ) {
    this.name = name;
    this.#ipv4 = ipv4;
    this.#createIpv6 = createIpv6;
    this.#onEvent = onEvent;
  }

  /** The IPv4 side's; the port is the same on both. */
  get address(): Receiver['address'] {
    return this.#ipv4.address;
  }

  async start(): Promise<void> {
    await this.#ipv4.start();
    this.#ipv6 ??= this.#createIpv6(this.#ipv4.address!.port);
    try {
      await this.#ipv6.start();
    } catch (error) {
      if (!isIpv6Missing(error)) {
        await this.#ipv4.stop();
        throw error;
      }
      const message = `${this.name}: this machine has no IPv6, listening on IPv4 only`;
      this.#onEvent({ level: 'warn', message, details: { because: (error as Error).message } });
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#ipv4.stop(), this.#ipv6?.stop()]);
  }

  stats(): ReceiverStats {
    const sides = [this.#ipv4.stats(), ...(this.#ipv6 === undefined ? [] : [this.#ipv6.stats()])];
    const drops = new Map<string, number>();
    for (const [reason, count] of sides.flatMap((side) => [...side.drops])) {
      drops.set(reason, (drops.get(reason) ?? 0) + count);
    }
    return {
      frames: sides.reduce((sum, side) => sum + side.frames, 0),
      bytes: sides.reduce((sum, side) => sum + side.bytes, 0),
      drops,
    };
  }
}
