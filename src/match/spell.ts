import { ipv6Halves, parseIpv4 } from '../lib/ip.ts';
import type { HostSet, PortSet } from '../rule.ts';

/*
 * Regular expressions (their sources) that match in every line which names a watched host or port, however its format
 * spells it, and in few others.
 */

/** More texts than this in one expression are slower than fewer and shorter ones that match more. */
const MAX_TEXTS = 64;
/** More ports than this are in nearly every line. */
const MAX_PORTS = 64;

/** An IPv4 address mapped into IPv6 and written in hex: `::ffff:c000:20a`, in the cases devices have. */
export const MAPPED_IPV4: readonly string[] = ['ffff:', 'FFFF:'];

/** Matches where one of the hosts is named by its address, or undefined when nearly every line would match. */
export function spellHosts(sets: readonly HostSet[]): string[] | undefined {
  const keys = sets.flatMap(({ addresses, networks }) => [...addresses, ...networks]);
  const ipv4 = new Set<string>();
  const ipv6 = new Set<string>();
  for (const key of keys) {
    const [base = '', length = base.includes(':') ? '128' : '32'] = key.split('/');
    if (parseIpv4(base) >= 0) ipv4.add(ipv4Prefix(base, Number(length)));
    else ipv6.add(spellIpv6(base, Number(length)));
  }
  if (ipv4.has('')) return undefined;
  const spelled = [...spellIpv4(ipv4), ...ipv6];
  return ipv6.size > MAX_TEXTS ? undefined : spelled;
}

/** The octets all members of a network begin with: `192.0.2.` of 192.0.2.0/26, all four of an address, '' below /8. */
function ipv4Prefix(base: string, length: number): string {
  const octets = Math.floor(length / 8);
  const prefix = base.split('.').slice(0, octets).join('.');
  return octets === 4 || octets === 0 ? prefix : `${prefix}.`;
}

/** The prefixes, or, while they are too many, what they begin with, one octet less each time. */
function spellIpv4(prefixes: ReadonlySet<string>): string[] {
  let texts = prefixes;
  while (texts.size > MAX_TEXTS) {
    const longest = Math.max(...[...texts].map(octetsOf));
    if (longest === 1) break;
    texts = new Set([...texts].map((text) => (octetsOf(text) === longest ? withoutLastOctet(text) : text)));
  }
  const byHead = new Map<string, string[]>();
  for (const text of texts) {
    const head = withoutLastOctet(text);
    byHead.set(head, [...(byHead.get(head) ?? []), text.slice(head.length)]);
  }
  return [...byHead].map(([head, tails]) => {
    const isWhole = (tail: string) => !tail.endsWith('.');
    const alternatives = tails.map(escapeRegex).join('|');
    const tail = tails.every(isWhole)
      ? `${alternatives})(?![0-9]`
      : tails.map((each) => escapeRegex(each) + (isWhole(each) ? '(?![0-9])' : '')).join('|');
    // A short prefix would else be found in the middle of every other address.
    return `${head === '' ? '(?<![0-9.])' : escapeRegex(head)}(?:${tail})`;
  });
}

function octetsOf(text: string): number {
  return text.split('.').filter((octet) => octet !== '').length;
}

function withoutLastOctet(text: string): string {
  return text.replace(/[0-9]+\.?$/, '');
}

/**
 * The first groups of an address are written out in every spelling unless they are zero: `2001:db8:` with or without
 * leading zeros, in either case. Of one that begins with zeros only `::` or a zero group is sure.
 */
function spellIpv6(base: string, length: number): string {
  const [high] = ipv6Halves(base);
  const first = Number(high >> 48n);
  const second = Number((high >> 32n) & 0xffffn);
  if (first === 0 || length < 16)
    return '::|(?<![0-9a-fA-F:])(?:0{1,4}:|[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:[0-9a-fA-F])';
  return second === 0 || length < 32 ? `${hexGroup(first)}:` : `${hexGroup(first)}:${hexGroup(second)}:`;
}

function hexGroup(value: number): string {
  const digits = value.toString(16);
  const anyCase = digits.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
  return `0{0,${4 - digits.length}}${anyCase}`;
}

/**
 * Matches where one of the ports is named by its number, or undefined when nearly every line would match. A number is no
 * port as an octet of an address; the one behind four octets is (tcpdump: `192.0.2.10.143`).
 */
export function spellPorts(
  sets: readonly PortSet[],
  wordsOf: (port: number) => readonly string[],
): string[] | undefined {
  const ports = new Set<number>();
  for (const { any, ranges } of sets) {
    if (any) return undefined;
    for (const { from, to } of ranges) {
      if (to - from >= MAX_PORTS) return undefined;
      for (let port = from; port <= to; port++) ports.add(port);
    }
    if (ports.size > MAX_PORTS) return undefined;
  }
  if (ports.size === 0) return [];
  const words = new Set([...ports].flatMap((port) => [...wordsOf(port)]));
  return [
    `(?<![0-9])(?:${[...ports].join('|')})(?!\\.?[0-9])(?<!(?<![\\w.-])(?:[0-9]{1,3}\\.){3}[0-9]{1,3})`,
    ...[...words].map(anyCase),
  ];
}

/** Matches a text in any letter case. */
export function anyCase(text: string): string {
  return escapeRegex(text).replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}

/** Matches a text as it is. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
