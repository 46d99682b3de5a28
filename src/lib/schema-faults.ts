import type { z } from 'zod';
import { visible } from './escape.ts';
import { didYouMean, nearest } from './nearest.ts';
import { HIDDEN, isSecretKey, withoutSecrets } from './secrets.ts';
import type { YamlPath } from './yaml-file.ts';

/** The parts of a JSON Schema that tell which keys an object may have. */
export interface KeySchema {
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: KeySchema | boolean;
  readonly items?: KeySchema;
  readonly anyOf?: readonly KeySchema[];
  readonly oneOf?: readonly KeySchema[];
  readonly const?: unknown;
}

/** With more keys than this a list of them is no help. */
const MAX_KEYS_TOLD = 30;

/** One violation of a schema, in words for the person who wrote the file. */
export interface SchemaFault {
  readonly path: YamlPath;
  /** Whether the key itself is wrong, or what stands behind it. */
  readonly part: 'key' | 'value';
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/**
 * Turns zod's issues (parsed with `reportInput: true`) into sentences that quote what was written and name the
 * nearest valid word. `schema` is the JSON Schema of the same shape; it knows the valid keys at every place.
 */
export function schemaFaults(issues: readonly Issue[], schema: KeySchema): SchemaFault[] {
  const misspelt = misspeltKeys(issues, schema);
  return issues
    .filter((issue) => !isConsequence(issue, misspelt))
    .flatMap((issue) => describe(issue, [], schema));
}

/** Where unknown keys stand, and the keys they were meant to be: a misspelt key need not also be called missing. */
function misspeltKeys(issues: readonly Issue[], schema: KeySchema): ReadonlySet<string> {
  const places = new Set<string>();
  for (const issue of issues)
    if (issue.code === 'unrecognized_keys') {
      places.add(JSON.stringify(issue.path));
      for (const key of issue.keys) {
        const meant = nearest(key, keysAt(schema, issue.path));
        if (meant !== undefined) places.add(JSON.stringify([...issue.path, meant]));
      }
    }
  return places;
}

function isConsequence(issue: Issue, misspelt: ReadonlySet<string>): boolean {
  const concernsWhole = issue.code === 'custom' || issue.input === undefined;
  return issue.code !== 'unrecognized_keys' && concernsWhole && misspelt.has(JSON.stringify(issue.path));
}

/** A value as it was written but for secrets in it, short enough for a message. */
export function quoted(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return `\`${visible(withoutSecrets(String(value)), 60)}\``;
}

function describe(raised: Issue, parents: YamlPath, schema: KeySchema): SchemaFault[] {
  const path = [...parents, ...raised.path];
  const isHidden = isSecretKey(path.at(-1)) && raised.input !== undefined;
  const issue: Issue = isHidden ? ({ ...raised, input: HIDDEN } as Issue) : raised;
  const fault = (message: string, part: SchemaFault['part'] = 'value'): SchemaFault[] => [
    { path, part, message },
  ];
  const name = path.findLast((step) => typeof step === 'string');
  const key = name === undefined ? 'the file' : `\`${String(name)}\``;

  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((unknown) => ({
      path: [...path, unknown],
      part: 'key',
      message: `unknown key \`${unknown}\`${keyHint(unknown, keysAt(schema, path, issue.input))}`,
    }));
  if (issue.code === 'invalid_key')
    return fault(`${quoted(issue.input)}: ${issue.issues[0]?.message ?? 'not a valid key'}`, 'key');
  if (issue.input === undefined) return fault(`${key} is missing`, 'key');
  if (isOwnMessage(issue.message)) {
    const written = typeof issue.input === 'object' ? '' : `${quoted(issue.input)}: `;
    return fault(`${written}${issue.message}`);
  }
  switch (issue.code) {
    case 'invalid_type':
      return fault(
        `${quoted(issue.input)} cannot be used for ${key}: ${article(issue.expected)} is expected`,
      );
    case 'invalid_value': {
      return fault(notOneOf(issue.input, key, issue.values.map(String)));
    }
    case 'too_small':
    case 'too_big':
      return fault(size(issue, key));
    case 'invalid_union':
      if ('options' in issue && Array.isArray(issue.options)) {
        // The word that tells the kinds apart is wrong; the input is all that stands beside it.
        const written = (issue.input as Record<PropertyKey, unknown>)[path.at(-1) ?? ''];
        if (written === undefined) return fault(`${key} is missing (one of ${issue.options.join(', ')})`);
        return fault(notOneOf(written, key, issue.options.map(String)));
      }
      return describeUnion(issue, path, schema) ?? fault(`${quoted(issue.input)} is not valid for ${key}`);
    default:
      return fault(`${quoted(issue.input)}: ${issue.message}`);
  }
}

function notOneOf(written: unknown, key: string, words: readonly string[]): string {
  const guess = typeof written === 'string' ? didYouMean(written, words) : '';
  return `${quoted(written)} is not valid for ${key}${guess} (one of ${words.join(', ')})`;
}

/** Messages written in a schema are better than any made here; zod's own all start with one of these words. */
function isOwnMessage(message: string): boolean {
  return !/^(Invalid|Too (small|big)|Unrecognized)/.test(message);
}

/** The member of the union that came furthest knows best what is wrong; undefined when none got past the start. */
function describeUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: YamlPath,
  schema: KeySchema,
): SchemaFault[] | undefined {
  const furthest = issue.errors
    .filter((issues) => issues.some((inner) => inner.path.length > 0))
    .sort((a, b) => deepest(b) - deepest(a))[0];
  return furthest?.flatMap((inner) => describe(inner, path, schema));
}

function deepest(issues: readonly Issue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length));
}

function size(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, key: string): string {
  const small = issue.code === 'too_small';
  const bound = small ? issue.minimum : issue.maximum;
  const limit = `${small ? 'at least' : 'at most'} ${bound}`;
  if (issue.origin === 'array') return `${key} needs ${limit} ${Number(bound) === 1 ? 'entry' : 'entries'}`;
  if (issue.origin === 'string') {
    if (small && issue.input === '') return `${key} is empty`;
    return `${quoted(issue.input)} is too ${small ? 'short' : 'long'} for ${key}: ${limit} characters`;
  }
  return `${quoted(issue.input)} is too ${small ? 'small' : 'large'} for ${key}: ${limit}`;
}

function article(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    object: 'a mapping (key: value)',
    record: 'a mapping (key: value)',
    array: 'a list',
    string: 'text',
    int: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
  };
  return words[expected] ?? expected;
}

/** The key that was meant, or where none is near, those there are. */
function keyHint(unknown: string, keys: readonly string[]): string {
  const hint = didYouMean(unknown, keys);
  if (hint !== '' || keys.length === 0 || keys.length > MAX_KEYS_TOLD) return hint;
  return ` (the keys here are ${keys.join(', ')})`;
}

/** The keys a schema allows at a path; alternatives of a union are joined, but for those `written` tells apart. */
function keysAt(schema: KeySchema, path: YamlPath, written?: unknown): string[] {
  let here: readonly KeySchema[] = [schema];
  for (const step of path)
    here = here.flatMap(alternatives).flatMap((at) => {
      const next =
        typeof step === 'number' ? at.items : (at.properties?.[String(step)] ?? at.additionalProperties);
      return typeof next === 'object' ? [next] : [];
    });
  const keys = here
    .flatMap(alternatives)
    .filter((at) => isMeant(at, written))
    .flatMap((at) => Object.keys(at.properties ?? {}));
  return [...new Set(keys)];
}

/** Whether an alternative is not told from what was written by a word that is fixed in it (`kind`). */
function isMeant({ properties = {} }: KeySchema, written: unknown): boolean {
  return Object.entries(properties).every(([key, { const: fixed }]) => {
    const value = (written as Record<string, unknown> | undefined)?.[key];
    return fixed === undefined || value === undefined || value === fixed;
  });
}

function alternatives(schema: KeySchema): readonly KeySchema[] {
  const { anyOf, oneOf = anyOf } = schema;
  return oneOf === undefined ? [schema] : oneOf.flatMap(alternatives);
}
