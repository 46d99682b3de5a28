import { BlockList, isIPv6 } from 'node:net';
import { canonicalIp, parseNetwork } from '../lib/ip.ts';

const IPV4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)/g;
/** What may be an IPv6 address; a lone colon behind it is the sentence's. */
const IPV6 = /(?<![0-9a-f])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?<![^:]:)(?:\d{0,3}(?:\.\d{1,3}){3})?/gi;
/** How every address on the Internet begins: no other than 2000::/3 are given out (RFC 3587, 3). */
const GLOBAL = /^[23][0-9a-f]{3}:/i;
/** netfilter's MAC= holds both ends' hardware addresses. */
const MAC = /\bMAC=[0-9a-f:]+/gi;
const MIN_NAME = 2;

/**
 * Replaces what tells about our own side in text for strangers: addresses in our networks and names of our devices and hosts.
 * The same thing always becomes the same word, `[own-1]`, `[own-2]` ..., so that targets can still be told apart.
 */
export class Mask {
  readonly #own = new BlockList();
  readonly #words = new Map<string, string>();
  readonly #names: RegExp | undefined;

  /** `networks` are CIDR texts or addresses; throws RangeError for others. `names` are host and device names. */
  constructor(networks: readonly string[], names: readonly string[] = []) {
    for (const network of networks) this.#add(network);
    const words = [...new Set(names.filter((name) => name.length >= MIN_NAME))].sort(
      (a, b) => b.length - a.length,
    );
    if (words.length > 0)
      this.#names = new RegExp(`(?<![\\w-])(?:${words.map(escaped).join('|')})(?![\\w-])`, 'gi');
  }

  owns(address: string): boolean {
    const ip = canonicalIp(address);
    return ip !== undefined && this.#own.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
  }

  text(text: string): string {
    const masked = this.#ipv6(text.replace(MAC, 'MAC=[masked]')).replace(IPV4, (found) =>
      this.owns(found) ? this.#word(found) : found,
    );
    return this.#names === undefined
      ? masked
      : masked.replace(this.#names, (name) => this.#word(name.toLowerCase()));
  }

  /** `inside:2001:db8::10` reads as `de:2001:db8::10` too: what is no stranger's address may be a name, and ours behind its colon. */
  #ipv6(text: string): string {
    let masked = '';
    let end = 0;
    const pattern = new RegExp(IPV6);
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const [found] = match;
      // Attackers write what looks like many addresses: Node's own checks are several times cheaper than a canonical text.
      if (isIPv6(found) && this.#own.check(found, 'ipv6')) {
        masked += text.slice(end, match.index) + this.#word(canonicalIp(found)!);
        end = pattern.lastIndex;
      } else if (!isStranger(found, text[match.index - 1])) {
        pattern.lastIndex = match.index + found.indexOf(':') + 1;
      }
    }
    return masked + text.slice(end);
  }

  #add(network: string): void {
    const parsed = parseNetwork(network);
    if (parsed === undefined) throw new RangeError(`not a network: ${network}`);
    this.#own.addSubnet(parsed.address, parsed.prefix, isIPv6(parsed.address) ? 'ipv6' : 'ipv4');
  }

  #word(own: string): string {
    let word = this.#words.get(own);
    if (word === undefined) {
      word = `[own-${this.#words.size + 1}]`;
      this.#words.set(own, word);
    }
    return word;
  }
}

/** An address on the Internet that is no part of a word like `Vlan2001:`. */
function isStranger(address: string, before = ' '): boolean {
  return GLOBAL.test(address) && !/[\w./-]/.test(before) && isIPv6(address);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
