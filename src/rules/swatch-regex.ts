/** A regular expression of a swatchrc as Perl has it between its slashes, and its flags. */
export interface PerlRegex {
  readonly source: string;
  readonly flags: string;
}

/** What stood behind `watchfor` or `ignore`: expressions of which any may match, or why it is something else. */
export type PerlCondition =
  | { readonly ok: true; readonly regexes: readonly PerlRegex[] }
  | { readonly ok: false; readonly because: string };

/** Reads `/a/`, `/a/i`, `m{a}`, and several joined by `,`, `||` or `or`. swatch puts the text into a Perl `if`, so anything may stand there. */
export function readCondition(text: string): PerlCondition {
  const regexes: PerlRegex[] = [];
  let rest = text.trim();
  for (;;) {
    const regex = takeRegex(rest);
    if (regex === undefined)
      return { ok: false, because: 'the condition is Perl, not a regular expression between slashes' };
    regexes.push(regex.regex);
    rest = regex.rest.trim();
    if (rest === '' || rest.startsWith('#')) return { ok: true, regexes };
    const joint = /^(?:,|\|\||or\b)\s*/.exec(rest);
    if (joint === null) return { ok: false, because: `\`${rest}\` behind the expression is Perl` };
    rest = rest.slice(joint[0].length);
  }
}

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']', '<': '>' };

function takeRegex(text: string): { readonly regex: PerlRegex; readonly rest: string } | undefined {
  const open = /^m(?=[^\w\s])/.test(text) ? text[1]! : text.startsWith('/') ? '/' : undefined;
  if (open === undefined) return undefined;
  const close = CLOSING[open] ?? open;
  const start = text.indexOf(open) + 1;
  let depth = 1;
  let source = '';
  for (let i = start; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\' && i + 1 < text.length) {
      const next = text[++i]!;
      source += next === close && close === '/' ? next : char + next;
      continue;
    }
    if (char === open && close !== open) depth++;
    if (char === close && --depth === 0) {
      const flags = /^[a-z]*/.exec(text.slice(i + 1))![0];
      return { regex: { source, flags }, rest: text.slice(i + 1 + flags.length) };
    }
    source += char;
  }
  return undefined;
}

/** The expression in RE2's words, or why it has none there. */
export function toRe2({
  source,
  flags,
}: PerlRegex): { readonly regex: string } | { readonly because: string } {
  if (flags.includes('x'))
    return { because: 'the flag x (blanks and comments in the expression) has no counterpart' };
  const variable = /(?<!\\)[$@][A-Za-z_{]\w*/.exec(source);
  if (variable !== null) return { because: `\`${variable[0]}\` is a variable of Perl` };
  const kept = [...new Set(flags)].filter((flag) => 'ims'.includes(flag)).join('');
  return { regex: kept === '' ? source : `(?${kept})${source}` };
}

/** The positions of the opening brackets of the groups that capture, in the order Perl counts them. */
function capturingGroups(source: string): number[] {
  const groups: number[] = [];
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') {
      inClass = true;
      // A bracket in front is one of the class.
      if (source[i + 1] === '^') i++;
      if (source[i + 1] === ']') i++;
    } else if (char === '(' && (source[i + 1] !== '?' || /^\(\?P?<[A-Za-z_]/.test(source.slice(i))))
      groups.push(i);
  }
  return groups;
}

/** Calls the Nth group (from 1) `source`; undefined when there is none, or it has a name. */
export function nameSource(source: string, group: number): string | undefined {
  const at = capturingGroups(source)[group - 1];
  if (at === undefined || source[at + 1] === '?') return undefined;
  return `${source.slice(0, at + 1)}?P<source>${source.slice(at + 1)}`;
}

/** The number of the first group that can only hold an IPv4 address: digits with dots between them. */
export function addressGroup(source: string): number | undefined {
  const at = capturingGroups(source).findIndex((open) => {
    const inner = /^\(([^()]*)\)/.exec(source.slice(open))?.[1] ?? '';
    return inner.includes('.') && /^(?:\\d|\\\.|[0-9[\]+*{},.-])+$/.test(inner) && !/^\.[+*]$/.test(inner);
  });
  return at < 0 ? undefined : at + 1;
}
