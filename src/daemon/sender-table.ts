import { type Expectation, Sender } from './sender-record.ts';

const MAX_SENDERS = 10_000;
/** Host names one address may use up; a relay of more is shown as one. An attacker mints names for free. */
const MAX_NAMES = 1_000;

/** Senders by address and stated host name. Bounded: those that were silent longest are forgotten first, and counted. */
export class SenderTable {
  readonly #byAddress = new Map<string, Map<string | undefined, Sender>>();
  readonly #order = new Set<Sender>();
  readonly #expectationOf: (address: string) => Expectation | undefined;
  /** Where the search for a sender to forget goes on. */
  #hand = this.#order.values();
  /** Lines come in runs of one sender. */
  #last: Sender | undefined;
  #evicted = 0;

  constructor(expectationOf: (address: string) => Expectation | undefined) {
    this.#expectationOf = expectationOf;
  }

  get size(): number {
    return this.#order.size;
  }

  /** Senders forgotten because there were too many. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Every sender, in the order they were first heard of. */
  [Symbol.iterator](): Iterator<Sender> {
    return this.#order.values();
  }

  /** The first sender at an address, whatever it calls itself. */
  at(address: string): Sender | undefined {
    return this.#byAddress.get(address)?.values().next().value;
  }

  /** The sender at an address whose line came last of all, else the first there. */
  latestAt(address: string): Sender | undefined {
    return this.#last?.address === address ? this.#last : this.at(address);
  }

  /** The sender, which is made when it is new. */
  get(address: string, hostname: string | undefined, nowMs: number): Sender {
    const last = this.#last;
    if (last !== undefined && last.hostname === hostname && last.address === address) return last;
    const names = this.#byAddress.get(address);
    const known =
      names?.get(hostname) ??
      (names !== undefined && names.size >= MAX_NAMES ? names.values().next().value : undefined);
    this.#last = known ?? this.#add(address, hostname, nowMs);
    return this.#last;
  }

  #add(address: string, hostname: string | undefined, nowMs: number): Sender {
    if (this.#order.size >= MAX_SENDERS) this.#evict();
    const sender = new Sender(address, hostname, this.#expectationOf(address), nowMs);
    const names = this.#byAddress.get(address);
    if (names === undefined) this.#byAddress.set(address, new Map([[hostname, sender]]));
    else names.set(hostname, sender);
    this.#order.add(sender);
    return sender;
  }

  /** Whoever has not spoken since the hand came by last goes: constant time on average, and the talkative stay. */
  #evict(): void {
    for (;;) {
      const next = this.#hand.next();
      if (next.done) {
        this.#hand = this.#order.values();
        continue;
      }
      const sender = next.value;
      if (sender.recent) {
        sender.recent = false;
        continue;
      }
      this.#order.delete(sender);
      const names = this.#byAddress.get(sender.address);
      names?.delete(sender.hostname);
      if (names?.size === 0) this.#byAddress.delete(sender.address);
      if (this.#last === sender) this.#last = undefined;
      this.#evicted++;
      return;
    }
  }
}
