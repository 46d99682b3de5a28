import { quoted, type Translated } from './swatch-rule-file.ts';

/** A line of a swatchrc below a `watchfor`: `mail addresses=...`. */
export interface Action {
  readonly line: number;
  readonly name: string;
  readonly value: string;
}

/** Hears of what is left out, with its 1-based line. */
export type Note = (line: number, message: string) => void;

/** What the actions of a `watchfor` become: when to tell, whom, and how soon again. What has no counterpart is noted. */
export function translateActions(
  actions: readonly Action[],
  line: number,
  note: Note,
): Pick<Translated, 'detect' | 'channels' | 'quiet'> {
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
  if (
    !Number.isInteger(count) ||
    !Number.isInteger(seconds) ||
    count < 1 ||
    count > 10_000 ||
    seconds < 1 ||
    seconds > 31 * 86_400
  ) {
    note(line, 'threshold without a count and seconds that can be used is left out');
    return undefined;
  }
  if (type === 'limit') {
    note(
      line,
      `threshold type=limit becomes one alert at the first line: what follows belongs to the same incident`,
    );
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
  if (options.length > 0)
    note(line, 'use= of throttle is left out: an incident is one source under one rule');
  return span(seconds);
}

function span(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function mailChannel(value: string, line: number, note: Note): string {
  if (/\bsubject\s*=/.test(value))
    note(line, 'the subject of the mail is left out: subjects say what was seen');
  const addresses = /(?:^|\baddress(?:es)?\s*=\s*)"?([^\s",=]+@[^\s",=]*)/.exec(value)?.[1] ?? '';
  const to = addresses
    .replaceAll('\\@', '@')
    .split(':')
    .filter((address) => /^[^\s@]+@[^\s@]+$/.test(address));
  if (to.length === 0) note(line, 'mail without a whole address: write one into knockwatch.yaml');
  return `- { kind: email, via: "smtp://mail.example.net:587", to: [${to.map(quoted).join(', ') || 'somebody@example.net'}] }`;
}

/** Commands were read by a shell, with parts of the line in them; a channel of kind exec knows neither. */
function execChannel(name: string, value: string, line: number, note: Note): string[] {
  const command = value.replace(/^"(.*)"$/s, '$1');
  if (!/^\/[\w./=:@%+,-]*(?: +[\w./=:@%+,-]+)*$/.test(command)) {
    note(
      line,
      `${name} is not translated: it needs a shell, a program by its absolute path does not. The alert comes as JSON on standard input`,
    );
    return [];
  }
  note(
    line,
    `${name} becomes a channel of kind exec in knockwatch.yaml (a comment says which): it runs once an alert, not once a line`,
  );
  return [`- { kind: exec, command: [${command.split(/ +/).map(quoted).join(', ')}] }`];
}
