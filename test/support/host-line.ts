import { decode } from '../../src/decode/decode.ts';
import type { ParseResult, Parser } from '../../src/parse/parser.ts';
import type { ParsedAttempt } from '../../src/types.ts';

const OPTIONS = { referenceMs: Date.UTC(2026, 10, 23), zone: 'UTC' };

/** Decodes a line as a file or the wire brings it and gives it to one parser. */
export function parseLine(parser: Parser, line: string): ParseResult | undefined {
  return parser.parse(decode(line, OPTIONS), { prefixes: [] });
}

/** The attempt in a result; undefined when it is anything else. */
export function attemptOf(result: ParseResult | undefined): ParsedAttempt | undefined {
  return result?.kind === 'attempt' ? result.attempt : undefined;
}

/** What a result says about the remote end, in one word: the address, the name, `malformed`, `ignored` or `foreign`. */
export function remoteOf(result: ParseResult | undefined): string {
  if (result === undefined) return 'foreign';
  if (result.kind !== 'attempt') return result.kind;
  return result.attempt.source.ip ?? result.attempt.source.name ?? 'nobody';
}

/** The fastest of a few runs: the others waited for the machine. */
export function fastestMs(run: () => unknown): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    run();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}
