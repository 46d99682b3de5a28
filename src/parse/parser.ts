import type { LossNotice, ParsedAttempt, SyslogMessage } from '../types.ts';

/** What a site tells the parsers about its own devices. */
export interface ParseOptions {
  /** Verdict by log prefix (netfilter LOG prefixes carry no action of their own); longest match wins. */
  readonly prefixes: readonly PrefixVerdict[];
  /** The site's own kinds of lines, compiled (pattern.ts); absent: none. */
  readonly patterns?: Patterns;
  /** IANA zone of times in a line's body that state none; UTC when absent. */
  readonly zone?: string;
  /** What a sender's table said last of its columns; bounded by its owner. Absent: nothing is remembered between lines. */
  readonly headers?: Headers;
}

/** Column names by sender, of formats in which a header line says how the lines behind it are to be read. */
export interface Headers {
  get(sender: string): readonly string[] | undefined;
  set(sender: string, columns: readonly string[]): void;
}

/** Reads the lines that no parser finds an attempt in. */
export interface Patterns {
  parse(message: SyslogMessage): ParseResult | undefined;
}

/** A site's own log prefix and what it means. */
export interface PrefixVerdict {
  /** Literal text the prefix starts with. */
  readonly prefix: string;
  readonly action: 'denied' | 'allowed' | 'unknown';
}

/**
 * What a parser made of a message. `undefined` (not a member here) means "not my format".
 * `ignored` is a line of the format that reports no attempt; `malformed` is one that cannot be trusted.
 */
export type ParseResult =
  | { readonly kind: 'attempt'; readonly attempt: ParsedAttempt }
  | { readonly kind: 'loss'; readonly loss: LossNotice }
  | { readonly kind: 'ignored'; readonly parser: string; readonly reason: string }
  | { readonly kind: 'malformed'; readonly parser: string; readonly reason: string };

/**
 * One log format. `parse` never throws: hostile text gives `malformed` or `undefined`.
 * It reads the message in the format's own order; text in brackets, quotes or names never overrides the five-tuple.
 */
export interface Parser {
  readonly name: string;
  /** `sender` tells who wrote the message, for what is remembered between lines (`options.headers`). */
  parse(message: SyslogMessage, options: ParseOptions, sender?: string): ParseResult | undefined;
}
