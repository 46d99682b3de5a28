import { ipv6Halves, parseIpv4 } from '../lib/ip.ts';
import type { HostSet, PortSet } from '../rule.ts';

/*
 * Regular expressions (their sources) that match in every line which names a watched host or port, however its format
 * spells it, and in few others.
 */

/** More texts than this in one expression are slower than fewer and shorter ones that match more. */
const MAX_TEXTS = 64;
/** So few are still fast when each beginning stands for many hosts. */
const MAX_GROUPS = 16;
/** More ports than this are in nearly every line. */
const MAX_PORTS = 64;

/** An IPv4 address mapped into IPv6 and written in hex: `::ffff:c000:20a`, in the cases devices have. */
export const MAPPED_IPV4: readonly string[] = ['ffff:', 'FFFF:'];

/** How hosts are named by their addresses. */
export interface HostSpelling {
  /**
   * Matches an IPv4 address from its first digit on, as far as it takes; absent without any. A literal is its own beginning.
   * Others are to be looked for behind a character that is no digit: V8 skips to that ten times faster than it tries them all.
   */
  readonly ipv4?: { readonly source: string; readonly isLiteral: boolean; readonly isExact: boolean };
  readonly ipv6: readonly string[];
}

/** Matches where one of the hosts is named by its address, or undefined when nearly every line would match. */
export function spellHosts(sets: readonly HostSet[]): HostSpelling | undefined {
  const ipv4 = new Set<string>();
  const ipv6 = new Set<string>();
  for (const { addresses, networks } of sets)
    for (const key of [...addresses, ...networks]) {
      const [base = '', length = base.includes(':') ? '128' : '32'] = key.split('/');
      if (parseIpv4(base) >= 0) ipv4.add(ipv4Prefix(base, Number(length)));
      else ipv6.add(spellIpv6(base, Number(length)));
    }
  if (ipv4.has('') || ipv6.size > MAX_TEXTS) return undefined;
  return { ...(ipv4.size === 0 ? {} : { ipv4: spellIpv4(ipv4) }), ipv6: [...ipv6] };
}

/** The octets all members of a network begin with: `192.0.2.` of 192.0.2.0/26, all four of an address, '' below /8. */
function ipv4Prefix(base: string, length: number): string {
  const octets = Math.floor(length / 8);
  const prefix = base.split('.').slice(0, octets).join('.');
  return octets === 4 || octets === 0 ? prefix : `${prefix}.`;
}

/**
 * One expression for all prefixes: `192\\.0\\.2\\.(?:10|20)(?![0-9])` where they are alike, else a list. While there are too many,
 * the large groups are represented by what they begin with.
 */
function spellIpv4(prefixes: ReadonlySet<string>): NonNullable<HostSpelling['ipv4']> {
  const texts = prefixes.size > MAX_TEXTS ? coarsened([...prefixes]) : [...prefixes];
  const byHead = groupBy(texts, withoutLastOctet);
  const heads = [...byHead].map(([head, members]) => {
    const tails = members.map((text) => {
      const tail = text.slice(head.length);
      return escapeRegex(tail) + (tail.endsWith('.') ? '' : '(?![0-9])');
    });
    return `${escapeRegex(head)}(?:${tails.join('|')})`;
  });
  const isLiteral = byHead.size === 1 && !byHead.has('');
  return { source: heads.join('|'), isLiteral, isExact: texts.length === prefixes.size };
}

/** At most MAX_GROUPS texts one of which each prefix begins with: the fewer members a text stands for, the longer it is. */
function coarsened(prefixes: readonly string[]): string[] {
  const groups = groupBy(prefixes, (text) => firstOctets(text, 1));
  const isSplit = ([head, members]: [string, string[]]) => members.length > 1 || members[0] !== head;
  for (;;) {
    const [smallest] = [...groups].filter(isSplit).sort(([, a], [, b]) => a.length - b.length);
    if (smallest === undefined) return [...groups.keys()];
    const [head, members] = smallest;
    // A network among them stands for all the others.
    const parts = members.includes(head)
      ? new Map([[head, [head]]])
      : groupBy(members, (text) => firstOctets(text, octetsOf(head) + 1));
    if (groups.size - 1 + parts.size > MAX_GROUPS) return [...groups.keys()];
    groups.delete(head);
    for (const [part, of] of parts) groups.set(part, of);
  }
}

/** `192.0.` of 192.0.2.10 for two; the whole text when it has no more. */
function firstOctets(text: string, count: number): string {
  const octets = text.split('.');
  return octets.length <= count ? text : `${octets.slice(0, count).join('.')}.`;
}

function groupBy(texts: readonly string[], keyOf: (text: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const text of texts) {
    const key = keyOf(text);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [text]);
    else group.push(text);
  }
  return groups;
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
