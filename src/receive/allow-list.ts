import { BlockList, isIPv4 } from 'node:net';
import { parseNetwork } from '../lib/ip.ts';

/**
 * The senders a receiver listens to: addresses and CIDR networks of both families; an empty list means everybody.
 * IPv4-mapped IPv6 is folded to IPv4 on both sides. UDP senders can forge their address: this keeps
 * misdirected traffic out, it authenticates nobody.
 */
export class AllowList {
  readonly #list = new BlockList();
  readonly #everybody: boolean;
  #lastAddress = '';
  #lastAnswer = false;

  /** Throws RangeError naming the first entry that is no address or network. */
  constructor(entries: readonly string[] = []) {
    this.#everybody = entries.length === 0;
    for (const entry of entries) addEntry(this.#list, entry);
  }

  /** Whether a sender may talk to us; `address` is canonical text (lib/ip). */
  allows(address: string): boolean {
    if (this.#everybody) return true;
    // One device sends many messages in a row, and the native check costs more than the rest of the admission.
    if (address !== this.#lastAddress) {
      this.#lastAddress = address;
      this.#lastAnswer = this.#list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
    }
    return this.#lastAnswer;
  }
}

function addEntry(list: BlockList, entry: string): void {
  const network = parseNetwork(entry);
  if (network === undefined)
    throw new RangeError(
      `"${entry}" is not an address or network: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32`,
    );
  list.addSubnet(network.address, network.prefix, isIPv4(network.address) ? 'ipv4' : 'ipv6');
}
