import { compileLinear } from '../lib/linear-regex.ts';
import { type Action, type Note, translateActions } from './swatch-actions.ts';
import { addressGroup, nameSource, readCondition, toRe2 } from './swatch-regex.ts';
import { ruleFile, type SwatchNote, type Translated } from './swatch-rule-file.ts';

export interface SwatchImport {
  /** A rule file. */
  readonly yaml: string;
  readonly notes: readonly SwatchNote[];
  readonly patterns: number;
}

interface Block {
  readonly line: number;
  readonly kind: 'watchfor' | 'ignore';
  readonly condition: string;
  readonly actions: Action[];
}

const MAX_BLOCKS = 1_000;
const MAX_REGEX = 2_048;
/** What a pattern names that is about lines of a format with a parser of its own, what those are, and a shipped rule for them. */
const BUILT_IN: readonly (readonly [mark: RegExp, lines: string, rule: string])[] = [
  [/IPACCESSLOG|IPV6_ACL/, 'Cisco access list lines', 'rules/classic-probe.yaml'],
  [/%(?:ASA|PIX|FTD)-/, 'firewall lines of Cisco', 'rules/classic-probe.yaml'],
  [/\b(?:SRC|DST|SPT|DPT)=/, 'iptables and nftables lines', 'rules/classic-probe.yaml'],
  [/\bfilterlog\b/, 'filterlog lines', 'rules/classic-probe.yaml'],
  [
    /Failed (?:password|publickey)|sshd.*(?:[Ff]ail|[Ii]nvalid user)/,
    'failed logins of sshd',
    'rules/logins.yaml',
  ],
  [/refused connect from/, 'lines of TCP Wrappers', 'rules/classic-probe.yaml'],
];
/** Room for naming a group. */
const NAME_LENGTH = '?P<source>'.length;

/**
 * Translates the configuration of swatch 3 and swatchdog to a rule file: a pattern and a rule for each `watchfor`, and for
 * each `ignore` a pattern that no rule watches, since the first that matches is taken. Pure; never throws for what it reads.
 */
export function importSwatch(text: string, name: string): SwatchImport {
  const notes: SwatchNote[] = [];
  const note: Note = (line, message) => notes.push({ line, message });
  const blocks = readBlocks(text, note);
  const translated = blocks.slice(0, MAX_BLOCKS).flatMap((block) => translate(block, note) ?? []);
  if (blocks.length > MAX_BLOCKS)
    note(blocks[MAX_BLOCKS]!.line, `more than ${MAX_BLOCKS} patterns: the rest is left out`);
  notes.sort((a, b) => a.line - b.line);
  return { yaml: ruleFile(translated, notes, name), notes, patterns: translated.length };
}

/** Lines joined at backslashes, comments left out, actions under what they belong to. */
function readBlocks(text: string, note: Note): Block[] {
  const blocks: Block[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    let joined = lines[i]!;
    while (joined.endsWith('\\') && i + 1 < lines.length)
      joined = joined.slice(0, -1) + lines[++i]!.trimStart();
    const statement = joined.trim();
    if (statement === '' || statement.startsWith('#')) continue;
    const match = /^([A-Za-z]+)(?:\s*=\s*|\s+|$)(.*)$/s.exec(statement);
    if (match === null) {
      note(
        line,
        statement.startsWith('/')
          ? 'a line of the old format (pattern, action, time) is not translated: swatch -O'
          : 'not understood',
      );
      continue;
    }
    const keyword = match[1]!.toLowerCase();
    const value = match[2]!.trim();
    if (keyword === 'watchfor' || keyword === 'waitfor' || keyword === 'ignore') {
      blocks.push({
        line,
        kind: keyword === 'ignore' ? 'ignore' : 'watchfor',
        condition: value,
        actions: [],
      });
    } else if (keyword === 'perlcode') note(line, 'perlcode is not translated: rules hold no programs');
    else if (blocks.length === 0) note(line, `\`${keyword}\` belongs to no watchfor`);
    else blocks[blocks.length - 1]!.actions.push({ line, name: keyword, value });
  }
  return blocks;
}

function translate(block: Block, note: Note): Translated | undefined {
  const { actions, line } = block;
  const condition = readCondition(block.condition);
  if (!condition.ok) {
    note(line, `not translated: ${condition.because}`);
    return undefined;
  }
  const parts: string[] = [];
  for (const perl of condition.regexes) {
    const result = toRe2(perl);
    if ('because' in result) {
      note(line, `not translated: ${result.because}`);
      return undefined;
    }
    parts.push(result.regex);
  }
  const plain = parts.length === 1 ? parts[0]! : parts.map((part) => `(?:${part})`).join('|');
  if (!isUsable(plain, line, note)) return undefined;
  const isIgnored = block.kind === 'ignore';
  const builtIn = !isIgnored && BUILT_IN.find(([mark]) => mark.test(plain));
  if (builtIn)
    note(
      line,
      `${builtIn[1]} are read by a built-in parser, which comes first, so this pattern never sees them: watch hosts and ports instead, as ${builtIn[2]} does`,
    );
  const threshold = actions.find(({ name }) => name === 'threshold');
  const regex = isIgnored ? plain : withSource(plain, threshold, line, note);
  if (isIgnored)
    note(
      line,
      'ignored lines become a pattern that nothing watches; lines a built-in parser reads are not affected',
    );
  const told = isIgnored ? { detect: '', channels: [] } : translateActions(actions, line, note);
  const kind = /log[ _-]?[io]n|passw|auth|user/i.test(plain) ? 'login' : 'request';
  return { id: `${isIgnored ? 'ignore' : 'swatch'}-${line}`, line, regex, isIgnored, kind, ...told };
}

/** swatch does not know what a source is: the group that `threshold` tracks by, else one that holds an address. */
function withSource(regex: string, threshold: Action | undefined, line: number, note: Note): string {
  if (/\(\?P?<source>/.test(regex)) return regex;
  const tracked = /\btrack_by\s*=\s*"?\$(\d)"?\s*(?:,|$)/.exec(threshold?.value ?? '')?.[1];
  const group = tracked === undefined ? addressGroup(regex) : Number(tracked);
  const named = group === undefined ? undefined : nameSource(regex, group);
  if (named === undefined) {
    note(
      line,
      'names no source: write (?P<source>...) around what holds the address, or only lines of senders known by an address count',
    );
    return regex;
  }
  if (tracked !== undefined)
    note(
      threshold!.line,
      `group ${tracked} is taken for the source, because threshold tracks by it: see whether it holds an address`,
    );
  return named;
}

function isUsable(regex: string, line: number, note: Note): boolean {
  const result = compileLinear(regex);
  if (!result.ok) note(line, `not translated: ${result.message}: \`${result.part}\``);
  else if (result.regex.find('') !== undefined) note(line, 'not translated: this matches every line');
  else if (regex.length > MAX_REGEX - NAME_LENGTH)
    note(line, `not translated: longer than ${MAX_REGEX} characters`);
  else if (/[\x00-\x08\x0b-\x1f\x7f]/.test(regex))
    note(line, 'not translated: a control character in the expression');
  else return true;
  return false;
}
