import { compileLinear } from '../lib/linear-regex.ts';
import { addressGroup, nameSource, readCondition, toRe2 } from './swatch-regex.ts';

/** Something the translation could not take over, or that somebody should look at. */
export interface SwatchNote {
  /** 1-based line of the swatchrc. */
  readonly line: number;
  readonly message: string;
}

export interface SwatchImport {
  /** A rule file. */
  readonly yaml: string;
  readonly notes: readonly SwatchNote[];
  readonly patterns: number;
}

interface Action {
  readonly line: number;
  readonly name: string;
  readonly value: string;
}

interface Block {
  readonly line: number;
  readonly kind: 'watchfor' | 'ignore';
  readonly condition: string;
  readonly actions: Action[];
}

type Note = (line: number, message: string) => void;

const MAX_BLOCKS = 1_000;
const MAX_REGEX = 2_048;
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
  if (blocks.length > MAX_BLOCKS) note(blocks[MAX_BLOCKS]!.line, `more than ${MAX_BLOCKS} patterns: the rest is left out`);
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
    while (joined.endsWith('\\') && i + 1 < lines.length) joined = joined.slice(0, -1) + lines[++i]!.trimStart();
    const statement = joined.trim();
    if (statement === '' || statement.startsWith('#')) continue;
    const match = /^([A-Za-z]+)(?:\s*=\s*|\s+|$)(.*)$/s.exec(statement);
    if (match === null) {
      note(line, statement.startsWith('/') ? 'a line of the old format (pattern, action, time) is not translated: swatch -O' : 'not understood');
      continue;
    }
    const keyword = match[1]!.toLowerCase();
    const value = match[2]!.trim();
    if (keyword === 'watchfor' || keyword === 'waitfor' || keyword === 'ignore') {
      blocks.push({ line, kind: keyword === 'ignore' ? 'ignore' : 'watchfor', condition: value, actions: [] });
    } else if (keyword === 'perlcode') note(line, 'perlcode is not translated: rules hold no programs');
    else if (blocks.length === 0) note(line, `\`${keyword}\` belongs to no watchfor`);
    else blocks[blocks.length - 1]!.actions.push({ line, name: keyword, value });
  }
  return blocks;
}

interface Translated {
  readonly id: string;
  readonly line: number;
  readonly regex: string;
  readonly isIgnored: boolean;
  readonly kind: 'login' | 'request';
  readonly detect: string;
  readonly quiet?: string;
  /** What to write into knockwatch.yaml. */
  readonly channels: readonly string[];
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
  const threshold = actions.find(({ name }) => name === 'threshold');
  const regex = isIgnored ? plain : withSource(plain, threshold, line, note);
  if (isIgnored) note(line, 'ignored lines become a pattern that nothing watches; lines a built-in parser reads are not affected');
  const told = isIgnored ? { detect: '', channels: [] } : translateActions(block, note);
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
    note(line, 'names no source: write (?P<source>...) around what holds the address, or only lines of senders known by an address count');
    return regex;
  }
  if (tracked !== undefined) note(threshold!.line, `group ${tracked} is taken for the source, because threshold tracks by it: see whether it holds an address`);
  return named;
}

function isUsable(regex: string, line: number, note: Note): boolean {
  const result = compileLinear(regex);
  if (!result.ok) note(line, `not translated: ${result.message}: \`${result.part}\``);
  else if (result.regex.find('') !== undefined) note(line, 'not translated: this matches every line');
  else if (regex.length > MAX_REGEX - NAME_LENGTH) note(line, `not translated: longer than ${MAX_REGEX} characters`);
  else if (/[\x00-\x08\x0b-\x1f\x7f]/.test(regex)) note(line, 'not translated: a control character in the expression');
  else return true;
  return false;
}

function translateActions({ actions, line }: Block, note: Note): Pick<Translated, 'detect' | 'channels' | 'quiet'> {
  let detect = '{ any: {} }';
  let quiet: string | undefined;
  const channels: string[] = [];
  for (const { line: at, name, value } of actions) {
    switch (name) {
      case 'threshold':
        detect = thresholdOf(value, at, note) ?? detect;
        break;
      case 'throttle':
        quiet = throttleOf(value, at, note);
        break;
      case 'mail':
        channels.push(mailChannel(value, at, note));
        break;
      case 'exec':
      case 'pipe':
        channels.push(...execChannel(name, value, at, note));
        break;
      case 'echo':
        channels.push('- { kind: stdout }');
        break;
      case 'bell':
        note(at, 'bell is left out: there is no terminal to ring');
        break;
      case 'quit':
        break;
      case 'continue':
        note(at, 'continue is left out: the first pattern that matches takes the line');
        break;
      default:
        note(at, `${name} is not translated`);
    }
    if (/(?:^|,)\s*when\s*=/.test(value)) note(at, 'when= is left out: rules hold at all hours');
  }
  if (actions.length === 0) note(line, 'has no action; the rule tells every channel');
  return { detect, channels, ...(quiet === undefined ? {} : { quiet }) };
}

/** `track_by=$1,type=both,count=3,seconds=60` (Swatchdog::Threshold). */
function thresholdOf(value: string, line: number, note: Note): string | undefined {
  const of = (name: string) => new RegExp(`\\b${name}\\s*=\\s*"?([^",\\s]+)`).exec(value)?.[1];
  const count = Number(of('count'));
  const seconds = Number(of('seconds'));
  const type = of('type') ?? 'limit';
  if (!Number.isInteger(count) || !Number.isInteger(seconds) || count < 1 || count > 10_000 || seconds < 1 || seconds > 31 * 86_400) {
    note(line, 'threshold without a count and seconds that can be used is left out');
    return undefined;
  }
  if (type === 'limit') {
    note(line, `threshold type=limit becomes one alert at the first line: what follows belongs to the same incident`);
    return undefined;
  }
  if (count === 1) return undefined;
  return `{ repeat: { count: ${count}, within: ${span(seconds)} } }`;
}

/** `H:M:S`, `M:S` or seconds, and maybe `,use=...`. */
function throttleOf(value: string, line: number, note: Note): string | undefined {
  const [time = '', ...options] = value.split(',');
  const numbers = time.split(':').map(Number);
  const seconds = numbers.reduce((sum, number) => sum * 60 + number, 0);
  if (!/^\d{1,4}(?::\d{1,4}){0,2}$/.test(time.trim()) || seconds < 1 || seconds > 31 * 86_400) {
    note(line, 'throttle without a time that can be used is left out');
    return undefined;
  }
  if (options.length > 0) note(line, 'use= of throttle is left out: an incident is one source under one rule');
  return span(seconds);
}

function span(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function mailChannel(value: string, line: number, note: Note): string {
  if (/\bsubject\s*=/.test(value)) note(line, 'the subject of the mail is left out: subjects say what was seen');
  const addresses = /(?:^|\baddress(?:es)?\s*=\s*)"?([^\s",=]+@[^\s",=]*)/.exec(value)?.[1] ?? '';
  const to = addresses.replaceAll('\\@', '@').split(':').filter((address) => /^[^\s@]+@[^\s@]+$/.test(address));
  if (to.length === 0) note(line, 'mail without a whole address: write one into knockwatch.yaml');
  return `- { kind: email, via: "smtp://mail.example.net:587", to: [${to.map(quoted).join(', ') || 'somebody@example.net'}] }`;
}

/** Commands were read by a shell, with parts of the line in them; a channel of kind exec knows neither. */
function execChannel(name: string, value: string, line: number, note: Note): string[] {
  const command = value.replace(/^"(.*)"$/s, '$1');
  if (!/^\/[\w./=:@%+,-]*(?: +[\w./=:@%+,-]+)*$/.test(command)) {
    note(line, `${name} is not translated: it needs a shell, a program by its absolute path does not. The alert comes as JSON on standard input`);
    return [];
  }
  note(line, `${name} becomes a channel of kind exec in knockwatch.yaml (a comment says which): it runs once an alert, not once a line`);
  return [`- { kind: exec, command: [${command.split(/ +/).map(quoted).join(', ')}] }`];
}

function ruleFile(translated: readonly Translated[], notes: readonly SwatchNote[], name: string): string {
  const watched = translated.filter(({ isIgnored }) => !isIgnored);
  const channels = new Set(watched.flatMap((one) => one.channels));
  return [
    '# yaml-language-server: $schema=./knockwatch.schema.json',
    '#',
    `# Translated from ${comment(name)} by knockwatch import swatch. The number in an id is the line it comes from.`,
    '# Lines that knockwatch reads by itself (firewalls, sshd, TCP Wrappers ...) need no pattern: look through rules/ first.',
    ...(notes.length === 0 ? [] : ['#', '# To look at:']),
    ...notes.map(({ line, message }) => `#   line ${line}: ${comment(message)}`),
    ...(channels.size === 0 ? [] : ['#', '# For knockwatch.yaml:', '#', '#   channels:']),
    ...[...channels].map((channel) => `#     ${comment(channel)}`),
    '',
    translated.length === 0 ? 'patterns: []' : 'patterns:',
    ...translated.flatMap(patternLines),
    '',
    watched.length === 0 ? 'rules: []' : 'rules:',
    ...watched.flatMap(ruleLines),
    '',
  ].join('\n');
}

function patternLines({ id, isIgnored, kind, regex }: Translated): string[] {
  const action = isIgnored ? 'unknown                              # nothing watches it: ignored' : 'failed';
  return [`  - id: ${id}`, `    regex: ${quoted(regex)}`, `    kind: ${kind}`, `    action: ${action}`];
}

function ruleLines({ detect, id, line, quiet }: Translated): string[] {
  return [
    `  - id: ${id}`,
    `    title: Line ${line} of the swatchrc`,
    `    watch: { hosts: any, ports: any, patterns: [${id}] }`,
    `    detect: ${detect}`,
    ...(quiet === undefined ? [] : [`    quiet: ${quiet}`]),
  ];
}

/** A YAML scalar in single quotes, in which nothing but they themselves has a meaning. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Text that stays in its comment. */
function comment(text: string): string {
  return text.replace(/[\x00-\x1f\x7f\x85\u2028\u2029\ufeff]/g, ' ').slice(0, 500);
}
