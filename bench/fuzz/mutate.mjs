import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Lines are strings of octets here (latin1), so that an edit can land inside a UTF-8 sequence.
 */

/** Every line of every fixture: the annotated samples and the scenarios' logs. */
export function fixtureLines(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.log'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'latin1').split('\n'))
    .filter((line) => line !== '' && !line.startsWith('# ') && line !== '#');
}

/** What parsers look for, what they must not believe, and what makes careless code slow or wrong. */
const TOKENS = [
  ...[
    'IN=',
    'OUT=',
    'SRC=',
    'DST=',
    'SPT=',
    'DPT=',
    'PROTO=TCP ',
    '[SRC=198.51.100.66 DST=198.51.100.67 ',
    ']',
    '[',
  ],
  ...[
    ' from 198.51.100.66 port 22',
    ' user IP = 198.51.100.66',
    '] [Source: 198.51.100.66]',
    ' (198.51.100.66)',
  ],
  ...[
    '%SEC-6-IPACCESSLOGP: ',
    '%ASA-4-106023: ',
    'filterlog: ',
    'rule 5/0(match): block in on em0: ',
    'kernel: ',
  ],
  ...[
    '<13>',
    '<192>',
    '<>',
    '<165>1 - - - - - - ',
    'last message repeated 42 times',
    '1 2026-11-23T03:00:00Z ',
  ],
  ...[
    '0',
    '65535',
    '65536',
    '99999999999',
    '-1',
    '0x8f',
    '1e3',
    '143abc',
    '010.0.0.1',
    '256.1.1.1',
    '2130706433',
  ],
  ...['::ffff:192.0.2.10', '2001:db8::1', 'fe80::1%eth0', '1.2.3.4.5', '::', '1::2::3'],
  ...[
    '\0',
    '\r',
    '\n',
    '\x1b[2J',
    '\x7f',
    '\xff\xfe',
    '\xc0\xaf',
    '\xed\xa0\x80',
    '\xe2\x80\xae',
    '\xe2\x80\xa8',
    '\xef\xbb\xbf',
  ],
  ...[
    '__proto__=1 ',
    'constructor',
    '$' + '{jndi:ldap://x}',
    '{{7*7}}',
    '%s%n',
    '$(id)',
    '"',
    "'",
    '\\',
    ',',
    '=',
    ' ',
    '(',
    ')',
  ],
  ...['Feb 30 ', 'Dec 31 23:59:60 ', '*Mar  1 00:00:12.345: ', '1970-01-01T00:00:00Z ', 'Nov 31 24:00:00 '],
];
const LONGEST = 64 * 1024;

const EDITS = [
  (line, random) => line.slice(0, random.below(line.length + 1)),
  (line, random) => line.slice(random.below(line.length + 1)),
  (line, random) => {
    const at = random.below(line.length + 1);
    return line.slice(0, at) + line.slice(at + random.below(20));
  },
  (line, random, lines) => {
    const other = random.pick(lines);
    return line.slice(0, random.below(line.length + 1)) + other.slice(random.below(other.length + 1));
  },
  (line, random) => {
    const at = random.below(line.length + 1);
    return line.slice(0, at) + line.slice(random.below(at + 1));
  },
  (line, random) => {
    const at = random.below(line.length + 1);
    return line.slice(0, at) + random.pick(TOKENS) + line.slice(at);
  },
  (line, random) => flip(line, random),
  (line, random) => {
    const at = random.below(line.length + 1);
    return line.slice(0, at) + String.fromCharCode(random.below(256)) + line.slice(at + 1);
  },
  (line, random) => {
    // One number in the line becomes another.
    const numbers = [...line.matchAll(/\d+/g)];
    if (numbers.length === 0) return line;
    const { 0: old, index } = random.pick(numbers);
    return line.slice(0, index) + random.pick(TOKENS) + line.slice(index + old.length);
  },
  (line, random) => {
    // Two words change places.
    const words = line.split(' ');
    const [a, b] = [random.below(words.length), random.below(words.length)];
    [words[a], words[b]] = [words[b], words[a]];
    return words.join(' ');
  },
];

function flip(line, random) {
  if (line === '') return line;
  const at = random.below(line.length);
  return (
    line.slice(0, at) + String.fromCharCode(line.charCodeAt(at) ^ (1 << random.below(8))) + line.slice(at + 1)
  );
}

/** A piece of the line or a token, over and over, up to the longest line there is. */
function stretch(line, random) {
  const at = random.below(line.length + 1);
  const unit = random.below(2) === 0 ? random.pick(TOKENS) : line.slice(at, at + 1 + random.below(12)) || ' ';
  const count = 1 + random.below(LONGEST / unit.length);
  return (line.slice(0, at) + unit.repeat(count) + line.slice(at)).slice(0, LONGEST);
}

/** One of `lines` with one to four edits; one in 2,000 grows up to 64 KiB. */
export function mutate(random, lines) {
  let line = random.pick(lines);
  for (let edits = 1 + random.below(4); edits > 0; edits--) line = random.pick(EDITS)(line, random, lines);
  return random.below(2_000) === 0 ? stretch(line, random) : line;
}

/** Text for a place that a stranger writes: other lines whole, pieces of them, and tokens. */
export function hostileText(random, lines) {
  let text = '';
  for (let parts = 1 + random.below(4); parts > 0; parts--) {
    const line = random.pick(lines);
    const at = random.below(line.length);
    text += random.pick([random.pick(TOKENS), line, line.slice(at), line.slice(at, at + random.below(80))]);
  }
  return text.slice(0, 1_000);
}
