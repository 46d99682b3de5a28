import { canonicalIp } from '../lib/ip.ts';
import type { Rule, RuleSet } from '../rule.ts';
import { anyCase, escape, spellHosts, spellPorts } from './spell.ts';

/** What a line may stand for without saying so in digits. */
export interface Spellings {
  /** Words formats have in place of a port number. */
  readonly wordsOfPort: (port: number) => readonly string[];
  /** Lines that mean a port they do not name hold one of `texts`; `ports` are all it can be, any when absent. */
  readonly unnamedPorts: readonly { readonly texts: readonly string[]; readonly ports?: readonly number[] }[];
  /** Lines that stand for another line hold one of these. */
  readonly repeats: readonly string[];
}

/**
 * Tells, without decoding or parsing a line, that it can not touch any rule's watch list: it names no watched host, or no
 * watched port. Never wrong about that; what it lets through is decided by the matcher.
 */
export interface Prefilter {
  /**
   * Appends start and end of every line that may give a hit to `found`. `text` is the octets of whole lines as latin1, one
   * character each; an end is the position of the LF, or the end of the text.
   */
  find(text: string, found: number[]): void;
}

/**
 * Compiles the watch lists to one regular expression for what every hit must have in its line, and one for what it must
 * have besides. Undefined when the rules ask for so much that nearly every line would pass, or when the sender itself is
 * watched, since lines that name no host are then about it.
 */
export function compilePrefilter(ruleSet: RuleSet, spellings: Spellings, sender: string): Prefilter | undefined {
  const onHosts = ruleSet.rules.filter(({ hosts }) => !hosts.any);
  const onAnyHost = ruleSet.rules.filter(({ hosts }) => hosts.any);
  if (canonicalIp(sender) !== undefined && onHosts.length > 0) return undefined;
  const hosts = spellWatchedHosts(onHosts, ruleSet.names);
  const ports = spellWatchedPorts(onAnyHost, spellings);
  if (hosts === undefined || ports === undefined) return undefined;
  const besides = onAnyHost.length > 0 ? undefined : spellWatchedPorts(onHosts, spellings);
  const repeats = spellings.repeats.map(escape);
  const key = new RegExp([...hosts, ...ports, ...repeats].join('|') || '(?!)', 'g');
  const also = besides === undefined ? undefined : new RegExp([...besides, ...repeats].join('|'));
  return { find: (text, found) => find(text, key, also, found) };
}

/** By address, or by one of the names that lead to it. */
function spellWatchedHosts(rules: readonly Rule[], names: ReadonlyMap<string, string>): string[] | undefined {
  const byAddress = spellHosts(rules.map(({ hosts }) => hosts));
  if (byAddress === undefined) return undefined;
  const byName = rules.length === 0 ? [] : [...new Set(names.values())];
  // Letter case outside ASCII has more than two forms.
  if (byName.length > 64 || byName.some((name) => !/^[\x20-\x7e]+$/.test(name))) return undefined;
  return [...byAddress, ...byName.map(anyCase)];
}

function spellWatchedPorts(rules: readonly Rule[], { wordsOfPort, unnamedPorts }: Spellings): string[] | undefined {
  if (rules.length === 0) return [];
  const sets = rules.map(({ ports }) => ports);
  const byNumberOrWord = spellPorts(sets, wordsOfPort);
  if (byNumberOrWord === undefined) return undefined;
  const isWatched = (port: number) => sets.some(({ ranges }) => ranges.some(({ from, to }) => from <= port && port <= to));
  const unnamed = unnamedPorts.filter(({ ports }) => ports?.some(isWatched) ?? true);
  return [...byNumberOrWord, ...unnamed.flatMap(({ texts }) => texts.map(escape))];
}

function find(text: string, key: RegExp, also: RegExp | undefined, found: number[]): void {
  key.lastIndex = 0;
  while (key.test(text)) {
    // A match never holds a line feed, so its last character is in the line it was found in.
    const start = text.lastIndexOf('\n', key.lastIndex - 1) + 1;
    const lf = text.indexOf('\n', start);
    const end = lf < 0 ? text.length : lf;
    if (also === undefined || also.test(text.slice(start, end))) found.push(start, end);
    key.lastIndex = end + 1;
  }
}
