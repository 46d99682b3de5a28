import type { RE2JS } from 're2js';
import { onDemand } from './on-demand.ts';

const re2js = onDemand<typeof import('re2js')>('re2js');

/** A regular expression of a user's: matching takes time linear to the text, whatever the expression and the text are. */
export interface LinearRegex {
  /** Names of its groups. */
  readonly groups: readonly string[];
  /** A text every match holds, where one can be told: looking for it first is cheap. */
  readonly literal: string | undefined;
  /** The named groups of the first match, those that took part; undefined without a match. */
  find(text: string): ReadonlyMap<string, string> | undefined;
}

/** What is wrong with an expression, and the part of it that is. */
export interface RegexFault {
  readonly message: string;
  readonly part: string;
}

export type RegexResult =
  | { readonly ok: true; readonly regex: LinearRegex }
  | ({ readonly ok: false } & RegexFault);

/** Compiles RE2 syntax (github.com/google/re2/wiki/Syntax): Perl's without look-around and back references. Never throws. */
export function compileLinear(source: string): RegexResult {
  const { RE2JS: engine, RE2JSSyntaxException } = re2js();
  let compiled: RE2JS;
  try {
    compiled = engine.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException))
      return { ok: false, message: (error as Error).message, part: source };
    return {
      ok: false,
      message: explained(error.getDescription(), error.getPattern() ?? source),
      part: error.getPattern() ?? source,
    };
  }
  const groups = Object.keys(compiled.namedGroups());
  return {
    ok: true,
    regex: {
      groups,
      literal: requiredLiteral(source),
      find(text) {
        const matcher = compiled.matcher(text);
        if (!matcher.find()) return undefined;
        const found = new Map<string, string>();
        for (const name of groups) {
          const value = matcher.group(name);
          if (value !== null) found.set(name, value);
        }
        return found;
      },
    },
  };
}

/** RE2's words do not say what people miss most. */
function explained(description: string, part: string): string {
  if (/^\(\?<?[=!]/.test(part)) return 'look-around is Perl and has no linear time';
  if (/^\\[1-9]/.test(part)) return 'back references are Perl and have no linear time';
  return description;
}

/** Shorter ones are in every line. */
const MIN_LITERAL = 3;

/**
 * The longest run of plain characters outside groups and alternatives. Careful rather than clever: it gives up on what it does
 * not know.
 */
export function requiredLiteral(source: string): string | undefined {
  if (/\(\?[^P<:]/.test(source) || source.includes('\\Q')) return undefined;
  const runs: string[] = [];
  let run = '';
  let depth = 0;
  const end = () => {
    runs.push(run);
    run = '';
  };
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    if (char === '\\') {
      const next = source[++i] ?? '';
      if (depth === 0 && /[^A-Za-z0-9]/.test(next)) run += next;
      else end();
      if (/[pPx]/.test(next) && source[i + 1] === '{') i = closing(source, i, '}');
      else if (/[pP]/.test(next)) i++;
      else if (next === 'x') i += 2;
      else if (/[0-7]/.test(next)) while (/[0-7]/.test(source[i + 1] ?? '')) i++;
    } else if (char === '[') {
      i = classEnd(source, i);
      end();
    } else if (char === '(') {
      depth++;
      end();
    } else if (char === ')') {
      depth--;
      end();
    } else if (depth > 0) {
      // What stands in a group may be optional.
    } else if (char === '|') {
      return undefined;
    } else if (/[?*{]/.test(char)) {
      // The character in front may be missing.
      run = run.replace(/.$/su, '');
      end();
      if (char === '{') i = closing(source, i, '}');
    } else if (/[+.^$]/.test(char)) end();
    else run += char;
  }
  end();
  const longest = runs.reduce((best, candidate) => (candidate.length > best.length ? candidate : best));
  return longest.length >= MIN_LITERAL ? longest : undefined;
}

function closing(source: string, from: number, bracket: string): number {
  const at = source.indexOf(bracket, from);
  return at < 0 ? source.length : at;
}

/** A `]` in front of a class is one of its characters, and so is one behind a backslash. */
function classEnd(source: string, open: number): number {
  let i = open + 1;
  if (source[i] === '^') i++;
  if (source[i] === ']') i++;
  for (; i < source.length && source[i] !== ']'; i++) {
    if (source[i] === '\\') i++;
    else if (source.startsWith('[:', i)) i = source.indexOf(':]', i) + 1 || source.length;
  }
  return i;
}
