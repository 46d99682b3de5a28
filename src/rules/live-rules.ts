import { isDeepStrictEqual } from 'node:util';
import type { Problem, Rule, RuleSet } from '../rule.ts';
import type { RulesStatus } from '../status.ts';
import { loadRules } from './load.ts';
import { RulesWatch, type RulesWatchOptions } from './rules-watch.ts';

/** What came of looking at the rule files again. */
export interface ReloadReport {
  readonly outcome: 'changed' | 'unchanged' | 'refused';
  /** Errors when refused, else warnings. */
  readonly problems: readonly Problem[];
}

/** Something to write into the log. */
export interface RulesEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: object;
}

export interface LiveRulesOptions extends RulesWatchOptions {
  readonly path: string;
  /** Names of the channels there are; when absent, `notify` may name any. */
  readonly channels?: readonly string[];
  /** The rules in force at the beginning, read from `path`. */
  readonly ruleSet: RuleSet;
  /** Other rules are in force from now on. */
  readonly onChange: (ruleSet: RuleSet) => void;
  /** After every look at the files. */
  readonly onReport?: (report: ReloadReport) => void;
  readonly onEvent: (event: RulesEvent) => void;
}

/** Problems kept for the status; the log has the same. */
const MAX_PROBLEMS = 10;

/**
 * The rules in force, and the files they come from. Files that are wrong change nothing: the rules before them stay in
 * force, and the status says what is wrong and where.
 */
export class LiveRules {
  readonly #options: LiveRulesOptions;
  readonly #watch: RulesWatch;
  #current: RuleSet;
  #loadedAtMs = Date.now();
  #checkedAtMs = this.#loadedAtMs;
  #problems: readonly string[] | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LiveRulesOptions) {
    this.#options = options;
    this.#current = options.ruleSet;
    this.#watch = new RulesWatch(options.path, () => void this.reload('a file has changed'), options);
  }

  /** The rules in force. */
  get current(): RuleSet {
    return this.#current;
  }

  /** From now on a change of the files is taken without being told. */
  watch(): Promise<void> {
    return this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
  }

  /** Reads the files again, all of them and as a whole; `because` stands in the log. One at a time, in order. Never rejects. */
  reload(because: string): Promise<ReloadReport> {
    const report = this.#last.then(async () => {
      const outcome = await this.#reload(because);
      this.#options.onReport?.(outcome);
      return outcome;
    });
    this.#last = report;
    return report;
  }

  status(): RulesStatus {
    return {
      path: this.#options.path,
      files: this.#current.files,
      rules: this.#current.rules.length,
      loadedAtMs: this.#loadedAtMs,
      checkedAtMs: this.#checkedAtMs,
      ...(this.#problems === undefined ? {} : { problems: this.#problems }),
    };
  }

  async #reload(because: string): Promise<ReloadReport> {
    const { onChange, onEvent, path, channels } = this.#options;
    const { ruleSet, problems } = await loadRules(path, channels === undefined ? {} : { channels });
    this.#checkedAtMs = Date.now();
    if (ruleSet === undefined) {
      const errors = problems.filter(({ level }) => level === 'error');
      this.#problems = errors.slice(0, MAX_PROBLEMS).map(sentence);
      const details = { because, problems: this.#problems };
      onEvent({
        level: 'error',
        message: `the new rules can not be used, the old ones stay: ${this.#problems[0] ?? path}`,
        details,
      });
      return { outcome: 'refused', problems: errors };
    }
    this.#problems = undefined;
    this.#loadedAtMs = this.#checkedAtMs;
    for (const problem of problems) onEvent({ level: 'warn', message: sentence(problem), details: {} });
    const changes = changesBetween(this.#current, ruleSet);
    this.#current = ruleSet;
    // Told in any case: where in the files a rule stands may have changed, and mails say it.
    onChange(ruleSet);
    const message =
      changes === undefined ? 'the rules are as they were' : `${ruleSet.rules.length} rules are in force now`;
    onEvent({ level: changes === undefined ? 'debug' : 'info', message, details: { because, ...changes } });
    return { outcome: changes === undefined ? 'unchanged' : 'changed', problems };
  }
}

function sentence({ position: { file, line, column }, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** Ids by what became of them, or undefined when every rule, name and ignore says what it said. */
function changesBetween(before: RuleSet, after: RuleSet): object | undefined {
  const known = new Map(before.rules.map((rule) => [rule.id, rule]));
  const kept = new Set(after.rules.map(({ id }) => id));
  const added = after.rules.filter(({ id }) => !known.has(id)).map(({ id }) => id);
  const changed = after.rules
    .filter((rule) => known.has(rule.id) && !sameRule(known.get(rule.id)!, rule))
    .map(({ id }) => id);
  const removed = before.rules.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  const rest = ({ ignores, names, patterns = [] }: RuleSet) => [
    ignores.map(({ position: _, ...ignore }) => ignore),
    patterns.map(({ position: _, ...pattern }) => pattern),
    names,
  ];
  const sameRest = isDeepStrictEqual(rest(before), rest(after));
  return sameRest && added.length + changed.length + removed.length === 0
    ? undefined
    : { added, changed, removed };
}

function sameRule(before: Rule, after: Rule): boolean {
  const content = ({ position: _, tests: __, ...rule }: Rule) => rule;
  return isDeepStrictEqual(content(before), content(after));
}
