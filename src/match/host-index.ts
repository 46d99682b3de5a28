import { ipv6Halves, parseIpv4 } from '../lib/ip.ts';

/**
 * Values by address and network. A look-up costs one map access for the address and one for each prefix length in
 * use, however many networks there are: networks of one length cannot overlap, so the masked address is the key.
 */
export class HostIndex<T> {
  readonly #addresses = new Map<string, T>();
  readonly #ipv4 = new PrefixTable<number, T>((address, length) => Math.floor(address / 2 ** (32 - length)));
  readonly #ipv6 = new PrefixTable<bigint, T>((address, length) => address >> BigInt(128 - length));

  /** Puts a value under a canonical address or CIDR network, in place of what stood there. */
  set(key: string, value: T): void {
    const slash = key.indexOf('/');
    if (slash < 0) {
      this.#addresses.set(key, value);
      return;
    }
    const base = key.slice(0, slash);
    const length = Number(key.slice(slash + 1));
    const ipv4 = parseIpv4(base);
    if (ipv4 >= 0) this.#ipv4.set(ipv4, length, value);
    else this.#ipv6.set(ipv6Number(base), length, value);
  }

  /** The values an address falls under, the most specific first. Text that is no address finds nothing. */
  find(ip: string): T[] {
    const found: T[] = [];
    const exact = this.#addresses.get(ip);
    if (exact !== undefined) found.push(exact);
    const ipv4 = parseIpv4(ip);
    if (ipv4 >= 0) this.#ipv4.find(ipv4, found);
    else if (!this.#ipv6.empty && ip.includes(':')) this.#ipv6.find(ipv6Number(ip), found);
    return found;
  }
}

/** Networks by prefix length, longest first. */
class PrefixTable<N, T> {
  #tables: { readonly length: number; readonly networks: Map<N, T> }[] = [];
  readonly #mask: (address: N, length: number) => N;

  constructor(mask: (address: N, length: number) => N) {
    this.#mask = mask;
  }

  get empty(): boolean {
    return this.#tables.length === 0;
  }

  set(address: N, length: number, value: T): void {
    let table = this.#tables.find((candidate) => candidate.length === length);
    if (table === undefined) {
      table = { length, networks: new Map() };
      this.#tables = [...this.#tables, table].sort((a, b) => b.length - a.length);
    }
    table.networks.set(this.#mask(address, length), value);
  }

  find(address: N, found: T[]): void {
    for (const { length, networks } of this.#tables) {
      const value = networks.get(this.#mask(address, length));
      if (value !== undefined) found.push(value);
    }
  }
}

function ipv6Number(text: string): bigint {
  const [high, low] = ipv6Halves(text);
  return (high << 64n) | low;
}
