import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ParseResult } from '../../src/parse/parser.ts';
import type { ParsedAttempt } from '../../src/types.ts';

/**
 * Annotated sample lines: `fixtures/lines/<parser>.log`.
 *
 *   # why this line is here (any number of comment lines, optional)
 *   # expect: {"action":"denied","transport":"tcp","source":{"ip":"192.0.2.7","port":31337},...}
 *   <the log line, byte for byte>
 *
 * Instead of an attempt an expectation may be `{"parsed":false,"reason":"part of the reason"}` (malformed),
 * `{"ignored":true,"reason":"..."}`, `{"loss":5}` (the count; `{"loss":null}` when the notice states none) or
 * `{"foreign":true}` (the parser says: not my format). `reason` is optional and matches a part of the text.
 * Blank lines are skipped; a `# ` line that is no expectation is a comment.
 */
export interface LineFixture {
  readonly line: string;
  readonly expectation: Expectation;
  /** 1-based number of the sample line in its file. */
  readonly lineNumber: number;
  /** The comment lines right above, joined. */
  readonly comment: string;
}

export type Expectation = AttemptExpectation | OtherExpectation;

/** Fields of the attempt. Every one given must be equal. */
export type AttemptExpectation = Partial<ParsedAttempt>;

/** An outcome that is no attempt. */
export interface OtherExpectation {
  readonly parsed?: false;
  readonly ignored?: true;
  readonly loss?: number | null;
  readonly foreign?: true;
  readonly reason?: string;
}

/** Not stating one of these says: the attempt has none (count: 1, source and destination: empty, kind: packet). */
const ABSENT_MEANS_NONE: Partial<Record<keyof ParsedAttempt, unknown>> = {
  kind: 'packet',
  action: undefined,
  transport: undefined,
  source: {},
  destination: {},
  tcpFlags: undefined,
  icmp: undefined,
  spoofed: undefined,
  furtherPorts: undefined,
  count: 1,
};

const ATTEMPT_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(ABSENT_MEANS_NONE),
  ...['parser', 'vendor', 'product', 'protocolNumber', 'ingress', 'egress', 'rule', 'hostname', 'packet'],
  ...['service', 'user', 'path', 'stampMs'],
]);
const OTHER_KEYS: ReadonlySet<string> = new Set(['parsed', 'ignored', 'loss', 'foreign', 'reason']);

const MARK = '# expect: ';

/** Reads an annotated file. Throws when a sample has no expectation, an expectation no sample, or a key is unknown. */
export function readLineFixtures(path: string): LineFixture[] {
  const fixtures: LineFixture[] = [];
  let comment: string[] = [];
  let expectation: Expectation | undefined;
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const where = `${path}:${index + 1}`;
    if (line.startsWith(MARK)) {
      if (expectation !== undefined) throw new Error(`${where}: two expectations for one line`);
      expectation = readExpectation(line.slice(MARK.length), where);
    } else if (line.startsWith('# ') || line === '#') {
      comment.push(line.slice(2));
    } else if (line === '') {
      if (expectation !== undefined) throw new Error(`${where}: an expectation without a line`);
      comment = [];
    } else {
      if (expectation === undefined) throw new Error(`${where}: a line without an expectation`);
      fixtures.push({ line, expectation, lineNumber: index + 1, comment: comment.join(' ') });
      comment = [];
      expectation = undefined;
    }
  }
  if (expectation !== undefined) throw new Error(`${path}: an expectation without a line at the end`);
  return fixtures;
}

/** Defines one test for every sample of `fixtures/lines/<parserName>.log`. */
export function runLineFixtures(parserName: string, parse: (line: string) => ParseResult | undefined): void {
  const path = `fixtures/lines/${parserName}.log`;
  const fixtures = readLineFixtures(path);
  describe(path, () => {
    it('holds samples', () => expect(fixtures.length).toBeGreaterThan(0));
    it.each(
      fixtures.map((fixture) => [`${fixture.lineNumber}: ${fixture.line}`.slice(0, 160), fixture] as const),
    )('%s', (_title, fixture) => expectLine(parse(fixture.line), fixture.expectation));
  });
}

/** Asserts that a parse result is what the expectation says. */
export function expectLine(result: ParseResult | undefined, expectation: Expectation): void {
  if (isOther(expectation)) {
    expect(outcomeOf(result)).toMatchObject(wantedOutcome(expectation));
    if (expectation.reason !== undefined) expect(reasonOf(result)).toContain(expectation.reason);
    return;
  }
  expect(result, 'should be an attempt').toMatchObject({ kind: 'attempt' });
  if (result?.kind !== 'attempt') return;
  const wanted: Record<string, unknown> = { ...ABSENT_MEANS_NONE, ...expectation };
  const got: Record<string, unknown> = {};
  for (const key of Object.keys(wanted)) got[key] = result.attempt[key as keyof ParsedAttempt];
  expect(got).toEqual(wanted);
}

function readExpectation(json: string, where: string): Expectation {
  let value: Expectation;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`${where}: ${String(error)}`);
  }
  const known = isOther(value) ? OTHER_KEYS : ATTEMPT_KEYS;
  for (const key of Object.keys(value)) {
    if (!known.has(key)) throw new Error(`${where}: unknown key "${key}" in an expectation`);
  }
  return value;
}

function isOther(expectation: Expectation): expectation is OtherExpectation {
  return ['parsed', 'ignored', 'loss', 'foreign'].some((key) => key in expectation);
}

function wantedOutcome(expectation: OtherExpectation): object {
  if (expectation.foreign) return { kind: 'foreign' };
  if (expectation.ignored) return { kind: 'ignored' };
  if (expectation.parsed === false) return { kind: 'malformed' };
  return { kind: 'loss', count: expectation.loss ?? undefined };
}

function outcomeOf(result: ParseResult | undefined): object {
  if (result === undefined) return { kind: 'foreign' };
  return result.kind === 'loss' ? { kind: 'loss', count: result.loss.count } : result;
}

function reasonOf(result: ParseResult | undefined): string {
  if (result === undefined || result.kind === 'attempt') return '';
  return result.kind === 'loss' ? result.loss.reason : result.reason;
}
