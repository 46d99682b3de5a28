import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  visit as visitNodes,
  type YAMLMap,
} from 'yaml';
import { didYouMean } from './nearest.ts';
import { withoutSecrets } from './secrets.ts';

/** Open collections at one place; a rule file needs about ten. The composer is recursive, so this guards the stack. */
const MAX_OPEN = 64;
/** Values after aliases are expanded; a hundred thousand hosts need two hundred thousand. */
const MAX_VALUES = 500_000;
/** Syntax errors follow from one another: the first few are worth reading. */
const MAX_FAULTS = 10;
/** Keys that mean something to JavaScript objects. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A place in the text, 1-based. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Something wrong at a place in the text. */
export interface YamlFault extends TextPosition {
  readonly message: string;
}

/** A path into the value: keys and list indexes. */
export type YamlPath = readonly PropertyKey[];

/** A read document: its plain value, and where each part of it was written. `value` is undefined if there are faults. */
export interface YamlFile {
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** Where the value at `path` starts (its key, for `key`); the nearest thing around it when it was not written. */
  locate(path: YamlPath, part?: 'key' | 'value'): TextPosition;
}

/**
 * Reads one YAML 1.2 document from text people wrote, with positions. Never throws: bad syntax, repeated keys, tags,
 * control characters, prototype keys, deep nesting and alias bombs are faults. The caller bounds the text's length.
 */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const faults: YamlFault[] = [];
  const at = (offset: number): TextPosition => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return line === 0 ? { line: 1, column: offset + 1 } : { line, column: col };
  };
  const fault = (offset: number, message: string): void => {
    if (faults.length < MAX_FAULTS) faults.push({ ...at(offset), message });
  };
  const refuse = (): YamlFile => ({ value: undefined, faults, locate: () => ({ line: 1, column: 1 }) });

  const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    faults.push({ ...positionOf(text, control.index), message: `control character U+${code} in the text` });
    return refuse();
  }
  const document = compose(text, lines, fault);
  if (document === undefined || faults.length > 0) return refuse();
  checkNodes(document, text, fault);
  if (faults.length > 0) return refuse();
  const find = nodeFinder(document);
  return {
    value: document.toJS({ maxAliasCount: -1 }),
    faults,
    locate: (path, part = 'value') => at(find(path, part)),
  };
}

type Report = (offset: number, message: string) => void;

/** Tokens go to the composer only once their depth is known to be harmless. */
function compose(text: string, lines: LineCounter, fault: Report): Document.Parsed | undefined {
  const parser = new Parser(lines.addNewLine);
  // `next` takes lexemes, and the parser learns of the first line only from `parse`.
  lines.addNewLine(0);
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_OPEN) {
      fault(parser.offset, `nested deeper than ${MAX_OPEN / 2} levels`);
      return undefined;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  // Repeated keys are looked for in checkNodes: the library's own search is quadratic in the size of a mapping.
  const composer = new Composer({ uniqueKeys: false, stringKeys: true, lineCounter: lines });
  let document: Document.Parsed | undefined;
  for (const next of composer.compose(tokens, true, text.length)) {
    if (document !== undefined) {
      fault(next.range[0], 'a second document starts here: one file holds one document');
      break;
    }
    document = next;
  }
  const complaints = [document?.errors ?? [], document?.warnings ?? []].flatMap((list) =>
    list.slice(0, MAX_FAULTS),
  );
  for (const { code, pos, message } of complaints) {
    const offset = code === 'MISSING_CHAR' ? startOfQuote(document!, pos[0]) : pos[0];
    fault(offset, `not valid YAML near ${near(text, offset)}: ${message}`);
  }
  return document;
}

/** Where a quote opens that ends at an offset for want of a closing one, often the end of the file; else that offset. */
function startOfQuote(document: Document.Parsed, endOffset: number): number {
  let start = endOffset;
  visitNodes(document, {
    Scalar: (_, { type, range }) => {
      if (type?.startsWith('QUOTE_') && range?.[1] === endOffset) start = range[0];
    },
  });
  return start;
}

/** The line around an offset, for a message: quoted, short. */
function near(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = withoutSecrets(text.slice(start, end < 0 ? undefined : end)).trim();
  return line === '' ? 'an empty line' : `\`${line.length > 40 ? `${line.slice(0, 40)}...` : line}\``;
}

/** What the syntax allows and we do not: repeated and prototype keys, aliases that contain themselves or explode. */
function checkNodes(document: Document.Parsed, text: string, fault: Report): void {
  const sizes = new Map<string, number>();
  let values = 0;

  const visitAlias = (alias: Alias): void => {
    const offset = offsetOf(alias);
    const size = sizes.get(alias.source);
    if (size === undefined)
      fault(offset, `\`*${alias.source}\` has no anchor before it${didYouMean(alias.source, sizes.keys())}`);
    else if (Number.isNaN(size)) fault(offset, `\`*${alias.source}\` contains itself`);
    else if (values <= MAX_VALUES && values + size > MAX_VALUES)
      fault(offset, `\`*${alias.source}\` expands the file to more than ${MAX_VALUES} values`);
    values += size ?? 0;
  };

  const visitPairs = (pairs: readonly Pair[]): void => {
    const seen = new Map<string, number>();
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? String(key.value) : '';
      const offset = offsetOf(key as Node);
      const before = seen.get(name);
      if (FORBIDDEN_KEYS.has(name)) fault(offset, `\`${name}\` cannot be used as a name`);
      else if (before !== undefined)
        fault(offset, `\`${name}\` is written twice, first on line ${positionOf(text, before).line}`);
      seen.set(name, offset);
      visit(value as Node | null);
    }
  };

  const visit = (node: Node | null): void => {
    if (node === null) return;
    if (isAlias(node)) {
      visitAlias(node);
      return;
    }
    values++;
    const before = values;
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) sizes.set(anchor, Number.NaN);
    if (isMap(node)) visitPairs(node.items);
    else if (isSeq(node)) for (const item of node.items) visit(item as Node);
    if (anchor !== undefined) sizes.set(anchor, values - before + 1);
  };

  visit(document.contents);
}

/** Finds where the parts of a document stand; remembers the keys of the mappings it passed. */
function nodeFinder(document: Document.Parsed): (path: YamlPath, part: 'key' | 'value') => number {
  const pairsByKey = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
  const pairOf = (map: YAMLMap, key: string): Pair | undefined => {
    let pairs = pairsByKey.get(map);
    if (pairs === undefined) {
      pairs = new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]));
      pairsByKey.set(map, pairs);
    }
    return pairs.get(key);
  };
  /** Walks through aliases; stops at the last node that was written. */
  return (path, part) => {
    let node: Node | null = document.contents;
    let offset = offsetOf(node);
    for (const [i, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document) ?? null;
      if (isMap(node)) {
        const pair = pairOf(node, String(step));
        if (pair === undefined) break;
        const keyWanted = part === 'key' && i === path.length - 1;
        node = pair.value as Node | null;
        offset = offsetOf(keyWanted || !hasText(node) ? (pair.key as Node) : node);
      } else if (isSeq(node)) {
        const item = node.items[Number(step)] as Node | undefined;
        if (item === undefined) break;
        node = item;
        offset = offsetOf(node);
      } else break;
    }
    return offset;
  };
}

/** False for the empty value behind `key:`, which is better shown at its key. */
function hasText(node: Node | null): node is Node {
  return node?.range != null && node.range[1] > node.range[0];
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/** Line and column of an offset in a text. */
export function positionOf(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: offset - lastBreak };
}
