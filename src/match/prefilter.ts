import { canonicalIp } from '../lib/ip.ts';
import type { HostSet, Rule, RuleSet } from '../rule.ts';
import type { AttemptKind } from '../types.ts';
import { hostTest } from './ignore-index.ts';
import { anyCase, escapeRegex, MAPPED_IPV4, spellHosts, spellPorts } from './spell.ts';

/** What a line may stand for without saying so in digits. */
export interface Spellings {
  /** Words formats have in place of a port number. */
  readonly wordsOfPort: (port: number) => readonly string[];
  /** Lines that mean a port they do not name hold one of `texts`; `ports` are all it can be, any when absent. */
  readonly unnamedPorts: readonly { readonly texts: readonly string[]; readonly ports?: readonly number[] }[];
  /** Lines that report an attempt of this kind hold one of these. */
  readonly textsOfKind: Readonly<Record<Exclude<AttemptKind, 'packet'>, readonly string[]>>;
  /** Lines that stand for another line hold one of these. */
  readonly repeats: readonly string[];
  /** Lines without which later ones can not be read hold one of these. */
  readonly headers: readonly string[];
}

/**
 * Tells, without decoding or parsing a line, that it can not touch any rule's watch list: it names no watched host, or no
 * watched port. Never wrong about that; what it lets through is decided by the matcher.
 */
export interface Prefilter {
  /** False for a sender that is itself watched: lines of its own that name no host are about it. */
  appliesTo(sender: string): boolean;
  /**
   * Puts start and end of every line that may give a hit, or says how others are to be read, into `found`, in order. `text` is the octets of whole lines as
   * latin1, one character each; an end is the position of the LF, or the end of the text.
   */
  find(text: string, found: number[]): void;
  /** From this another thread makes the same (prefilterOf). */
  readonly search: Search;
}

/**
 * Compiles the watch lists to one regular expression for what every hit must have in its line, and one for what it must
 * have besides. Undefined when the rules ask for so much that nearly every line would pass.
 */
export function compilePrefilter({ rules, names }: RuleSet, spellings: Spellings): Prefilter | undefined {
  const onHosts = rules.filter(({ hosts }) => !hosts.any);
  const onAnyHost = rules.filter(({ hosts }) => hosts.any);
  const watched: HostSet = {
    any: false,
    addresses: onHosts.flatMap(({ hosts }) => hosts.addresses),
    networks: onHosts.flatMap(({ hosts }) => hosts.networks),
  };
  const isWatched = hostTest(watched);
  const addresses = spellHosts(onHosts.map(({ hosts }) => hosts));
  const hostNames = spellHostNames(isWatched, names);
  const ports = spellWatchedPorts(onAnyHost, spellings);
  if (addresses === undefined || hostNames === undefined || ports === undefined) return undefined;
  const besides = onAnyHost.length > 0 ? undefined : spellWatchedPorts(onHosts, spellings);
  const { ipv4, ipv6 } = addresses;
  const quad = ipv4 && (ipv4.isLiteral ? ipv4.source : `[^0-9](${ipv4.source})`);
  const keys = [...(quad === undefined ? [] : [quad]), ...ipv6, ...hostNames, ...ports];
  const always = [...spellings.repeats, ...spellings.headers];
  const search: Search = {
    key: keys.length === 0 ? undefined : new RegExp(keys.join('|'), 'g'),
    startsInside: ipv4?.isLiteral === false,
    watched,
    isCoarse: ipv4?.isExact === false,
    rare: [...always, ...(onHosts.length > 0 ? MAPPED_IPV4 : [])],
    also: besides && new RegExp([...besides, ...always.map(escapeRegex)].join('|')),
  };
  return prefilterOf(search);
}

/** The prefilter for what is to be looked for. */
export function prefilterOf(search: Search): Prefilter {
  const isWatched = hostTest(search.watched);
  return {
    search,
    appliesTo: (sender) => canonicalIp(sender) === undefined || !isWatched(sender),
    find: (text, found) => find(text, search, isWatched, found),
  };
}

/** By one of the names that lead to a watched address. */
function spellHostNames(
  isWatched: (ip: string) => boolean,
  names: ReadonlyMap<string, string>,
): string[] | undefined {
  const byName = new Set(
    [...names].filter(([key]) => !key.includes('/') && isWatched(key)).map(([, name]) => name),
  );
  // Outside ASCII letters have more than two cases.
  if ([...byName].some((name) => !/^[\x20-\x7e]+$/.test(name))) return undefined;
  return [...byName].map(anyCase);
}

/** By number, by word, or by what kind of line it is. */
function spellWatchedPorts(all: readonly Rule[], spellings: Spellings): string[] | undefined {
  const { textsOfKind, unnamedPorts, wordsOfPort } = spellings;
  // Rules without packets are told by the few programs that report anything else.
  const kinds = new Set(all.flatMap((rule) => (isWithoutPackets(rule) ? rule.kinds! : [])));
  const ofKinds = [...kinds].flatMap((kind) => (kind === 'packet' ? [] : textsOfKind[kind].map(escapeRegex)));
  const rules = all.filter((rule) => !isWithoutPackets(rule));
  if (rules.length === 0) return ofKinds;
  const sets = rules.map(({ ports }) => ports);
  const spelled = spellPorts(sets, wordsOfPort);
  if (spelled === undefined) return undefined;
  const isWatched = (port: number) =>
    sets.some(({ ranges }) => ranges.some(({ from, to }) => from <= port && port <= to));
  const unnamed = unnamedPorts.filter(({ ports }) => ports?.some(isWatched) ?? true);
  return [...ofKinds, ...spelled, ...unnamed.flatMap(({ texts }) => texts.map(escapeRegex))];
}

function isWithoutPackets({ kinds }: Rule): boolean {
  return kinds !== undefined && !kinds.includes('packet');
}

/** What is looked for in a text; plain data, so that it can be given to another thread. */
export interface Search {
  /** Every hit has it in its line, or one of the rare texts. An IPv4 address is group 1, unless it is the whole match. */
  readonly key: RegExp | undefined;
  /** Addresses are looked for behind another character, so one at the very beginning of a text is not found. */
  readonly startsInside: boolean;
  /** The hosts that are watched. */
  readonly watched: HostSet;
  /** Addresses of group 1 have to be looked up among them besides. */
  readonly isCoarse: boolean;
  /** Searched for one by one, which V8 does many times faster than an expression with one more alternative. */
  readonly rare: readonly string[];
  /** Every hit has this in its line besides. */
  readonly also: RegExp | undefined;
}

function find(text: string, search: Search, isWatched: (ip: string) => boolean, found: number[]): void {
  const { key, startsInside, isCoarse, rare, also } = search;
  const add = (at: number): number => {
    const start = text.lastIndexOf('\n', at) + 1;
    const lf = text.indexOf('\n', at);
    const end = lf < 0 ? text.length : lf;
    if (also === undefined || also.test(text.slice(start, end))) found.push(start, end);
    return end + 1;
  };
  found.length = 0;
  if (key !== undefined) {
    // The character in front of an address may be the line feed of the line before.
    const next = startsInside ? (at: number) => add(at) - 1 : add;
    key.lastIndex = startsInside && isDigit(text.charCodeAt(0)) ? next(0) : 0;
    if (isCoarse) findWatched(text, key, isWatched, next);
    // No match ends with a line feed, so its last character is in the line it was found in.
    else while (key.test(text)) key.lastIndex = next(key.lastIndex - 1);
  }
  const common = found.length;
  for (const rareText of rare)
    for (let at = text.indexOf(rareText); at >= 0; ) at = text.indexOf(rareText, add(at));
  if (found.length > common) sortSpans(found);
}

/** An IPv4 address, whole. */
const QUAD = /[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/y;

/** Matches of a key that is coarse about addresses: those that are whole and not watched do not count. */
function findWatched(
  text: string,
  key: RegExp,
  isWatched: (ip: string) => boolean,
  next: (at: number) => number,
): void {
  for (let match = key.exec(text); match !== null; match = key.exec(text)) {
    const end = key.lastIndex;
    QUAD.lastIndex = match[1] === undefined ? text.length : end - match[1].length;
    const [ip] = QUAD.exec(text) ?? [];
    key.lastIndex = ip === undefined || isWatched(ip) ? next(end - 1) : QUAD.lastIndex;
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Puts pairs of start and end in order, each once. */
function sortSpans(spans: number[]): void {
  const ends = new Map<number, number>();
  for (let i = 0; i < spans.length; i += 2) ends.set(spans[i]!, spans[i + 1]!);
  spans.length = 0;
  for (const [start, end] of [...ends].sort(([a], [b]) => a - b)) spans.push(start, end);
}
