import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeySchema, schemaFaults } from '../lib/schema-faults.ts';
import { readYaml, type YamlFile, type YamlPath } from '../lib/yaml-file.ts';
import type { Problem, SourcePosition } from '../rule.ts';
import { jsonSchema, type RuleFile, ruleFileSchema } from './schema.ts';

/** Ten thousand rules fit. */
const MAX_BYTES = 1024 * 1024;
/** Nobody reads more of one load. */
const MAX_PROBLEMS = 100;

/** A rule file that agrees with the schema; names in it are not resolved yet. */
export interface RuleSource {
  readonly file: string;
  readonly data: RuleFile;
  /** Where a part of the file was written. */
  locate(path: YamlPath, part?: 'key' | 'value'): SourcePosition;
}

/** Collects problems of one load, at most MAX_PROBLEMS of each level. */
export class ProblemList {
  readonly #problems: Problem[] = [];
  readonly #left: Record<Problem['level'], number> = { error: MAX_PROBLEMS, warning: MAX_PROBLEMS };

  add(position: SourcePosition, message: string, level: Problem['level'] = 'error'): void {
    if (this.#left[level]-- > 0) this.#problems.push({ position, message, level });
  }

  get hasErrors(): boolean {
    return this.#left.error < MAX_PROBLEMS;
  }

  /** In the order of files and lines. */
  sorted(): Problem[] {
    const order = (a: SourcePosition, b: SourcePosition) =>
      (a.file < b.file ? -1 : Number(a.file > b.file)) || a.line - b.line || a.column - b.column;
    return this.#problems.sort((a, b) => order(a.position, b.position));
  }
}

/** Whether a file of that name in a rule directory is a rule file. */
export function isRuleFile(name: string): boolean {
  return /^[^.].*\.ya?ml$/i.test(name);
}

/** The rule files a path stands for: itself, or the visible *.yaml and *.yml in a directory, in lexical order. */
export async function listRuleFiles(path: string, problems: ProblemList): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    return names
      .filter(isRuleFile)
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    problems.add(start(path), `cannot be read: ${reason(error)}`);
    return [];
  }
}

/** A file's text, or undefined and a problem: too long, not a file, not UTF-8. */
export async function readRuleText(file: string, problems: ProblemList): Promise<string | undefined> {
  try {
    const stats = await stat(file);
    // Asked before opening: opening a FIFO would wait for its writer.
    if (!stats.isFile()) {
      problems.add(
        start(file),
        `is ${stats.isDirectory() ? 'a directory' : 'something else'}, not a rule file`,
      );
      return undefined;
    }
    const bytes = stats.size > MAX_BYTES ? undefined : await readFile(file);
    if (bytes === undefined || bytes.length > MAX_BYTES) {
      problems.add(
        start(file),
        `is larger than ${MAX_BYTES} bytes: split it, a directory is read as a whole`,
      );
      return undefined;
    }
    return decodeUtf8(bytes, file, problems);
  } catch (error) {
    problems.add(start(file), `cannot be read: ${reason(error)}`);
    return undefined;
  }
}

/** Reads and checks one file by itself; undefined, and problems with positions, when it cannot be used. */
export function parseRuleFile(file: string, text: string, problems: ProblemList): RuleSource | undefined {
  const yaml = readYaml(text);
  for (const { line, column, message } of yaml.faults) problems.add({ file, line, column }, message);
  if (yaml.faults.length > 0) return undefined;
  const locate = locator(file, yaml);
  // A file of comments only is an empty document: no rules yet, not a mistake.
  const parsed = ruleFileSchema.safeParse(yaml.value ?? {}, { reportInput: true });
  if (parsed.success) return { file, data: parsed.data, locate };
  for (const { path, part, message } of schemaFaults(
    parsed.error.issues.slice(0, MAX_PROBLEMS),
    jsonSchema() as KeySchema,
  ))
    problems.add(locate(path, part), message);
  return undefined;
}

function locator(file: string, yaml: YamlFile): RuleSource['locate'] {
  return (path, part) => ({ file, ...yaml.locate(path, part) });
}

function decodeUtf8(bytes: Buffer, file: string, problems: ProblemList): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const before = textBeforeFault(bytes);
    const line = before.split('\n').length;
    problems.add({ file, line, column: before.length - before.lastIndexOf('\n') }, 'is not UTF-8 text');
    return undefined;
  }
}

/** What is UTF-8 at the beginning; a U+FFFD that was written there is no fault. */
function textBeforeFault(bytes: Buffer): string {
  const replacement = Buffer.from('\uFFFD');
  const text = bytes.toString('utf8');
  let end = text.indexOf('\uFFFD');
  let from = 0;
  for (let at = 0; end >= 0; end = text.indexOf('\uFFFD', from)) {
    at += Buffer.byteLength(text.slice(from, end));
    if (!bytes.subarray(at, at + replacement.length).equals(replacement)) return text.slice(0, end);
    at += replacement.length;
    from = end + 1;
  }
  return text;
}

/** The beginning of a file, for what concerns it as a whole. */
export function start(file: string): SourcePosition {
  return { file, line: 1, column: 1 };
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}
