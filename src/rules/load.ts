import type { Problem, RuleSet } from '../rule.ts';
import { Inventory, joinHosts, parseHosts } from './hosts.ts';
import {
  listRuleFiles,
  ProblemList,
  parseRuleFile,
  type RuleSource,
  readRuleText,
  start,
} from './read-file.ts';
import { type Resolving, resolveIgnore, resolveRule } from './resolve.ts';
import { resolvePattern } from './resolve-pattern.ts';
import { MAX_HOSTS, MAX_RULES } from './schema.ts';
import { MAX_PATTERNS } from './schema-pattern.ts';

export interface LoadOptions {
  /** Decides which ignores have expired. */
  readonly nowMs?: number;
  /** Where relative paths of tests are looked up when they are not beside the rule file. */
  readonly cwd?: string;
  /** Names of the channels there are; when absent, `notify` may name any. */
  readonly channels?: readonly string[];
}

export interface LoadedRules {
  /** Absent when there is any error. */
  readonly ruleSet?: RuleSet;
  /** Errors and warnings in the order of files and lines. */
  readonly problems: readonly Problem[];
  /** Text of every file read, for formatProblem. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads a rule file, or all rule files of a directory as one set: hosts are shared, ids and names are unique across
 * files. Never throws for what the files say or for files that cannot be read; everything wrong is a Problem.
 */
export async function loadRules(path: string, options: LoadOptions = {}): Promise<LoadedRules> {
  const problems = new ProblemList();
  const texts = new Map<string, string>();
  const sources: RuleSource[] = [];
  for (const file of await listRuleFiles(path, problems)) {
    const text = await readRuleText(file, problems);
    if (text === undefined) continue;
    texts.set(file, text);
    const source = parseRuleFile(file, text, problems);
    if (source !== undefined) sources.push(source);
  }
  // Names may stand in any file: with one of them unreadable, what is unknown cannot be told.
  const ruleSet = problems.hasErrors ? undefined : resolveAll(path, sources, problems, options);
  const result = { problems: problems.sorted(), sources: texts };
  return ruleSet === undefined || problems.hasErrors ? result : { ...result, ruleSet };
}

function resolveAll(
  path: string,
  sources: readonly RuleSource[],
  problems: ProblemList,
  { nowMs = Date.now(), cwd = process.cwd(), channels }: LoadOptions,
): RuleSet {
  const inventory = defineHosts(sources, problems);
  checkIds(sources, 'rules', problems);
  checkIds(sources, 'patterns', problems);
  const patterns = sources.flatMap((source) =>
    source.data.patterns.map((entry, i) => resolvePattern(entry, i, source, problems)),
  );
  const patternIds = new Set(patterns.map(({ id }) => id));
  const rules = [];
  const ignores = [];
  const budget = { watched: 0 };
  for (const source of sources) {
    const resolving: Resolving = { source, inventory, problems, nowMs, cwd, patternIds, budget, channels };
    for (const [i, entry] of source.data.rules.entries()) rules.push(resolveRule(entry, i, resolving));
    for (const [i, entry] of source.data.ignore.entries()) ignores.push(resolveIgnore(entry, i, resolving));
  }
  if (rules.length === 0) problems.add(start(path), 'no rules: nothing will be watched', 'warning');
  if (rules.length > MAX_RULES) problems.add(start(path), `more than ${MAX_RULES} rules`);
  if (patterns.length > MAX_PATTERNS) problems.add(start(path), `more than ${MAX_PATTERNS} patterns`);
  return {
    rules,
    ignores,
    ...(patterns.length === 0 ? {} : { patterns }),
    names: inventory.displayNames(),
    files: sources.map(({ file }) => file),
  };
}

/** All `hosts:` of all files; a name has one meaning. */
function defineHosts(sources: readonly RuleSource[], problems: ProblemList): Inventory {
  const inventory = new Inventory();
  const defined = new Map<string, { readonly source: RuleSource; readonly name: string }>();
  for (const source of sources)
    for (const [name, written] of Object.entries(source.data.hosts)) {
      const before = defined.get(name.toLowerCase());
      if (before !== undefined) {
        const { file, line } = before.source.locate(['hosts', before.name], 'key');
        problems.add(
          source.locate(['hosts', name], 'key'),
          `host \`${name}\` is already named in ${file}:${line}`,
        );
        continue;
      }
      defined.set(name.toLowerCase(), { source, name });
      if (name.toLowerCase() === 'any' || parseHosts(name).ok)
        problems.add(
          source.locate(['hosts', name], 'key'),
          `\`${name}\` cannot be a host name, it already means something`,
        );
      inventory.define(name, readHosts(name, written, source, problems));
    }
  if (defined.size > MAX_HOSTS) problems.add(start(sources[0]!.file), `more than ${MAX_HOSTS} named hosts`);
  return inventory;
}

function readHosts(name: string, written: string | string[], source: RuleSource, problems: ProblemList) {
  const sets = [];
  for (const [i, text] of [written].flat().entries()) {
    const result = parseHosts(text);
    if (result.ok) sets.push(result.hosts);
    else
      problems.add(
        source.locate(Array.isArray(written) ? ['hosts', name, i] : ['hosts', name]),
        result.message,
      );
  }
  return joinHosts(sets);
}

function checkIds(
  sources: readonly RuleSource[],
  section: 'rules' | 'patterns',
  problems: ProblemList,
): void {
  const seen = new Map<string, { readonly source: RuleSource; readonly index: number }>();
  for (const source of sources)
    for (const [index, { id }] of source.data[section].entries()) {
      const before = seen.get(id);
      if (before === undefined) seen.set(id, { source, index });
      else {
        const { file, line } = before.source.locate([section, before.index, 'id']);
        problems.add(
          source.locate([section, index, 'id']),
          `${section.slice(0, -1)} \`${id}\` already exists in ${file}:${line}`,
        );
      }
    }
}
