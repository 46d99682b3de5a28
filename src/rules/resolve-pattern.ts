import { compileLinear } from '../lib/linear-regex.ts';
import { didYouMean } from '../lib/nearest.ts';
import { PATTERN_GROUPS, type Pattern } from '../rule.ts';
import type { ProblemList, RuleSource } from './read-file.ts';
import type { PatternEntry } from './schema.ts';

/** A pattern with its regular expression checked; what is wrong with it is reported. */
export function resolvePattern(
  entry: PatternEntry,
  index: number,
  source: RuleSource,
  problems: ProblemList,
): Pattern {
  const path = ['patterns', index];
  checkRegex(entry, source, [...path, 'regex'], problems);
  const { id, regex, contains, kind, action, port, transport, service } = entry;
  return {
    id,
    regex,
    kind,
    action,
    position: source.locate(path),
    ...(contains === undefined ? {} : { contains }),
    ...(port === undefined ? {} : { port }),
    ...(transport === undefined ? {} : { transport }),
    ...(service === undefined ? {} : { service }),
  };
}

function checkRegex(
  { regex, contains }: PatternEntry,
  source: RuleSource,
  path: readonly (string | number)[],
  problems: ProblemList,
): void {
  const at = source.locate(path);
  const result = compileLinear(regex);
  if (!result.ok) {
    problems.add(at, `not a regular expression (RE2): ${result.message}: \`${result.part}\``);
    return;
  }
  const { find, groups, literal } = result.regex;
  for (const name of groups)
    if (!(PATTERN_GROUPS as readonly string[]).includes(name))
      problems.add(
        at,
        `no field is called \`${name}\`${didYouMean(name, PATTERN_GROUPS)} (one of ${PATTERN_GROUPS.join(', ')})`,
      );
  if (find('') !== undefined) problems.add(at, 'this matches every line');
  else if (!groups.includes('source'))
    problems.add(
      at,
      'has no group `source`: only lines of senders that are known by an address will count',
      'warning',
    );
  if (contains === undefined && literal === undefined)
    problems.add(
      at,
      'holds no plain text to look for first, so it is tried on every line: name one in `contains`',
      'warning',
    );
}
